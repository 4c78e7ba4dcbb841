"""Guesses of one example by informed attackers: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import ModelRequest
from fil_core.specs.options import example, number, option, whole
from fil_core.specs.request import MOST_SEED

LEAST_TRIALS, MOST_TRIALS = 10, 2000  # fewer tell no scatter


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessesRequest(ModelRequest):
    """What attackers who know all training examples but one guess of that one from noisy parameters.

    Attributes:
        example: which one.
        sigma: standard deviation of the output noise, in units of theta.
        trials: number of releases, with one guess each.
        noise_seed: seed of their noise.
    """

    example: int = option(0, example(), "the example that is guessed", link="toy-point", required=True)
    sigma: float = option(0.1, number(), "standard deviation of the output noise (default 0.1)", link="guess-sigma")
    trials: int = option(
        200, whole(least=LEAST_TRIALS, most=MOST_TRIALS), "number of releases (default 200)", link="guesses"
    )
    noise_seed: int = option(0, whole(least=0, most=MOST_SEED), "seed of the noise (default 0)", link="guess-seed")

    @property
    def detail(self) -> str:
        """The example."""
        return f"of example {self.example}"
