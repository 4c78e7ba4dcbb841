"""Which columns depend linearly on others, and the fewest that have to go so that none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_PART = 1e-3  # of the largest part of a column, each column taken with norm 1; smaller parts are not named
_LISTED = 5  # columns in a sentence
_ON = 4  # columns on which one depends, in a sentence
MOST_WORK = 2 * 10**11  # n d^2 beyond which nobody waits for the names: a minute


@dataclass(frozen=True, slots=True)
class Dependence:
    """A column that is a linear combination of others.

    Attributes:
        column: its number.
        on: numbers of the columns that make it up; empty for a column of zeros.
    """

    column: int
    on: tuple[int, ...]


def dependences(X: np.ndarray, *, condition: float) -> list[Dependence]:
    """The fewest columns whose removal leaves `X.T @ X` with a condition number up to a limit.

    By QR with column pivoting of the columns, each with norm 1: `X[:, p] = Q @ R`, `|R_kk|` descending. The first r
    columns in that order stay, as many as keep the condition number below the limit; the coefficients of a later one
    in them are `R_11^-1 R_12`.

    >>> x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> dependences(np.column_stack([3 * x, x.sum(1)]), condition=1e12)
    [Dependence(column=1, on=(0, 2))]

    Args:
        X: (n, d).
        condition: > 1.

    Returns:
        d - r of them, by column.

    Source: Golub and Van Loan, Matrix Computations, 4th ed., section 5.4.2.
    """
    from scipy.linalg import qr, solve_triangular

    largest = np.abs(X).max(axis=0, initial=0.0)
    zero = largest == 0
    X = X / np.where(zero, 1.0, largest)  # first, or squares of tiny numbers would all be zero
    X = X / np.where(zero, 1.0, np.linalg.norm(X, axis=0))
    X = np.asarray(np.linalg.qr(X, mode="r")) if len(X) > X.shape[1] else X  # the same but rotated
    R, order = qr(X, mode="r", pivoting=True)
    R = R[: len(order)]
    r = _rank(R, condition)
    parts = np.abs(solve_triangular(R[:r, :r], R[:r, r:]))
    found = [
        Dependence(int(column), () if zero[column] else _named(order[:r], parts[:, k]))
        for k, column in enumerate(order[r:])
    ]
    return sorted(found, key=lambda one: one.column)


def to_leave_out(X: np.ndarray, found: Sequence[Dependence], sources: Sequence[str], *, condition: float) -> list[str]:
    """Columns of the source to leave out so that no column depends on others: one where it is enough, else all of them.

    >>> x = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> X = np.column_stack([x, x])
    >>> len(to_leave_out(X, dependences(X, condition=1e12), ["c", "c", "twin", "twin"], condition=1e12))
    1

    Args:
        X: (n, d), as for `dependences`.
        found: what `dependences` found in it.
        sources: d names, the same for all columns of one attribute.
        condition: as for `dependences`.
    """
    names = list(dict.fromkeys(sources[one.column] for one in found))
    for name in names if len(names) <= _LISTED else []:
        kept = [j for j, source in enumerate(sources) if source != name]
        if kept and not dependences(X[:, kept], condition=condition):
            return [name]
    return names


def _rank(R: np.ndarray, condition: float) -> int:
    """The most leading columns of R whose condition number, squared, is below the limit; by bisection, as it grows."""
    low, high = 0, min(R.shape)
    while low < high:
        r = (low + high + 1) // 2
        values = np.linalg.svd(R[:r, :r], compute_uv=False)
        low, high = (r, high) if values[-1] ** 2 * condition > values[0] ** 2 else (low, r - 1)
    return low


def _named(columns: np.ndarray, parts: np.ndarray) -> tuple[int, ...]:
    return tuple(sorted(int(j) for j in columns[parts > _PART * parts.max(initial=0.0)]))


def in_words(found: Sequence[Dependence], names: Sequence[str]) -> str:
    """Each column with those that it depends on.

    >>> in_words([Dependence(2, (0, 1))], ["a", "b", "total"])
    'total (on a and b)'
    """
    each = [f"{names[one.column]} (on {few([names[j] for j in one.on], _ON)})" for one in found]
    return few(each, _LISTED)


def few(names: list[str], most: int = _LISTED) -> str:
    """Some names, or the first of them and how many more there are.

    >>> few(["a", "b", "c"], 3), few(["a", "b", "c"], 2)
    ('a, b and c', 'a, b and 1 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most:,} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
