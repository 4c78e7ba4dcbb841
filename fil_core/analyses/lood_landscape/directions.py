"""Where the queries of a landscape lie: along a line or in a plane through the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fil_core.analyses.lood_landscape.request import LandscapeRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.lood.kernels import mean_distance

_CLOSE = 1e-9  # of an axis, of white or of the largest step: less is rounding


@dataclass(frozen=True, slots=True)
class Laid:
    """A line or a plane of queries x + t first + u second, those of the same t next to one another.

    Attributes:
        row: of the record.
        first: (d,) features.
        second: (d,); zeros for a line.
        t: (T,) steps along the first direction, rising, 0 among them.
        u: (U,) along the second; 0 alone for a line.
    """

    row: int
    first: np.ndarray
    second: np.ndarray
    t: np.ndarray
    u: np.ndarray

    @property
    def positions(self) -> np.ndarray:
        """t and u of every query, (T U, 2)."""
        return np.stack(np.meshgrid(self.t, self.u, indexing="ij"), axis=-1).reshape(-1, 2)

    def queries(self, data: Dataset) -> np.ndarray:
        """Features of every query, (T U, d)."""
        return data.X[self.row] + self.positions @ np.stack([self.first, self.second])


def laid(request: LandscapeRequest, data: Dataset) -> Laid:
    """The queries of a request.

    Args:
        request: which record, and where the query goes.
        data: whose records they are.

    Raises:
        BadData: the data have no such record or feature, or no direction leads there.
    """
    row, points = data.row(int(request.id or 0)), request.points or request.along
    first, span, marked = _first(request, data, row), request.span if request.pixel is None else 1.0, [0.0]
    if request.towards is not None:
        marked.append(1.0)
    t = axis(span, points, marked)
    if not request.plane:
        return Laid(row, first, np.zeros_like(first), t, np.zeros(1))
    if data.d < 2:
        raise BadData("plane: expected at least two features, for a second direction; the data have one.")
    return Laid(row, first, _drawn(request, data, 1, first), t, axis(request.span, points, [0.0]))


def axis(span: float, points: int, marked: Sequence[float]) -> np.ndarray:
    """Even steps from -span to span, and exactly those marked values that lie between.

    >>> axis(1.5, 4, [0.0, 1.0, 2.0]).tolist()
    [-1.5, -0.5, 0.0, 0.5, 1.0, 1.5]

    Args:
        span: > 0.
        points: how many, without the marked ones.
        marked: any values.
    """
    even, between = np.linspace(-span, span, points), [one for one in marked if abs(one) <= span]
    apart = np.abs(even[:, None] - between).min(1) > _CLOSE * span
    return np.sort(np.concatenate([even[apart], between]))


def _first(request: LandscapeRequest, data: Dataset, row: int) -> np.ndarray:
    """The first direction, (d,)."""
    if request.pixel is not None:
        column = column_of(request.pixel, data)
        return float(np.ptp(data.X[:, column])) * np.eye(data.d)[column]
    if request.towards is None:
        return _drawn(request, data, 0)
    try:
        direction: np.ndarray = data.X[data.row(request.towards)] - data.X[row]
    except BadData as error:
        raise BadData(f"towards: {str(error).removeprefix('example: ')}") from error
    if not direction.any():
        raise BadData("towards: expected an example with other features than the record; theirs are the same.")
    return direction


def column_of(name: str, data: Dataset) -> int:
    """Column of a feature that is named or numbered.

    Args:
        name: as `Dataset.columns` takes it.
        data: whose features they are.

    Raises:
        BadData: there is none, there are several, or it is the same in all training rows.
    """
    try:
        columns = data.columns((name,))
    except BadData as error:
        raise BadData(f"pixel: {str(error).removeprefix('attribute: ')}") from error
    if len(columns) > 1:
        raise BadData(f"pixel: expected one column; {name} has {len(columns)}. Name one of them, such as {columns[0]}.")
    if not np.ptp(data.X[:, columns[0]]):
        raise BadData(f"pixel: expected a feature that varies; {name} is the same in all training rows.")
    return columns[0]


def _drawn(request: LandscapeRequest, data: Dataset, number: int, across: np.ndarray | None = None) -> np.ndarray:
    """A random direction as long as training rows are apart, (d,), orthogonal to another one."""
    direction = np.random.default_rng([request.direction_seed, number]).standard_normal(data.d)
    if across is not None:
        direction -= (direction @ across) / (across @ across) * across
    scaled: np.ndarray = direction * (mean_distance(torch.from_numpy(data.X)) / np.linalg.norm(direction))
    return scaled


def inside(way: Laid, data: Dataset) -> np.ndarray:
    """Whether each query of images is a picture, with all its pixels between black and white, (T U,)."""
    first, second = (data.preprocessing.direction(one) for one in (way.first, way.second))
    slack, found = _CLOSE * data.pixel_max, []
    for t in way.t:  # all pictures of a plane at once would take more memory than the kernel
        pixels = data.source[way.row] + t * first + way.u[:, None] * second
        found.append(((pixels >= -slack) & (pixels <= data.pixel_max + slack)).all(1))
    return np.concatenate(found)


def pixels_end(way: Laid, data: Dataset) -> tuple[float, float]:
    """The smallest and the largest t, along the first direction, at which the query of images is still a picture."""
    pixels = data.source[way.row].astype(np.float64)
    return _ends(pixels, data.preprocessing.direction(way.first), 0.0, data.pixel_max)


def rows_end(way: Laid, data: Dataset) -> tuple[float, float]:
    """The smallest and the largest t at which a single feature is within its range in the training rows."""
    column = way.first.argmax()
    X = data.X[:, [column]]
    return _ends(X[way.row], way.first[[column]], X.min(), X.max())


def _ends(start: np.ndarray, step: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Between which t all start + t step lie between two bounds."""
    moved = np.abs(step) > _CLOSE * np.abs(step).max()
    one, other = (low - start[moved]) / step[moved], (high - start[moved]) / step[moved]
    return float(np.minimum(one, other).max()) + 0.0, float(np.maximum(one, other).min())  # 0, not -0
