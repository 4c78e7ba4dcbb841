"""Iterated reweighting: what is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from fil_core.specs import ModelRequest
from fil_core.specs.weights import Irfil, Weighting


@dataclass(frozen=True, slots=True, kw_only=True)
class IrfilRequest(ModelRequest):
    """Iterated reweighting, round by round, starting from equal weights.

    Attributes:
        model: with equal weights.
        weights: method, rounds, attribute, clamps and stopping rule.
    """

    weights: Irfil = field(default_factory=Irfil)

    starts_equally: ClassVar[bool] = True

    @property
    def weighting(self) -> Weighting:
        """The one that it arrives at."""
        return self.weights

    @property
    def at_risk(self) -> tuple[str, ...]:
        """The attribute whose eta is evened out."""
        return self.weights.attribute

    @property
    def detail(self) -> str:
        """The attribute."""
        return ", ".join(self.weights.attribute)
