"""An audit before and after each mitigation: what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fil_core.analyses.audit.request import described
from fil_core.specs import AuditSpec, ModelRequest
from fil_core.specs.options import number, option, part


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditsRequest(ModelRequest):
    """An audit of the release as it is and after each mitigation: reweighting, more noise, a larger penalty, dropping.

    Attributes:
        model: with equal weights.
        audit: canaries, coins and confidence, the same for all.
        release_sigma: noise of the release as it is; None takes one at which attacks are neither sure nor lost.
    """

    audit: AuditSpec = part(AuditSpec)
    release_sigma: float | None = option(
        None, number(), "output noise (default: attacks neither certain nor lost)", flag="sigma", called="sigma",
        link="release-noise",
    )  # fmt: skip

    starts_equally: ClassVar[bool] = True

    @property
    def noise(self) -> str:
        """That of the release as it is."""
        return "around η" if self.release_sigma is None else f"σ = {self.release_sigma:g}"

    @property
    def detail(self) -> str:
        """The canaries and the runs."""
        return described(self.audit)
