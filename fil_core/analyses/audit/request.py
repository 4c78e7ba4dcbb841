"""An audit of a trained model's privacy: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import AuditSpec, ModelRequest
from fil_core.specs.options import number, option, part


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest(ModelRequest):
    """A lower bound on epsilon from canaries that are put in by coins, beside what the output noise promises.

    Attributes:
        audit: canaries, coins and confidence.
        release_sigma: standard deviation of the Gaussian noise that is added to the parameters; None for none.
    """

    audit: AuditSpec = part(AuditSpec)
    release_sigma: float | None = option(
        None, number(), "output noise of the release (default: none, and then nothing is promised)", flag="sigma",
        called="sigma", link="release-noise",
    )  # fmt: skip

    @property
    def noise(self) -> str:
        """The noise of the release."""
        return "no noise" if self.release_sigma is None else f"σ = {self.release_sigma:g}"

    @property
    def detail(self) -> str:
        """The canaries and the runs."""
        return described(self.audit)


def described(audit: AuditSpec) -> str:
    """The canaries and the runs, in a few words."""
    return f"{audit.canaries} canaries ({audit.kind}), {audit.runs} runs"
