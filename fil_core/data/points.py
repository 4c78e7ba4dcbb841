"""A few points that are written out in the data set's own name, for toy problems that a person edits."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fil_core.data.raw import Raw
from fil_core.errors import BadData, BadRequest
from fil_core.progress import Progress
from fil_core.specs import DataSpec

PREFIX = "points:"
LEAST_POINTS = 2
MOST_POINTS = 200  # their name is part of a link
MOST_FEATURES = 5
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_LARGEST = 1e6  # of a number, either sign
_CONSTANT = "+1"
_LINE, _CLASSES = "line", "classes"
_FORM = "points:line:x,y;x,y or points:classes:x1,x2,label;..., with held-out points after |, such as {}"

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """Points of a regression or of a classification.

    >>> points = Points(rows=((0.0, 1.0), (1.0, 3.5)), constant=True)
    >>> points.name, parse(points.name) == points
    ('points:line+1:0,1;1,3.5', True)

    Attributes:
        rows: of every point its features and, last, its target; of a classification the whole number of its class.
        test_rows: held-out points, likewise.
        classes: whether the targets are classes.
        constant: whether a column of ones is one of the features, penalised and at risk like any other; without it a
            model has an intercept where it is asked for one.
    """

    rows: tuple[Row, ...]
    test_rows: tuple[Row, ...] = ()
    classes: bool = False
    constant: bool = False

    def __post_init__(self) -> None:
        widths = {len(row) for row in (*self.rows, *self.test_rows)}
        if len(self.rows) < LEAST_POINTS or len(self.rows) + len(self.test_rows) > MOST_POINTS:
            raise BadRequest(
                f"points: expected {LEAST_POINTS} to {MOST_POINTS} of them, at least {LEAST_POINTS} to train on; got "
                f"{len(self.rows)} and {len(self.test_rows)} held out."
            )
        if len(widths) > 1 or not 2 <= min(widths) <= MOST_FEATURES + 1:
            raise BadRequest(
                f"points: expected 1 to {MOST_FEATURES} features and a target in each; got rows of "
                f"{', '.join(map(str, sorted(widths)))} numbers."
            )
        for row in (*self.rows, *self.test_rows):
            self._check(row)

    def _check(self, row: Row) -> None:
        if wrong := [value for value in row if not abs(value) <= _LARGEST]:
            raise BadRequest(f"points: expected numbers of at most {_LARGEST:g}; got {wrong[0]!r}.")
        if self.classes and not (row[-1] >= 0 and float(row[-1]).is_integer()):
            raise BadRequest(f"points: expected a class 0, 1, 2, ... as the last number; got {row[-1]:g}.")

    @property
    def features(self) -> int:
        """Number of features of a point, without the column of ones."""
        return len(self.rows[0]) - 1

    @property
    def labels(self) -> list[int]:
        """The classes that there are."""
        return sorted({int(row[-1]) for row in (*self.rows, *self.test_rows)})

    @property
    def name(self) -> str:
        """The name of the data set that these points are."""
        kind = (_CLASSES if self.classes else _LINE) + (_CONSTANT if self.constant else "")
        held_out = "|" + _written(self.test_rows) if self.test_rows else ""
        return f"{PREFIX}{kind}:{_written(self.rows)}{held_out}"

    def with_rows(self, rows: Sequence[Row]) -> Points:
        """Other points of the same kind."""
        return replace(self, rows=tuple(tuple(map(float, row)) for row in rows))


def _written(rows: Sequence[Row]) -> str:
    return ";".join(",".join(_number(value) for value in row) for row in rows)


def _number(value: float) -> str:
    """The shortest text that is read as the same number."""
    value = value + 0.0  # no negative zero
    return str(int(value)) if float(value).is_integer() else repr(float(value))


# The two toys of docs/maths.md, section 13.
LINE = Points(
    rows=tuple(
        zip(
            map(float, range(10)),
            (-8.0, 5.050774, 7.937183, 14.213102, 20.63173, 27.15748, 29.555028, 35.038962, 39.580125, 45.080151),
            strict=True,
        )
    ),
    constant=True,
)
CLASSES = Points(
    rows=(
        *((float(x), float(x), 1.0) for x in range(5)),
        *((float(x), float(x - 1), 0.0) for x in range(5)),
        (1.5, 0.0, 1.0),
    ),
    classes=True,
    constant=True,
)


def parse(name: str) -> Points:
    """The points of a name.

    Raises:
        BadRequest: not of the form `points:line:x,y;x,y`.
    """
    _, kind, *rest = (*name.split(":"), "", "")[:4]
    constant = kind.endswith(_CONSTANT)
    kind = kind.removesuffix(_CONSTANT)
    if not name.startswith(PREFIX) or kind not in (_LINE, _CLASSES) or name.count(":") != 2:
        raise BadRequest(f"name: expected {_FORM.format(Points(rows=LINE.rows[:2]).name)}; got {name!r:.80}.")
    train, _, test = rest[0].partition("|")
    return Points(rows=_read(train), test_rows=_read(test), classes=kind == _CLASSES, constant=constant)


def _read(text: str) -> tuple[Row, ...]:
    return tuple(tuple(map(_value, row.split(","))) for row in text.split(";") if row.strip())


def _value(text: str) -> float:
    value = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    if not math.isfinite(value):
        raise BadRequest(f"points: expected finite numbers; got {text.strip()!r:.40}.")
    return value


def read(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """The points as a source.

    Args:
        spec: `name` holds the points.
        root: not used.
        progress: not used.

    Raises:
        BadRequest: a name of another form.
        BadData: a classification with a single class.
    """
    points = parse(spec.name)
    X, X_test = (_features(rows, points) for rows in (points.rows, points.test_rows))
    y, y_test = (np.array([row[-1] for row in rows]) for rows in (points.rows, points.test_rows))
    names = tuple(["x"] if points.features == 1 else [f"x{j + 1}" for j in range(points.features)])
    classes: tuple[str, ...] = ()
    if points.classes:
        known = points.labels
        if len(known) < 2:
            raise BadData(f"points: expected at least two classes; all of them are of class {known[0]}.")
        classes = tuple(map(str, known))
        y, y_test = (np.array([known.index(int(value)) for value in values], dtype=np.int64) for values in (y, y_test))
    return Raw(
        X=X, y=y, ids=np.arange(len(X)), X_test=X_test, y_test=y_test, class_names=classes,
        feature_names=(*names, "constant") if points.constant else names,
        continuous=tuple(range(points.features)), intercept=not points.constant,
        kept=(points.features,) if points.constant else (),
        target_name="label" if points.classes else "y",
    )  # fmt: skip


def _features(rows: Sequence[Row], points: Points) -> np.ndarray:
    X = np.array([row[:-1] for row in rows], dtype=np.float64).reshape(len(rows), points.features)
    return np.column_stack([X, np.ones(len(X))]) if points.constant else X
