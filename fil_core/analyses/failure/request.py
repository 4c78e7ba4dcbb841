"""A failure mode: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.learn.failures import BY_NAME, FAILURES
from fil_core.learn.mode import Mode
from fil_core.specs import Request
from fil_core.specs.options import choice, number, option

_MODES = tuple(BY_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRequest(Request):
    """Eta as it should be beside eta after one mistake or change.

    Attributes:
        mode: which one.
        strength: how strong, in the mode's own unit and range; None for its default.
    """

    mode: str = option(
        FAILURES[0].name, choice(_MODES), f"which failure (default {_MODES[0]})", link="failure", always=True
    )
    strength: float | None = option(
        None, number(zero=True), "how strong it is, in the mode's own unit (default: where it is seen)", link="strength"
    )

    def _check(self) -> None:
        strength = self.failure.strength
        if self.strength is None:
            object.__setattr__(self, "strength", strength.default)  # one spelling of the default
        value = self.amount
        if not strength.takes(value):
            kind = "a whole number" if strength.whole else "a number"
            raise BadRequest(
                f"strength: expected {kind} from {strength.least:g} to {strength.most:g} for {self.mode} "
                f"({strength.label}); got {value:g}."
            )

    @property
    def failure(self) -> Mode:
        """The mode's entry."""
        return BY_NAME[self.mode]

    @property
    def amount(self) -> float:
        """`strength` as a plain float (it is never None once the request exists)."""
        return float(self.strength or 0.0)

    @property
    def detail(self) -> str:
        """The mode and how strong it is."""
        return f"{self.mode}, {self.amount:g}"
