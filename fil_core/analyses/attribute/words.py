"""How often an attribute is guessed rightly, in one sentence."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.subject import Quote, Subject
from fil_core.attacks.success import success_column, success_probability
from fil_core.display.numbers import count, number, percent
from fil_core.result import Result


def sentence(subject: Subject, quote: Quote) -> str:
    """At the noise in the middle of those that were tried."""
    return guessed(subject.result, middle_sigma(subject.result), quote)


def middle_sigma(found: Result) -> float:
    """The noise in the middle of those that were tried."""
    sigmas = found.summary["sigmas"]
    return float(sigmas[len(sigmas) // 2])


def success(found: Result, attacker: str, sigma: float) -> np.ndarray:
    """Each example's chance that a white-box attacker guesses rightly: in closed form, or of a noise that was drawn."""
    if "gram" not in found.arrays:
        return found.table[success_column(attacker, sigma)].to_numpy()
    prior = found.arrays["prior"] if attacker == "whitebox-prior" else None
    return success_probability(found.arrays["gram"], found.arrays["codes"], sigma, prior)


def guessed(found: Result, sigma: float, quote: Quote) -> str:
    """How often an attribute is guessed rightly, without noise and with some."""
    s = found.summary
    name, prior = quote(s["attribute"]), max(s["prior"])
    attackers = [attacker for attacker in ("whitebox-prior", "whitebox") if attacker in s["accuracy"]]
    if not attackers:
        return f"Saying the most frequent value of **{name}** is right for **{percent(prior)}** of the examples."
    now = float(success(found, attackers[0], sigma).mean())
    usual = f"saying the most frequent value is right for {percent(prior)}"
    if "gram" not in found.arrays and 0.0 not in s["sigmas"]:
        told = f"**{name}** is read off for **{percent(now)}** of the examples"
        return f"Under noise of σ = {number(sigma)} {told}; {usual}."
    bare = float(success(found, attackers[0], 0.0).mean())
    return (
        f"Who sees the bare parameters and knows everybody else reads **{name}** off for **{percent(bare)}** of "
        f"the {count(s['n'])} examples; {usual}. Noise of σ = {number(sigma)} leaves **{percent(now)}**."
    )
