"""The spec of an ensemble: how many models are trained on random halves of the examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fil_core.specs.options import check_options, choice, option, whole

MOST_MODELS = 10_000
LOSSES = ("cross-entropy", "squared")
SCHEDULES = ("constant", "steps")


def asked_loss() -> Any:
    """The field of the loss that a network is trained on; of a regression it is always squared."""
    said = "of the networks: cross-entropy (default), or squared (always for a regression)"
    return option("cross-entropy", choice(LOSSES), said, link="loss")


def asked_schedule() -> Any:
    """The field of how the step of gradient descent falls."""
    said = "of --lr: constant (default), or steps: a tenth from half of the time on, a hundredth from three quarters"
    return option("constant", choice(SCHEDULES), said, link="schedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleSpec:
    """How many models there are, and who is in which.

    Models 2p and 2p + 1 are a pair: a random half of the examples, and the others. Each has a start and an order of
    mini-batches of its own.

    Attributes:
        models: their number M.
        seed: of the halves, the starts and the orders.
    """

    models: int = option(64, whole(least=2, most=MOST_MODELS), "models, each trained on a random half (default 64)", link="models", always=True)  # noqa: E501 # fmt: skip
    seed: int = option(0, whole(least=0), "seed of halves, starts and orders (default 0)", flag="ensemble-seed", called="ensemble_seed", link="ensemble-seed")  # noqa: E501 # fmt: skip

    def __post_init__(self) -> None:
        check_options(self)
