"""The trained model itself: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import ModelRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest(ModelRequest):
    """The trained model itself, with its curvature factorised; what every other analysis of a model starts from."""

    @property
    def noise(self) -> str:
        """A model has none before it is released."""
        return ""
