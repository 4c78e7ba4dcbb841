"""All mitigations side by side: what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fil_core.specs import ModelRequest
from fil_core.specs.options import names, number, numbers, one_attribute, option, whole, wholes
from fil_core.specs.request import MOST_SEED, check_draws
from fil_core.specs.weights import DEFAULT_ITERATIONS, METHODS, Irfil

EXAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MitigateRequest(ModelRequest):
    """Every mitigation as a release of the same data: reweighting, more noise, a larger penalty, examples left out.

    Attributes:
        model: with equal weights.
        release_sigma: noise of the release as it is; None takes one at which attacks are neither sure nor lost.
        attribute: the attribute at risk, which is attacked; empty for the whole example.
        examples: how many are reconstructed where no attribute is named.
        methods: of reweighting; None takes all that apply.
        iterations, min_weight, max_weight: of reweighting, as in `Irfil`.
        target_eta: largest eta that more noise is to bring about; None takes what the first reweighting reaches.
        sigmas: other noises; None takes 3 and 10 times the noise.
        l2s: other penalties; None takes 10 and 100 times the model's own.
        drop: numbers of the leakiest examples to leave out; None takes 1, 5 and 10 %.
        trials: releases drawn for attacks.
        draws: releases drawn for the test score's spread.
        seed: of both.
    """

    release_sigma: float | None = option(
        None,
        number(),
        "output noise (default: attacks neither certain nor lost)",
        flag="sigma",
        called="sigma",
    )
    attribute: str = option("", one_attribute(), "the attribute at risk, which is attacked", link="at-risk")
    examples: int = option(
        EXAMPLES,
        whole(least=0),
        f"reconstructed where no attribute is named (default {EXAMPLES}, 0 for none)",
    )
    methods: tuple[str, ...] | None = option(
        None, names(METHODS), f"ways of reweighting: some of {', '.join(METHODS)}, or none (default: all that apply)"
    )
    iterations: int = option(DEFAULT_ITERATIONS, whole(), f"most rounds of reweighting (default {DEFAULT_ITERATIONS})")
    min_weight: float | None = option(
        None, number(zero=True), "clamp weights of examples to at least this, then scale to mean 1"
    )
    max_weight: float | None = option(None, number(), "clamp weights to at most this, likewise")
    target_eta: tuple[float, ...] | None = option(
        None,
        numbers(),
        "noise that brings the largest eta down to these (default: what reweighting reaches)",
    )
    sigmas: tuple[float, ...] | None = option(None, numbers(), "other noises, or none (default 3 and 10 times sigma)")
    l2s: tuple[float, ...] | None = option(
        None,
        numbers(zero=True),
        "other penalties, or none (default 10 and 100 × l2; 0.001, 0.01, 0.1 where l2 is 0)",
    )
    drop: tuple[int, ...] | None = option(
        None,
        wholes(least=1),
        "numbers of the leakiest to leave out, or none (default 1, 5, 10 percent)",
    )
    trials: int = option(20, whole(), "releases drawn for attacks (default 20)")
    draws: int = option(100, whole(), "releases drawn for the test score's spread (default 100)")
    seed: int = option(
        0,
        whole(least=0, most=MOST_SEED),
        "random seed of the releases (default: that of --seed)",
        called="noise_seed",
        follows="seed",
    )

    starts_equally: ClassVar[bool] = True

    def _check(self) -> None:
        check_draws("trials", self.trials)
        check_draws("draws", self.draws)
        self.reweighting("sample")

    def reweighting(self, method: str) -> Irfil:
        """One way of reweighting, with what was chosen for all of them."""
        return Irfil(
            method=method,  # type: ignore[arg-type]  # checked there
            iterations=self.iterations,
            attribute=self.at_risk,
            min_weight=self.min_weight,
            max_weight=self.max_weight,
        )

    @property
    def noise(self) -> str:
        """That of the release as it is."""
        return "around η" if self.release_sigma is None else f"σ = {self.release_sigma:g}"

    @property
    def at_risk(self) -> tuple[str, ...]:
        """The attribute."""
        return (self.attribute,) if self.attribute else ()

    @property
    def detail(self) -> str:
        """The attribute."""
        return self.attribute
