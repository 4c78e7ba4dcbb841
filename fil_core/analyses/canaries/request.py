"""Exposure of planted secrets: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import NetworkRequest
from fil_core.specs.options import option, whole

_MOST = 100_000  # candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class CanariesRequest(NetworkRequest):
    """How far a language model gives away the secrets that were planted in its training text.

    Attributes:
        candidates: R, number of made-up secrets of the same form that each is ranked among.
        candidate_seed: seed of their draw.
    """

    candidates: int = option(999, whole(most=_MOST), "made-up secrets that each is ranked among (default 999)", link="candidates")  # noqa: E501 # fmt: skip
    candidate_seed: int = option(0, whole(least=0), "seed of their draw (default 0)", link="candidate-seed")

    @property
    def detail(self) -> str:
        """The number of candidates."""
        return f"among {self.candidates:,} candidates"
