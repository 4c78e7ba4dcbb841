"""What is refused before a model is trained: invalid weights, a wrong task, too little memory, dependent features."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch

from fil_core.data.dependence import MOST_WORK, Dependence, dependences, in_words, to_leave_out
from fil_core.data.text.refusal import refuse_sequences
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.specs import ModelSpec
from fil_core.specs.families import fitting
from fil_core.specs.texts import typed, write_names

_SCALE = (1e-3, 1e3)  # of the mean weight; the penalty, which counts n examples, has no meaning far from a mean of 1
_NO_REASON = "columns that depend linearly on others, or that differ too much in size"
_WHOLE = re.compile("[+-]?[0-9]+")  # the name of a class that may be a count
_CURVATURES = 4  # matrices in memory: the Hessian, its eigenvectors, and the solver's own


def check_weights(weights: np.ndarray, dataset: Dataset) -> None:
    """Refuse what are no weights of these examples.

    Raises:
        BadRequest: another number of weights; a negative or infinite one or NaN; all of them, or all of a class, are
            zero; their mean is far from 1.
    """
    n = dataset.n
    if weights.shape != (n,):
        raise BadRequest(f"weights: expected {n:,} numbers, one per training example; got shape {weights.shape}.")
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise BadRequest("weights: expected finite numbers >= 0, not all zero.")
    if not _SCALE[0] <= weights.mean() <= _SCALE[1]:
        raise BadRequest(
            f"weights: expected a mean about 1, since the penalty counts {n:,} examples; got {weights.mean():.3g}. "
            "Divide them by it."
        )
    if (without := emptied(dataset, weights)).size:
        raise BadRequest(
            f"weights: expected some of every class > 0; class {dataset.class_names[without[0]]} has none left."
        )


def emptied(dataset: Dataset, weights: np.ndarray) -> np.ndarray:
    """Classes with examples whose weights are all zero, as positions in `class_names`.

    Args:
        dataset: the examples.
        weights: (n,), >= 0.
    """
    codes = dataset.y.astype(int) if dataset.class_names else np.zeros(dataset.n, int)
    return np.setdiff1d(codes, codes[weights > 0])


def check_task(spec: ModelSpec, dataset: Dataset) -> None:
    """Refuse a model that does not fit the task.

    Raises:
        BadRequest: the family does not fit this number of classes, and the message names those that do; or the data
            are sequences.
    """
    refuse_sequences("model", spec.kind, dataset)
    classes = len(dataset.class_names)
    if spec.family.fits(classes):
        return
    task = f"{classes} classes" if classes else "a real-valued target"
    more = f" Or keep two of them ({typed('classes', write_names(dataset.class_names[:2]))})." if classes > 2 else ""
    if classes > 2 and all(map(_WHOLE.fullmatch, dataset.class_names)):
        more += " If they count or grade something, they are a target for --task regression."
    fits = " or ".join(fitting(classes))
    raise BadRequest(f"model: {dataset.title} has {task}; expected {fits}, got {spec.kind}.{more}")


def check_memory(spec: ModelSpec, dataset: Dataset, device: torch.device) -> None:
    """Refuse a curvature that does not fit in memory, before the system ends the process for it.

    Args:
        spec: the model.
        dataset: its training examples.
        device: where it would be trained.

    Raises:
        BadRequest: the free memory is too small; the message names a number of features that fits.
    """
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else _free_memory()
    size = dataset.d * spec.family.scores(len(dataset.class_names))
    needed = _CURVATURES * 8 * size**2
    if free is not None and needed > free:
        fits = int(dataset.d * (free / needed) ** 0.5)
        raise BadRequest(
            f"memory: the curvature of {size:,} parameters takes {needed / 2**30:.1f} GiB, and "
            f"{free / 2**30:.1f} GiB are free. Take at most {fits:,} features "
            f"(for instance --pca {min(fits, 200)}), or fewer classes."
        )


def _free_memory() -> int | None:
    """Bytes available without swapping; None where the system does not report them (only Linux does)."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    available = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return int(available.split()[1]) * 1024 if available else None


def why_singular(dataset: Dataset, intercept: bool) -> str:
    """Which columns make the curvature singular, and what to change, in two sentences.

    Args:
        dataset: the training examples.
        intercept: whether the model has one, on which columns then may depend too.
    """
    X, names = dataset.X, dataset.feature_names
    zero = [names[j] for j in np.flatnonzero(np.ptp(X, axis=0) == 0) if not X[0, j]]
    _, first, inverse = np.unique(X, axis=1, return_index=True, return_inverse=True)
    copies = np.flatnonzero(first[inverse.ravel()] != np.arange(dataset.d))
    duplicates = [f"{names[j]} = {names[first[inverse.ravel()[j]]]}" for j in copies if X[:, j].any()]
    reasons = [f"all-zero columns: {_first(zero)}"] if zero else []
    reasons += [f"duplicate columns: {_first(duplicates)}"] if duplicates else []
    reasons += [f"fewer examples ({dataset.n:,}) than features ({dataset.d:,})"] if dataset.n < dataset.d else []
    constant = [names[j] for j in np.flatnonzero(np.ptp(X, axis=0) == 0) if X[0, j]] if intercept else []
    reasons += [f"constant columns beside an intercept: {_first(constant)}"] if constant else []
    reduced = _less_constant(X) if intercept else X
    dependent = _dependent(reduced)
    more = [one for one in dependent if one.on and not (len(one.on) == 1 and _same(X, one.column, one.on[0]))]
    reasons += [f"columns that depend linearly on others: {in_words(more, names)}"] if more else []
    found = "; ".join(reasons) or _NO_REASON
    of_column = {column: group.name for group in dataset.groups.values() for column in group.columns}
    sources = [of_column.get(j, name) for j, name in enumerate(names)]
    left_out = to_leave_out(reduced, dependent, sources, condition=_most_condition(dataset.d)) if dependent else []
    fewest = f", or leave out {_first(left_out)}" if left_out else ""
    return f"Found {found}. Set l2 > 0 (for instance 1e-3), take principal components (pca){fewest}."


def _less_constant(X: np.ndarray) -> np.ndarray:
    """The part of each column that no constant explains; exactly 0 for a constant one."""
    return np.where(np.ptp(X, axis=0) == 0, 0.0, X - X.mean(axis=0))


def _dependent(X: np.ndarray) -> list[Dependence]:
    """The fewest columns without which the curvature would not be singular; none where that takes long to find."""
    n, d = X.shape
    return dependences(X, condition=_most_condition(d)) if n * d * d <= MOST_WORK else []


def _most_condition(d: int) -> float:
    """The condition number of a curvature of d columns from which on it counts as singular."""
    return float(1 / (d * np.finfo(float).eps))


def _same(X: np.ndarray, one: int, other: int) -> bool:
    return bool(np.array_equal(X[:, one], X[:, other]))


def _first(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
