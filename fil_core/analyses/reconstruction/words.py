"""How near a reconstruction comes, in one sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import number

_EXACT = 40.0  # dB; a wrong explanation is nowhere near
_TWO = 3.0  # times further off than the better one of two explanations: which of them it is is what is missing


def sentence(subject: Subject, quote: Quote) -> str:
    """Of the first example, at the noise in the middle of those that were tried."""
    rows = subject.result.table.loc[[subject.result.table.index[0]]]
    return reconstructed(rows, rows.iloc[len(rows) // 2], subject.result.summary["prior_std"], prior=True)


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
    if bare["psnr"] > _EXACT:
        return f"Without noise the example is read off the parameters to {bare['psnr']:.0f} dB. "
    if bare["psnr_nearer"] > _EXACT:
        return "Without noise two examples explain the parameters, and the attack took the wrong one for the likelier. "
    return "Without noise too the attack misses it: its residual is too small to be told from rounding. "
