"""Reconstruction of training examples: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.display.numbers import counted, listed
from fil_core.errors import BadRequest
from fil_core.specs import ModelRequest
from fil_core.specs.options import examples, number, numbers, option, whole
from fil_core.specs.request import MOST_SEED, MOST_SIGMAS, check_draws


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconstructionRequest(ModelRequest):
    """Reconstruction of some training examples from the parameters and all other examples.

    Attributes:
        ids: the examples' rows in the source, at least one.
        sigmas: standard deviations of the output noise, >= 0; empty takes 0 and a grid around what
            moves each example's features.
        trials: releases drawn for each noise > 0.
        seed: of those draws.
        prior_std: of the prior that the bound assumes, per feature; None takes the training rows' own.
    """

    ids: tuple[int, ...] = option((), examples(), "ids of examples, as in every table", link="id", required=True)
    sigmas: tuple[float, ...] = option(
        (),
        numbers(zero=True, most=MOST_SIGMAS),
        "standard deviations of the output noise (default: 0 and a grid around what moves the features)",
    )
    trials: int = option(100, whole(), "number of random releases (default 100)", link="releases-drawn")
    seed: int = option(
        0,
        whole(least=0, most=MOST_SEED),
        "random seed of the releases (default: that of --seed)",
        called="noise_seed",
        link="noise-seed",
        follows="seed",
    )
    prior_std: float | None = option(
        None, number(), "per feature, of the prior that the bound assumes (default: the training rows' own)"
    )

    def _check(self) -> None:
        check_draws("trials", self.trials)
        if not self.ids:
            raise BadRequest("ids: expected at least one training example; got none.")

    @property
    def noise(self) -> str:
        """The releases that are drawn."""
        return f"{counted(self.trials, 'release')}, noise seed {self.seed}"

    @property
    def detail(self) -> str:
        """The examples and the draws."""
        return f"{listed(self.ids)}, {counted(self.trials, 'release')}"
