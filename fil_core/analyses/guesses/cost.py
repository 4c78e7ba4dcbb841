"""What guesses cost."""

from __future__ import annotations

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.guesses.request import GuessesRequest

_FITS = 40.0  # of a search


def cost(request: GuessesRequest, sizes: Sizes) -> Cost:
    """Some fits for each release."""
    p = float(sizes.d + 1)
    return Cost(_FITS * request.trials * (sizes.n * p * p + p**3), request.trials * (3 * p * p + sizes.n))
