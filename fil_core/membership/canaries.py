"""Rows to insert into the training data of an audit, each by a coin: training rows, mislabelled copies, noise.

Source: Steinke, Nasr, Jagielski (NeurIPS 2023), Sec. 6; Aerni, Zhang, Tramèr (CCS 2024); docs/maths.md, section 12.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fil_core.data.text.refusal import refuse_sequences
from fil_core.dataset import Dataset, fingerprint
from fil_core.errors import BadRequest
from fil_core.specs.checks import choice, whole

_STREAM = 2  # of the seed: the draw of a subset takes the seed itself, label noise the first


@dataclass(frozen=True, slots=True)
class Canaries:
    """Canaries and the rows that are trained on whatever the coins say.

    Attributes:
        base: positions in the training split of the b rows that always are in, ascending, (b,).
        base_X, base_y: these rows, (b, d) and (b,).
        X, y: the canaries, (C, d) and (C,), coded as those of the data set.
        source: (C, d0) their source features.
        ids: (C,) of the training rows that they come from; -1 for noise.
    """

    base: np.ndarray
    base_X: np.ndarray
    base_y: np.ndarray
    X: np.ndarray
    y: np.ndarray
    source: np.ndarray
    ids: np.ndarray

    def joined(self, data: Dataset) -> Dataset:
        """The data set that an audit trains on: the base rows, then the canaries, which take the last C positions.

        Canaries have ids of their own, above all others. Names of rows and planted noise are dropped.

        Args:
            data: the data set that they were made from.
        """
        X, y = np.concatenate([self.base_X, self.X]), np.concatenate([self.base_y, self.y])
        ids = np.concatenate([data.ids[self.base], data.ids.max() + 1 + np.arange(len(self.y))])
        return dataclasses.replace(
            data, X=X, y=y, ids=ids, source=np.concatenate([data.source[self.base], self.source]), id_names=None,
            flipped=None, sections=None, secrets=None, pictures=None,
            fingerprint=fingerprint(data.fingerprint, X, y, ids),
        )  # fmt: skip


_Rows = tuple[np.ndarray, np.ndarray, np.ndarray]  # source features, targets, positions they come from


def canaries(data: Dataset, kind: str, count: int, *, seed: int = 0) -> Canaries:
    """Draw canaries; which are in is for other coins to say.

    rows: training rows, which then leave the base. mislabelled: copies of training rows, which stay in the base, with
    one of the other classes, all equally likely; of a regression with the end of the training targets' range that is
    farther from the row's own. noise: every pixel of a picture is uniform over its range; every feature of a table has
    the value of a training row that is drawn for it alone, the columns of a one-hot group together. Its label is any
    class, all equally likely; of a regression the target of a training row.

    Noise goes through the data's own preprocessing, and may be longer than every training row, so outside a unit ball.
    Where principal components are taken the source features are drawn, whose one-hot groups are not known.

    Args:
        data: the training rows, n.
        kind: rows, mislabelled or noise.
        count: C, from 1 to n.
        seed: >= 0; the same seed and data give the same canaries.

    Raises:
        BadRequest: another kind, more canaries than rows, fewer than 1, or sequences of tokens.
    """
    choice("canaries", kind, KINDS)
    refuse_sequences("canaries", "", data)
    if whole("canaries", count) > data.n:
        raise BadRequest(f"canaries: expected at most the {data.n:,} training examples; got {count:,}. Take fewer.")
    rng = np.random.default_rng(np.random.SeedSequence(whole("seed", seed, least=0), spawn_key=(_STREAM,)))
    source, y, rows = _DRAWN[kind](data, count, rng)
    base = np.setdiff1d(np.arange(data.n), rows) if kind == "rows" else np.arange(data.n)
    known = rows >= 0
    X = data.X[rows] if known.all() else np.ascontiguousarray(data.preprocessing.forward(source))
    ids = np.where(known, data.ids[rows], -1)
    return Canaries(base, data.X[base], data.y[base], X, y, source, ids)


def _of_rows(data: Dataset, count: int, rng: np.random.Generator) -> _Rows:
    rows = np.sort(rng.choice(data.n, count, replace=False))
    return data.source[rows], data.y[rows], rows


def _mislabelled(data: Dataset, count: int, rng: np.random.Generator) -> _Rows:
    source, y, rows = _of_rows(data, count, rng)
    if classes := len(data.class_names):
        return source, (y + rng.integers(1, classes, count)) % classes, rows
    low, high = data.y.min(), data.y.max()
    return source, np.where(y - low > high - y, low, high), rows


def _noise(data: Dataset, count: int, rng: np.random.Generator) -> _Rows:
    source = np.empty((count, data.source.shape[1]), data.source.dtype)
    if data.image_shape is None:
        for columns in _drawn_together(data):
            source[:, columns] = data.source[np.ix_(rng.integers(0, data.n, count), columns)]
    elif np.issubdtype(source.dtype, np.integer):
        source[:] = rng.integers(0, int(data.pixel_max), source.shape, endpoint=True)
    else:
        source[:] = rng.uniform(0, data.pixel_max, source.shape)
    classes = len(data.class_names)
    y = rng.integers(0, classes, count).astype(data.y.dtype) if classes else data.y[rng.integers(0, data.n, count)]
    return source, y, np.full(count, -1)


def _drawn_together(data: Dataset) -> Iterator[np.ndarray]:
    """Columns of the source: those of each group, and each other one alone."""
    grouped = {column: group.columns for group in data.groups.values() for column in group.columns}
    for column in range(data.source.shape[1]):
        together = np.array(grouped.get(column, (column,)))
        if column == together[0]:
            yield together


_DRAWN: dict[str, Callable[[Dataset, int, np.random.Generator], _Rows]] = {
    "rows": _of_rows,
    "mislabelled": _mislabelled,
    "noise": _noise,
}
KINDS: tuple[str, ...] = tuple(_DRAWN)
