"""What a result says, in one sentence: Markdown whose only marks are `**`, the same on a page and in a report.

Names out of the data go through `quote`, which takes from them what has a meaning where the sentence is shown.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from fil_core.attacks.success import success_column, success_probability
from fil_core.display.numbers import count, number, percent, score
from fil_core.display.redaction import MASK
from fil_core.result import Result

Quote = Callable[[object], str]

_SAME = 1e-4  # of eta
_READ_OFF = 40.0  # dB; a wrong explanation is nowhere near
_TWO = 3.0  # times further off than the better one of two explanations: which of them it is is what is missing


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `rank` (1 = leakiest) and `percentile` of eta."""
    rank = table["eta"].rank(ascending=False, method="first").astype(int)
    return table.assign(rank=rank, percentile=100 * (1 - (rank - 1) / len(table)))


def even(table: pd.DataFrame) -> bool:
    """Whether all of them leak the same: what reweighting leaves of the spread ranks nobody."""
    return bool(np.ptp(table["eta"]) <= _SAME * table["eta"].max())


def headline(table: pd.DataFrame, quote: Quote, *, classes: bool) -> str:
    """Who is given away most.

    Args:
        table: `eta`, `rank` and `label` of those the model is trained on; `name` where their source has names for them.
        quote: see the module.
        classes: the labels are classes, and may be told.
    """
    top = table.nsmallest(1, "rank").iloc[0]
    if even(table):
        return f"All {count(len(table))} training examples leak the same: η is **{number(top.eta)}**."
    times = top.eta / table["eta"].median()
    tenth = table.nsmallest(max(1, len(table) // 10), "rank")["label"]
    most = tenth.mode().iloc[0]
    share = float((tenth == most).mean())
    crowd = f" Of the leakiest tenth, {share:.0%} are of class {quote(most)}." if classes else ""
    called = f" ({quote(top['name'])})" if "name" in table and top["name"] != MASK else ""
    return (
        f"The model gives away **example {top.name:,}**{called} most: its η is **{number(top.eta)}**, "
        f"**{times:.1f} × the median** of the {count(len(table))} training examples.{crowd}"
    )


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


def reconstructed(rows: pd.DataFrame, row: pd.Series, prior_std: float, *, prior: bool) -> str:
    """How near a reconstruction comes.

    Args:
        rows: of one example, one for each noise, from none on where that was asked.
        row: the one whose noise is looked at.
        prior_std: the features' own spread.
        prior: the attack with a prior, else the unbiased one.
    """
    kind = "_prior" if prior else ""
    spread = float(np.sqrt(row[f"mse{kind}"])) / prior_std
    exact = _without_noise(rows.iloc[0])
    if row["sigma"] == 0:
        return exact
    learnt = "" if spread < 1 else ": no better than to guess without the model"
    nearer = float(np.sqrt(row["mse_nearer"])) / prior_std
    if spread > _TWO * nearer and nearer < 1:
        learnt = f". But two examples explain the release, and one of them is off by {number(nearer)} × only"
    return (
        f"{exact}With noise of σ = **{number(row['sigma'])}** the guess is off by **{number(spread)} ×** the "
        f"features' own spread ({row[f'psnr{kind}']:.1f} dB){learnt}."
    )


def _without_noise(bare: pd.Series) -> str:
    if bare["sigma"] > 0:
        return ""
    if bare["psnr"] > _READ_OFF:
        return f"Without noise the example is read off the parameters to {bare['psnr']:.0f} dB. "
    if bare["psnr_nearer"] > _READ_OFF:
        return "Without noise two examples explain the parameters, and the attack took the wrong one for the likelier. "
    return "Without noise too the attack misses it: its residual is too small to be told from rounding. "


def evened(found: Result, shown: int, change: pd.Series) -> str:
    """What so many rounds of reweighting did; `change` is eta after over eta before, an example each."""
    s = found.summary
    if shown == 0:
        times = s["eta_max"][0] / s["eta_mean"][0]
        return f"With equal weights the largest η is **{number(s['eta_max'][0])}**, {times:.1f} × the mean."
    (max0, max1), (mean0, mean1), (std0, std1), (score0, score1) = (
        (s[name][0], s[name][shown]) for name in ("eta_max", "eta_mean", "eta_std", "test_score")
    )
    worse, most = int((change > 1).sum()), float(change.max())
    rounds = "one round" if shown == 1 else f"{shown} rounds"
    return (
        f"Reweighting for {rounds} takes the largest η from **{number(max0)}** to **{number(max1)}** and its "
        f"spread from {number(std0)} to **{number(std1)}**; the mean {_moves(mean0, mean1)}. "
        f"**{count(worse)} of {count(len(change))} examples leak more than before**"
        + (f", up to {most:.2f} ×. " if worse else ". ")
        + f"Test {s['score']}: {score(score0, s['score'])} → **{score(score1, s['score'])}**."
    )


def _moves(before: float, after: float) -> str:
    """How a number changed, in words that are true of the digits shown."""
    if number(before) == number(after):
        return f"stays at {number(after)}"
    return f"{'rises' if after > before else 'falls'} from {number(before)} to {number(after)}"


def released(found: Result, quote: Quote) -> str:
    """What a release gives away and what it is worth."""
    s, attack = found.summary, found.summary["attack"]
    told = ""
    if attack:
        value, nothing = attack["value"], attack["nothing_learnt"]
        told = (
            f" Its {quote(attack['name'])} is guessed rightly for **{percent(value)}** of the examples (the most "
            f"frequent value: {percent(nothing)})."
            if attack["kind"] == "attribute"
            else f" Reconstruction of {quote(attack['name'])} is off by **{number(value)} ×** the error of who has "
            "not seen the release."
        )
    return (
        f"With noise of σ = **{number(s['sigma'])}** the largest η is **{number(s['eta_max'])}**, the mean "
        f"{number(s['eta_mean'])}; the expected test {s['score']} is **{score(s['expected_score'], s['score'])}**, "
        f"{score(s['test_score'], s['score'])} without noise.{told}"
    )
