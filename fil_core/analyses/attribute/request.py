"""Attribute inference: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.attacks.attackers import ATTACKERS
from fil_core.display.numbers import counted
from fil_core.errors import BadRequest
from fil_core.specs import ModelRequest
from fil_core.specs.options import names, numbers, one_attribute, option, switch, whole
from fil_core.specs.request import MOST_SEED, MOST_SIGMAS, check_draws


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRequest(ModelRequest):
    """Attribute inference against every training example.

    Attributes:
        attribute: name of an attribute group or column, or a column number.
        bins: for a continuous column, the number of quantile bins that take the place of its values.
        attackers: some of `ATTACKERS`.
        sigmas: standard deviations of the output noise, >= 0; empty takes 0 and a grid around the attribute's mean eta.
        trials: releases drawn where there is no closed form.
        seed: of those draws.
        intercept: whether the ideal attacker has one.
    """

    attribute: str = option("", one_attribute(), "a categorical attribute of a table", link="attacked", required=True)
    bins: int | None = option(None, whole(), "quantile bins for a continuous attribute", link="bins")
    attackers: tuple[str, ...] = option(
        ATTACKERS, names(ATTACKERS), f"some of {', '.join(ATTACKERS)}", link="attackers"
    )
    sigmas: tuple[float, ...] = option(
        (),
        numbers(zero=True, most=MOST_SIGMAS),
        "standard deviations of the output noise (default: 0 and a grid around eta)",
    )
    trials: int = option(100, whole(), "number of random releases (default 100)", link="trials")
    seed: int = option(
        0,
        whole(least=0, most=MOST_SEED),
        "random seed of the releases (default: that of --seed)",
        called="noise_seed",
        link="noise-seed",
        follows="seed",
    )
    intercept: bool = option(
        False, switch(), "the ideal attacker has an intercept", flag="ideal-intercept", link="ideal-intercept"
    )

    def _check(self) -> None:
        check_draws("trials", self.trials)
        if not self.attribute:
            raise BadRequest(f"attribute: expected the name of one attribute; got {self.attribute!r}.")
        if not self.attackers:
            raise BadRequest(f"attackers: expected some of {', '.join(ATTACKERS)}, each once.")

    @property
    def at_risk(self) -> tuple[str, ...]:
        """The attribute."""
        return (self.attribute,)

    @property
    def noise(self) -> str:
        """The releases that are drawn."""
        return f"{counted(self.trials, 'release')}, noise seed {self.seed}"

    @property
    def detail(self) -> str:
        """The attribute and the draws."""
        return f"{self.attribute}, {counted(self.trials, 'release')}"
