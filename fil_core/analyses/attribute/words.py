"""How often an attribute is inferred correctly, in one sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.subject import Quote, Subject
from fil_core.attacks.attackers import WHITE_BOX
from fil_core.attacks.success import ByValue, by_value, guessed_shares, success_column, success_probability
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


RARE = 0.1
"""Share of the examples with a value, up to which accuracy hardly depends on how those examples fare."""


def guesses(result: Result, attacker: str, sigma: float) -> ByValue:
    """Recall and precision of each value: in closed form, or at the nearest noise that was tried.

    Args:
        result: of an `AttributeRequest`.
        attacker: any that was asked for.
        sigma: noise of the release, >= 0.
    """
    arrays, codes = result.arrays, result.arrays["codes"]
    if "gram" in arrays and attacker in WHITE_BOX:
        prior = arrays["prior"] if attacker == "whitebox-prior" else None
        return by_value(success(result, attacker, sigma), codes, guessed_shares(arrays["gram"], sigma, prior))
    tried = result.summary["sigmas"]
    nearest = int(np.abs(np.array(tried) - sigma).argmin())
    share = result.table[success_column(attacker, tried[nearest])].to_numpy()
    return by_value(share, codes, arrays[f"guessed_{attacker}"][nearest])


def by_attacker(result: Result, sigma: float) -> pd.DataFrame:
    """What each attacker gets at a noise; accuracy alone flatters one who never guesses a rare value.

    Args:
        result: of an `AttributeRequest`.
        sigma: noise of the release, >= 0.

    Returns:
        Index `attacker`; `accuracy`, `balanced accuracy` (mean recall of the values), and `recall` and `precision` of
        the rarest value.
    """
    rarest, prior = result.summary["rarest"], result.arrays["prior"]
    rows = {}
    for attacker in result.summary["accuracy"]:
        found = guesses(result, attacker, sigma)
        rows[attacker] = [prior @ found.recall, found.balanced_accuracy, found.recall[rarest], found.precision[rarest]]
    columns = ["accuracy", "balanced accuracy", "recall", "precision"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("attacker")


def rarest_sentence(result: Result, sigma: float) -> str:
    """How the strongest white-box attacker does on the rarest value, where it is rare; else nothing.

    Args:
        result: as for `accuracy_sentence`.
        sigma: as for `accuracy_sentence`.
    """
    s, share = result.summary, min(result.summary["prior"])
    attacker = next((name for name in WHITE_BOX if name in s["accuracy"]), None)
    if attacker is None or share > RARE:
        return ""
    found, rarest = guesses(result, attacker, sigma), s["rarest"]
    precision = found.precision[rarest]
    right = "it is never guessed" if np.isnan(precision) else f"{percent(precision)} of such guesses are right"
    return (
        f" Its rarest value, which {percent(share)} of the examples have, is inferred for "
        f"**{percent(found.recall[rarest])}** of those who have it, and {right}; the mean over the values, the "
        f"balanced accuracy, is {percent(found.balanced_accuracy)}."
    )


def accuracy_sentence(result: Result, sigma: float, quote: Quote) -> str:
    """The strongest white-box attacker's accuracy without noise and at some, beside that of guessing.

    Args:
        result: of an `AttributeRequest`.
        sigma: the noise that the sentence is about.
        quote: takes from a name what has a meaning where the sentence is shown.
    """
    s = result.summary
    name, n, prior = quote(s["attribute"]), count(s["n"]), percent(max(s["prior"]))
    attackers = [attacker for attacker in WHITE_BOX if attacker in s["accuracy"]]
    if not attackers:
        return f"Guessing the most common value of **{name}** is correct for **{prior}** of the {n} examples."
    at_sigma = percent(float(success(result, attackers[0], sigma).mean()))
    attacker = f"an attacker who knows all data except one example's **{name}** infers it correctly for"
    guessing = f"guessing the most common value is correct for {prior}"
    if "gram" not in result.arrays and 0.0 not in s["sigmas"]:
        rare = rarest_sentence(result, sigma)
        return f"With noise σ = {number(sigma)}, {attacker} **{at_sigma}** of the {n} examples; {guessing}.{rare}"
    exact = percent(float(success(result, attackers[0], 0.0).mean()))
    rare = rarest_sentence(result, sigma)
    with_noise = f" With noise σ = {number(sigma)} the share is **{at_sigma}**." if sigma else ""
    return f"Without noise, {attacker} **{exact}** of the {n} examples; {guessing}.{with_noise}{rare}"
