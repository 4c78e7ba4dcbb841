"""What the leakage of every example is due to: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import ModelRequest
from fil_core.specs.options import option, switch

SINGLE_RESIDUAL = ("least-squares", "logistic")  # models whose eta has these parts


@dataclass(frozen=True, slots=True, kw_only=True)
class EtaPartsRequest(ModelRequest):
    """What the leakage of every example is due to: its residual, its leverage, or both together.

    Attributes:
        lood: whether the leave-one-out distinguishability of each example at itself is told beside it, of a Gaussian
            process with the linear kernel.
    """

    lood: bool = option(False, switch(), "leave-one-out distinguishability with the linear kernel, too", flag="with-lood", link="with-lood")  # noqa: E501 # fmt: skip
