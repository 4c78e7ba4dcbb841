"""The same model on raw pixels: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.fit.request import FitRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelFitRequest(FitRequest):
    """The model of the features of a network, trained on the raw pixels of the same rows with the same weights."""
