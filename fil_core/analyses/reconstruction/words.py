"""The error of a reconstruction, in one sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import number

_RECOVERED = 40.0  # dB; a wrong candidate is far below
_EXACT = 100.0  # dB; what is left is rounding error
_CANDIDATES = 3.0  # times the error of the closer candidate: the attack picks the wrong one of two


def sentence(subject: Subject, quote: Quote) -> str:
    """Of the first example, at the middle one of the noise levels that were tried."""
    rows = subject.result.table.loc[[subject.result.table.index[0]]]
    return reconstructed(rows, rows.iloc[len(rows) // 2], subject.result.summary["prior_std"], prior=True)


def reconstructed(rows: pd.DataFrame, row: pd.Series, prior_std: float, *, prior: bool) -> str:
    """The error of a reconstruction without noise and with some.

    Args:
        rows: of one example, one for each noise level, from no noise on where that was requested.
        row: the one whose noise the sentence is about.
        prior_std: the features' standard deviation.
        prior: the attack with a prior, else the unbiased one.
    """
    kind = "_prior" if prior else ""
    error = float(np.sqrt(row[f"mse{kind}"])) / prior_std
    without_noise = _without_noise(rows.iloc[0])
    if row["sigma"] == 0:
        return without_noise
    unseen = float(np.sqrt(row["unseen"])) / prior_std
    verdict = "" if error < unseen else f", no better than guessing this example without the model ({number(unseen)} ×)"
    closer = float(np.sqrt(row["mse_nearer"])) / prior_std
    if error > _CANDIDATES * closer and closer < unseen:
        verdict = f". Two candidates explain the release; the error of the closer one is only {number(closer)} ×"
    return (
        f"{without_noise}With noise σ = **{number(row['sigma'])}** the error (RMSE) is **{number(error)} ×** the "
        f"features' standard deviation (PSNR {row[f'psnr{kind}']:.1f} dB){verdict}."
    )


def _without_noise(row: pd.Series) -> str:
    if row["sigma"] > 0:
        return ""
    if row["psnr"] > _RECOVERED:
        closeness = "exactly" if row["psnr"] > _EXACT else "closely"
        return f"Without noise the example is recovered {closeness} (PSNR {row['psnr']:.0f} dB). "
    if row["psnr_nearer"] > _RECOVERED:
        return "Without noise two candidates explain the parameters, and the attack chose the wrong one. "
    return "Even without noise the attack fails: the example's residual cannot be told from rounding error. "
