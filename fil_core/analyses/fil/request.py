"""Fisher information loss of every training example: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.specs import ModelRequest
from fil_core.specs.options import attributes, number, option, switch, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakageRequest(ModelRequest):
    """A request about Fisher information loss, and the measures beside it, of some or all training examples.

    Attributes:
        attribute: names of attribute groups or columns, or column numbers, that an attacker is after; empty = all
            features and the label.
        simplex: the attribute is one-hot with all its levels, so only directions that sum to zero count.
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        prior_std: standard deviation per feature of an attacker's Gaussian prior; None takes the training rows' own.
    """

    attribute: tuple[str, ...] = option(
        (), attributes(), "only what an attacker of these attributes (names or column numbers) learns", link="attribute"
    )
    simplex: bool = option(
        False, switch(), "the attribute is one-hot with all levels: only directions that sum to zero"
    )
    sigma: float = option(1.0, number(), "standard deviation of the output noise (default 1)")
    prior_std: float | None = option(
        None, number(), "per feature, of an attacker's Gaussian prior (default: the training rows' own)"
    )

    def _check(self) -> None:
        if self.simplex and not self.attribute:
            raise BadRequest("simplex: expected an attribute to constrain; got none.")

    @property
    def at_risk(self) -> tuple[str, ...]:
        """The attribute."""
        return self.attribute

    @property
    def detail(self) -> str:
        """The attribute and the noise."""
        noise = "" if self.sigma == 1 else f"σ = {self.sigma:g}"
        return ", ".join(filter(None, [" and ".join(self.attribute), noise]))


@dataclass(frozen=True, slots=True, kw_only=True)
class FilRequest(LeakageRequest):
    """Fisher information loss, and the measures beside it, of every training example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilRowsRequest(LeakageRequest):
    """Fisher information loss of consecutive training examples: a part of the answer for every one.

    Attributes:
        first, last: positions in the training split, from the first to before the last.
    """

    first: int = option(0, whole(least=0), "position of the first example (default 0)")
    last: int = option(1, whole(), "position after the last example (default 1)")

    def _check(self) -> None:
        LeakageRequest._check(self)
        if self.first >= self.last:
            raise BadRequest(f"last: expected more than first; got {self.first} to {self.last}.")
