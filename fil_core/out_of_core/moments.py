"""Mean and scatter of rows that come in blocks, and the preprocessing that follows from them."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from fil_core.dataset import Preprocessing
from fil_core.errors import BadRequest
from fil_core.out_of_core.source import RowSource, blocks, in_order, parts, report, tree
from fil_core.progress import Progress
from fil_core.specs import Preprocess

_DISTINCT = 3  # different targets kept: two may be classes, three are a regression


@dataclass(frozen=True, slots=True)
class Moments:
    """First and second moments, ranges and norms of n rows of m columns: features first, the target last.

    >>> a = Moments(1, np.zeros(2), np.zeros((2, 2)), np.zeros(2), np.zeros(2), 0.0, (0.0,))
    >>> b = Moments(1, np.full(2, 2.0), np.zeros((2, 2)), np.full(2, 2.0), np.full(2, 2.0), 2.0, (2.0,))
    >>> (a + b).mean.tolist(), (a + b).scatter.tolist()  # delta delta^T n_a n_b / (n_a + n_b)
    ([1.0, 1.0], [[2.0, 2.0], [2.0, 2.0]])

    Attributes:
        n: number of rows.
        mean: (m,).
        scatter: sum_i (z_i - mean) (z_i - mean)^T, (m, m).
        least, most: minimum and maximum of each column, (m,).
        norm: largest Euclidean norm of a row of features.
        distinct: up to three different targets, ascending.
    """

    n: int
    mean: np.ndarray
    scatter: np.ndarray
    least: np.ndarray
    most: np.ndarray
    norm: float
    distinct: tuple[float, ...]

    def __add__(self, other: Moments) -> Moments:
        """Moments of the rows of both.

        Source: Chan, Golub, LeVeque (1979), for co-moments; no digits are lost to a mean far from zero.
        """
        n, delta = self.n + other.n, other.mean - self.mean
        return Moments(
            n,
            self.mean + delta * (other.n / n),
            self.scatter + other.scatter + np.outer(delta, delta) * (self.n * other.n / n),
            np.minimum(self.least, other.least),
            np.maximum(self.most, other.most),
            max(self.norm, other.norm),
            tuple(sorted({*self.distinct, *other.distinct})[:_DISTINCT]),
        )

    def through(self, map: Preprocessing) -> Moments:
        """Mean and scatter of the rows after preprocessing; ranges and norm stay those before it."""
        A = np.eye(len(self.mean) - 1) * map.scale if map.basis is None else _columns(map.scale) * map.basis
        whole = np.zeros((len(self.mean), A.shape[1] + 1))
        whole[:-1, :-1], whole[-1, -1] = A, 1.0
        mean = np.append(map.forward(self.mean[:-1]), self.mean[-1])
        return dataclasses.replace(self, mean=mean, scatter=whole.T @ self.scatter @ whole)

    def in_units(self, origin: float, unit: float) -> Moments:
        """Mean and scatter of the rows with (t - origin) / unit for the target t.

        Args:
            origin: in units of t.
            unit: not 0, in units of t; negative where the class 1 has the smaller value.
        """
        scale = np.ones(len(self.mean))
        scale[-1] = 1.0 / unit
        mean = np.append(self.mean[:-1], (self.mean[-1] - origin) * scale[-1])
        return dataclasses.replace(self, mean=mean, scatter=self.scatter * scale * scale[:, None])


def moments(
    source: RowSource, *, executor: Executor, rows_per_block: int | None = None, progress: Progress | None = None
) -> tuple[Moments, str]:
    """Moments of all rows, in one pass, and a sha-256 of every value, as hex.

    Args:
        source: the rows.
        executor: where to compute.
        rows_per_block: rows of a block, >= 1; None for 8 MB of them.
        progress: called with (rows done, rows, text).

    Returns:
        The moments, and the digest: the same for any executor and block size.

    Raises:
        BadData: the files do not fit each other, or an entry is not finite, or a target is no class.
    """
    n, d = source.shape()
    work = parts(n, d)
    tasks = [(source, part, rows_per_block) for part in work]
    rows_done = report(progress, work, "adding up the rows")
    answers = in_order(executor, _of_part, tasks, answer_bytes=8 * (d + 1) ** 2, progress=rows_done)
    digest = hashlib.sha256(repr((n, d)).encode())
    return tree(_digested(answers, digest.update), Moments.__add__), digest.hexdigest()


def _digested(answers: Iterator[tuple[Moments, bytes]], update: Callable[[bytes], None]) -> Iterator[Moments]:
    for moments, digest in answers:
        update(digest)
        yield moments


def _of_part(task: tuple[RowSource, slice, int | None]) -> tuple[Moments, bytes]:
    source, part, rows = task
    features, targets = hashlib.sha256(), hashlib.sha256()

    def each() -> Iterator[Moments]:
        for block in blocks(part, source.shape()[1], rows):
            X, y = source.read(block)
            features.update(X.data)
            targets.update(y.data)
            yield _of_block(X, y)

    return tree(each(), Moments.__add__), features.digest() + targets.digest()


def _of_block(X: np.ndarray, y: np.ndarray) -> Moments:
    Z = np.column_stack([X, y])
    mean, least, most = Z.mean(axis=0), Z.min(axis=0), Z.max(axis=0)
    norm = float(np.sqrt(np.einsum("ij,ij->i", X, X).max()))
    Z -= mean
    with np.errstate(over="ignore", invalid="ignore"):  # such numbers are refused by name, from `least` and `most`
        scatter = Z.T @ Z
    return Moments(len(y), mean, scatter, least, most, norm, tuple(np.unique(y)[:_DISTINCT].tolist()))


def preprocessing(moments: Moments, *, kind: Preprocess, pca: int | None = None) -> Preprocessing:
    """The map that `fil_core.data.preprocess.fit` fits to the rows themselves, every column continuous.

    Args:
        moments: of the rows.
        kind: which scaling.
        pca: number k of principal directions kept, 1 <= k <= min(n, d); None keeps the coordinates.

    Returns:
        The fitted map.

    Raises:
        BadRequest: pca is larger than the number of features or rows.
    """
    scale, centre = _SCALINGS[kind](moments)
    plain = Preprocessing(scale=scale, centre=centre)
    if pca is None:
        return plain
    d = len(moments.mean) - 1
    if pca > min(moments.n, d):
        raise BadRequest(
            f"pca: expected at most {min(moments.n, d)} directions for {moments.n:,} rows of {d:,} features; got {pca}."
        )
    scaled = moments.through(plain)
    V = np.linalg.eigh(scaled.scatter[:-1, :-1] / moments.n)[1][:, ::-1][:, :pca]
    largest = V[np.abs(V).argmax(axis=0), np.arange(pca)]  # positive, as in `principal`
    basis = np.ascontiguousarray(V * np.where(largest < 0, -1.0, 1.0))
    return Preprocessing(scale=scale, centre=centre + scaled.mean[:-1] / scale, basis=basis)


def _none(moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(1.0), np.asarray(0.0)


def _unit_ball(moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(1.0 / (moments.norm or 1.0)), np.asarray(0.0)


def _standardise(moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    std = np.sqrt(moments.scatter.diagonal()[:-1] / moments.n)
    # Rounding can leave a constant column a tiny std, so its values themselves are compared.
    constant = (moments.least == moments.most)[:-1] | (std == 0)
    scale = np.where(constant, 1.0, 1.0 / np.where(constant, 1.0, std))
    return scale, np.where(constant, moments.least[:-1], moments.mean[:-1])


_SCALINGS: dict[Preprocess, Callable[[Moments], tuple[np.ndarray, np.ndarray]]] = {
    "unit-ball": _unit_ball,
    "standardise": _standardise,
    "none": _none,
}


def _columns(scale: np.ndarray) -> np.ndarray:
    return scale[:, None] if scale.ndim else scale
