"""How often an attribute is inferred correctly, in one sentence."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.subject import Quote, Subject
from fil_core.attacks.success import success_column, success_probability
from fil_core.display.numbers import count, number, percent
from fil_core.result import Result


def sentence(subject: Subject, quote: Quote) -> str:
    """At the middle one of the noise levels that were tried."""
    return accuracy_sentence(subject.result, middle_sigma(subject.result), quote)


def middle_sigma(result: Result) -> float:
    """The middle one of the noise levels that were tried."""
    sigmas = result.summary["sigmas"]
    return float(sigmas[len(sigmas) // 2])


def success(result: Result, attacker: str, sigma: float) -> np.ndarray:
    """Each example's probability that a white-box attacker is correct: in closed form, or from drawn noise."""
    if "gram" not in result.arrays:
        return result.table[success_column(attacker, sigma)].to_numpy()
    prior = result.arrays["prior"] if attacker == "whitebox-prior" else None
    return success_probability(result.arrays["gram"], result.arrays["codes"], sigma, prior)


def accuracy_sentence(result: Result, sigma: float, quote: Quote) -> str:
    """The strongest white-box attacker's accuracy without noise and at some, beside that of guessing.

    Args:
        result: of an `AttributeRequest`.
        sigma: the noise that the sentence is about.
        quote: takes from a name what has a meaning where the sentence is shown.
    """
    s = result.summary
    name, n, prior = quote(s["attribute"]), count(s["n"]), percent(max(s["prior"]))
    attackers = [attacker for attacker in ("whitebox-prior", "whitebox") if attacker in s["accuracy"]]
    if not attackers:
        return f"Guessing the most common value of **{name}** is correct for **{prior}** of the {n} examples."
    at_sigma = percent(float(success(result, attackers[0], sigma).mean()))
    attacker = f"an attacker who knows all data except the target's **{name}** infers it correctly for"
    guessing = f"guessing the most common value is correct for {prior}"
    if "gram" not in result.arrays and 0.0 not in s["sigmas"]:
        return f"With noise σ = {number(sigma)}, {attacker} **{at_sigma}** of the {n} examples; {guessing}."
    exact = percent(float(success(result, attackers[0], 0.0).mean()))
    with_noise = f" With noise σ = {number(sigma)} the share is **{at_sigma}**." if sigma else ""
    return f"Without noise, {attacker} **{exact}** of the {n} examples; {guessing}.{with_noise}"
