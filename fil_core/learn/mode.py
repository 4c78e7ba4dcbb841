"""What is known of a failure mode: its data, the one number that makes it stronger, and who computes it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.specs import DataSpec
from fil_core.specs.late import Late
from fil_core.specs.options import option_of
from fil_core.specs.texts import typed

Needs = Literal["classes", "two classes", "regression", "features", "unit ball", "few points"]
_PIECES, _SMALLEST = 20, 1e-8  # of a slider; and the share of its end from which one that begins at 0 goes by factors
_FEWEST = 3  # rows of which a ranking can change
MOST_POINTS, MOST_FEATURES = 60, 5  # of a network whose runs of training are differentiated


@dataclass(frozen=True, slots=True)
class Strength:
    """The number that makes a failure stronger or weaker.

    Attributes:
        label: of its control, with its unit.
        says: what it is, in a sentence.
        default: at which the failure is seen.
        least, most: its range, >= 0.
        unchanged: the value at which nothing is wrong and both columns agree; None where there is none.
        whole: whether it counts something.
        log: whether a control goes through it by factors.
    """

    label: str
    says: str
    default: float
    least: float
    most: float
    unchanged: float | None = None
    whole: bool = False
    log: bool = False

    def takes(self, value: float) -> bool:
        """Whether it is in the range, and whole where it counts something."""
        return self.least <= value <= self.most and (not self.whole or float(value).is_integer())

    def choices(self) -> list[float]:
        """Values that a slider goes through, ascending, the default and `unchanged` among them.

        >>> Strength("copies", "", default=2, least=1, most=4, unchanged=1, whole=True).choices()
        [1.0, 2.0, 3.0, 4.0]
        >>> Strength("factor", "", default=0.2, least=0.1, most=10, log=True).choices()
        [0.1, 0.2, 0.3, 1.0, 3.0, 10.0]
        """
        known = {self.least, self.default, self.most} | ({self.unchanged} if self.unchanged is not None else set())
        if self.log:
            low = math.floor(math.log10(self.least or self.most * _SMALLEST))
            decades = [round(m * 10.0**k, 12) for k in range(low, math.ceil(math.log10(self.most)) + 1) for m in (1, 3)]
            between = {value for value in decades if self.least <= value <= self.most}
        else:
            pieces = int(self.most - self.least) if self.whole else _PIECES
            between = {round(self.least + i * (self.most - self.least) / pieces, 12) for i in range(pieces + 1)}
        return sorted(map(float, known | between))


@dataclass(frozen=True, slots=True)
class Lines:
    """A figure of curves out of the arrays of an answer.

    Attributes:
        title: of the figure.
        x: the array along the horizontal axis, and the title of that axis.
        y: title of the vertical axis.
        curves: names in the legend by array.
        marked: entry of the summary at which a vertical line is drawn; empty for none.
        log_x, log_y: whether the axes are logarithmic.
    """

    title: str
    x: tuple[str, str]
    y: str
    curves: Mapping[str, str]
    marked: str = ""
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a failure mode found.

    Attributes:
        eta: (n,) as it should be.
        other: (n,) after the mistake or the change; NaN where it has no value.
        columns: more of them, (n,) each.
        summary: numbers that the sentence says, JSON values.
        arrays: that are not per example.
    """

    eta: np.ndarray
    other: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence is made from.

    Attributes:
        summary: of the answer, with `n`, `d` and `strength`.
        called: what an example is called, by its id, ready to be shown.
        classes: whether labels are classes and may be told.
    """

    summary: Mapping[str, Any]
    called: Callable[[int], str]
    classes: bool

    def __getitem__(self, name: str) -> Any:
        """An entry of the summary."""
        return self.summary[name]

    def correlation(self, name: str) -> str:
        """A rank correlation of the summary; of columns in which all are equal there is none.

        >>> said = Said({"a": -0.25, "b": float("nan")}, str, True)
        >>> said.correlation("a"), said.correlation("b")
        ('-0.250', '(all are equal)')
        """
        value = float(self.summary[name])
        return "(all are equal)" if math.isnan(value) else f"{value:.3f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One failure mode.

    Attributes:
        name: short, as an option's value.
        title: in words.
        data: the data set on which it is usually shown.
        needs: what it needs of the data.
        strength: the number that makes it stronger.
        other: what `eta_other` is, in a few words, for an axis.
        shown: what `eta` is, likewise.
        why: why it happens, in a sentence.
        instead: what to do instead, in a sentence.
        module: that computes it: `run(dataset, strength)` to an `Outcome`, and `sentence(said)`.
        lines: its figure of curves; None for none.
        beside: a column against which `eta_other` is drawn too; empty for none.
    """

    name: str
    title: str
    data: DataSpec
    needs: Needs
    strength: Strength
    other: str
    shown: str = "η as it should be"
    why: str
    instead: str
    module: str
    lines: Lines | None = None
    beside: str = ""

    def run(self, dataset: Dataset, strength: float) -> Outcome:
        """Compute it.

        Args:
            dataset: that `check` has let pass.
            strength: in its range.
        """
        found: Outcome = Late(self._path, "run")(dataset, strength)
        return found

    def sentence(self, said: Said) -> str:
        """What was found, with its numbers."""
        return str(Late(self._path, "sentence")(said))

    @property
    def _path(self) -> str:
        return f"fil_core.learn.failures.{self.module}"

    def check(self, dataset: Dataset) -> None:
        """Refuse data on which it cannot be shown.

        Raises:
            BadData: the message names data that can be used.
        """
        expected, has = _NEEDS[self.needs]
        if dataset.task == "sequences" or dataset.n < _FEWEST or not has(dataset):
            expected += f", {_FEWEST} rows or more" if dataset.n < _FEWEST else ""
            raise BadData(f"{self.name}: expected {expected}; got {_described(dataset)}. Type {options(self.data)}.")


def _described(dataset: Dataset) -> str:
    """What data have of the things that modes need."""
    classes = len(dataset.class_names)
    kind = "sentences" if dataset.task == "sequences" else f"{classes} classes" if classes else "a real-valued target"
    ball = "" if dataset.preprocessing.unit_ball else ", not divided by the largest norm of a row"
    return f"{dataset.title} with {kind}, {dataset.n:,} rows and {dataset.d:,} features{ball}"


_NEEDS: dict[Needs, tuple[str, Callable[[Dataset], bool]]] = {
    "classes": ("classes", lambda data: bool(data.class_names)),
    "two classes": ("two classes", lambda data: len(data.class_names) == 2),
    "regression": ("a real-valued target", lambda data: not data.class_names),
    "features": ("rows of features", lambda data: True),
    "unit ball": (
        "features divided by the largest norm of a row (--preprocess unit-ball)",
        lambda data: data.preprocessing.unit_ball and bool(np.any(data.X)),
    ),
    "few points": (
        f"a real-valued target, 4 to {MOST_POINTS} rows and at most {MOST_FEATURES} features",
        lambda data: not data.class_names and 4 <= data.n <= MOST_POINTS and data.d <= MOST_FEATURES,
    ),
}


def options(spec: DataSpec) -> str:
    """A data set as a person types it in a shell.

    >>> options(DataSpec(name="digits", classes=("5", "8"), pca=20))
    '--data digits --classes 5,8 --pca 20'
    """
    words = []
    for each in dataclasses.fields(spec):
        declared, value = option_of(each), getattr(spec, each.name)
        if declared is not None and declared.identity and (declared.always or value != each.default):
            words.append(typed(declared.flag, declared.kind.write(value)))
    return " ".join(words)
