"""Leakage of pictures through a frozen network: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.pixel_fit.request import PixelFitRequest
from fil_core.specs import ModelRequest
from fil_core.specs.options import number, option


@dataclass(frozen=True, slots=True, kw_only=True)
class PullbackRequest(ModelRequest):
    """Fisher information loss of every training picture in its pixels, through the network that makes the features.

    Attributes:
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
    """

    sigma: float = option(1.0, number(), "standard deviation of the output noise (default 1)")

    @property
    def detail(self) -> str:
        """The noise."""
        return "" if self.sigma == 1 else f"σ = {self.sigma:g}"


def pixel_fit(request: ModelRequest) -> PixelFitRequest:
    """The same model on raw pixels, which a request compares with."""
    return PixelFitRequest(data=request.data, model=request.model, device=request.device)


def parts(request: ModelRequest, dataset: object, answers: object) -> tuple[PixelFitRequest, ...]:
    """The same model on raw pixels.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return (pixel_fit(request),)
