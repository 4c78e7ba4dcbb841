"""From stored parts of an ensemble to the signals that attacks see."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.membership.confidence import likelihood
from fil_core.membership.signals import Signals
from fil_core.result import Result

_OPTIONAL = ("losses", "gradients", "population")


def as_result(
    dataset: Dataset,
    members: Sequence[int],
    inclusion: np.ndarray,
    arrays: Mapping[str, np.ndarray],
    outputs: np.ndarray,
    score: str,
    *,
    squared: bool,
) -> Result:
    """Some models of an ensemble as a result.

    Args:
        dataset: the examples.
        members: B numbers of the models.
        inclusion: (n, B) who is in which.
        arrays: `scores` (n, B) and what else of `Signals` is known; `train_score` and `test_score` (B,), for the table.
        outputs: (B, n, k) what each model puts out for each example; only their sums are kept.
        score: what the scores of the table are.
        squared: whether the loss is half the squared error, rather than minus a log-probability.
    """
    sums = {
        f"outputs_{name}": np.einsum("bnk,nb->nk", outputs, who.astype(outputs.dtype))
        for name, who in (("in", inclusion), ("out", ~inclusion))
    }
    table = pd.DataFrame(
        {
            "train_score": arrays["train_score"],
            "test_score": arrays["test_score"],
            "examples": inclusion.sum(0),
        },
        index=pd.Index(members, name="model"),
    )
    kept = {name: array for name, array in arrays.items() if name not in table}
    summary = {"n": dataset.n, "d": dataset.d, "models": len(members), "score": score}
    summary |= {"outputs": outputs.shape[2], "squared": squared}
    return Result(table, {"inclusion": inclusion} | kept | sums, summary)


def signals_of(parts: Sequence[Result]) -> Signals:
    """The signals of an ensemble from its stored parts, in their order."""
    optional = {
        name: np.concatenate([part.arrays[name] for part in parts], 1)
        for name in _OPTIONAL
        if all(name in part.arrays for part in parts)
    }
    scores, inclusion = (np.concatenate([part.arrays[name] for part in parts], 1) for name in ("scores", "inclusion"))
    return Signals(scores, inclusion, **optional)


def likelihoods_of(parts: Sequence[Result], signals: Signals) -> Signals:
    """Signals whose scores are log p - log(1 - p) of a likelihood p, for attacks that compare likelihoods.

    The scores themselves are that where models are trained on log-probabilities. Of a squared loss p = exp(-loss / v),
    with v the mean squared error of an output over records and models without them.

    Args:
        parts: of an ensemble.
        signals: `signals_of` them.
    """
    if not parts[0].summary["squared"] or signals.losses is None:
        return signals
    outside = np.where(signals.inclusion, np.nan, signals.losses)
    v = 2 * float(np.nanmean(outside)) / parts[0].summary["outputs"] or 1.0
    population = None
    if signals.population is not None:
        population = likelihood(np.concatenate([part.arrays["population_losses"] for part in parts], 1), v)
    return dataclasses.replace(signals, scores=likelihood(signals.losses, v), population=population)


def of_upload(stored: Result, dataset: Dataset) -> Signals:
    """Uploaded signals.

    Args:
        stored: the upload.
        dataset: the examples that they must be of.

    Raises:
        BadData: they are of other examples.
    """
    if stored.summary["fingerprint"] != dataset.fingerprint:
        raise BadData(
            f"signals: expected signals of the examples chosen now; these were uploaded for {stored.summary['title']} "
            "with another choice of examples or features. Upload the file again for this one."
        )
    optional = {name: stored.arrays[name] for name in _OPTIONAL if name in stored.arrays}
    return Signals(stored.arrays["scores"], stored.arrays["inclusion"], **optional)


def prediction_change(parts: Sequence[Result]) -> np.ndarray:
    """Half the squared difference of an example's mean outputs with it and without it, mean over outputs, (n,).

    NaN for an example that all models, or none, have.

    Args:
        parts: of an ensemble.
    """
    with_it = sum(part.arrays["inclusion"].sum(1) for part in parts)
    counts = {"in": with_it, "out": sum(part.arrays["inclusion"].shape[1] for part in parts) - with_it}
    with np.errstate(invalid="ignore", divide="ignore"):
        inside, outside = (
            sum(part.arrays[f"outputs_{name}"] for part in parts) / np.asarray(count)[:, None]
            for name, count in counts.items()
        )
    return ((inside - outside) ** 2).mean(1) / 2


def loss_range(parts: Sequence[Result]) -> np.ndarray | None:
    """Interquartile range of an example's losses over a training, mean over the models that have it; None if unknown.

    Args:
        parts: of an ensemble.
    """
    if not all("loss_ranges" in part.arrays for part in parts):
        return None
    ranges = np.concatenate([part.arrays["loss_ranges"] for part in parts], 1)
    known = np.isfinite(ranges)
    with np.errstate(invalid="ignore"):
        return np.where(known, ranges, 0).sum(1) / known.sum(1)
