"""A release with noise: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.display.numbers import listed, number
from fil_core.errors import BadRequest
from fil_core.specs import ModelRequest
from fil_core.specs.options import examples, one_attribute, option, whole
from fil_core.specs.options import number as a_number
from fil_core.specs.request import MOST_SEED, check_draws


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest(ModelRequest):
    """What a release gives away and what it is worth: a model, however it was trained, with noise on its parameters.

    Every mitigation is another release, so that all of them have the same columns.

    Attributes:
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        attribute: the attribute that is at risk and attacked (white box); empty for the whole example.
        ids: examples that are reconstructed, where no attribute is attacked; empty for none.
        trials: releases drawn for an attack that has no closed form.
        draws: releases drawn for the spread of the test score.
        seed: of both.
    """

    sigma: float = option(1.0, a_number(), "standard deviation of the output noise (default 1)")
    attribute: str = option("", one_attribute(), "the attribute at risk, which is attacked", link="at-risk")
    ids: tuple[int, ...] = option((), examples(), "examples to reconstruct, where no attribute is attacked")
    trials: int = option(20, whole(), "releases drawn for attacks (default 20)")
    draws: int = option(100, whole(), "releases drawn for the test score's spread (default 100)")
    seed: int = option(
        0,
        whole(least=0, most=MOST_SEED),
        "random seed of the releases (default: that of --seed)",
        called="noise_seed",
        follows="seed",
    )

    def _check(self) -> None:
        if self.attribute and self.ids:
            raise BadRequest("ids: expected none beside an attribute, which is attacked for every example.")
        check_draws("trials", self.trials)
        check_draws("draws", self.draws)

    @property
    def at_risk(self) -> tuple[str, ...]:
        """The attribute."""
        return (self.attribute,) if self.attribute else ()

    @property
    def detail(self) -> str:
        """The noise, the attribute and the examples."""
        return ", ".join(filter(None, [f"σ = {number(self.sigma)}", self.attribute, listed(self.ids)]))
