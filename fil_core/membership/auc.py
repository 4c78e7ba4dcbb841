"""The exact area under the ROC curve of each record, with its standard error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from fil_core.linalg import row_blocks

_CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class RowAuc:
    """Areas under the ROC curves of n records.

    Attributes:
        auc: (n,) chance that a score with the record is larger than one without it, ties counting half; NaN where there
            are not both.
        error: (n,) DeLong's standard error; NaN where there are not two of both. 0 where all are told apart.
    """

    auc: np.ndarray
    error: np.ndarray


def row_auc(scores: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> RowAuc:
    """The area of each row, and its standard error `sqrt(var V_in / n_in + var V_out / n_out)`.

    V_in of a score with the record is the share of those without it that are below, V_out of one without it the share
    of those with it that are above, ties counting half.

    >>> both = np.array([[True, True, False, False]])
    >>> found = row_auc(np.array([[3.0, 1.0, 0.0, 1.0]]), both, ~both)
    >>> found.auc.tolist(), found.error.tolist()
    ([0.875], [0.1767766952966369])

    Args:
        scores: (n, M).
        inside: (n, M) bool, scores with the record.
        outside: (n, M) bool, those without it; what is in neither is left out.

    Source: DeLong, DeLong, Clarke-Pearson (Biometrics 1988).
    """
    auc, error = np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    for rows in row_blocks(len(scores), scores.shape[1], _CPU):
        order = np.argsort(scores[rows], axis=1)
        sorted_scores, members, others = (
            np.take_along_axis(each[rows], order, 1) for each in (scores, inside, outside)
        )
        auc[rows], error[rows] = _areas(members, others, *_ties(sorted_scores))
    return RowAuc(auc, error)


def of_half_a_failure(m: np.ndarray) -> np.ndarray:
    """Standard error of a share of m tests with half a failure, for areas of 0 and 1, of which DeLong's error is 0.

    >>> of_half_a_failure(np.array([1, 12])).round(4).tolist()
    [0.4714, 0.0566]

    Args:
        m: (n,) numbers of tests.
    """
    p = 1 / (2 * m + 1)
    error: np.ndarray = np.sqrt(p * (1 - p) / np.maximum(m, 1))
    return error


def _ties(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of sorted rows, for each score how many are below it, and how many are not above it."""
    models = scores.shape[1]
    new = np.ones((len(scores), models + 1), dtype=bool)
    new[:, 1:-1] = scores[:, 1:] != scores[:, :-1]
    place = np.arange(models + 1)
    below = np.maximum.accumulate(np.where(new, place, 0)[:, :-1], axis=1)
    following = np.where(new, place, models)[:, 1:]
    return below, np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]


def _areas(
    members: np.ndarray, others: np.ndarray, below: np.ndarray, upto: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(invalid="ignore", divide="ignore"):
        placed = [
            (_counted(each, below) + _counted(each, upto)) / (2 * each.sum(1, keepdims=True))
            for each in (others, members)
        ]
        area, first = _mean_and_error(placed[0], members)
        _, second = _mean_and_error(placed[1], others)
        return area, np.sqrt(first + second)


def _counted(which: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """How many of some scores are among the first so many of each row."""
    counts = np.zeros((len(which), which.shape[1] + 1))
    np.cumsum(which, axis=1, out=counts[:, 1:])
    return np.take_along_axis(counts, positions, 1)


def _mean_and_error(values: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over some of each row, and its squared standard error; NaN of fewer than two."""
    number = which.sum(1)
    mean = np.where(which, values, 0.0).sum(1) / number
    away = np.where(which, values - mean[:, None], 0.0)
    freedom = np.where(number > 1, number - 1, np.nan)
    return mean, np.einsum("ij,ij->i", away, away) / freedom / number
