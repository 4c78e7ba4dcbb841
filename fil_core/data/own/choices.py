"""The user's choices on how to read a file of own data."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from fil_core.data.own.numerals import DECIMALS, THOUSANDS, Notation
from fil_core.errors import BadRequest
from fil_core.specs.checks import choice, texts
from fil_core.specs.texts import read_names, write_names

Missing = Literal["refuse", "drop", "fill"]
Dates = Literal["refuse", "days"]
TaskChoice = Literal["auto", "classification", "regression"]
DEFAULT_TEST_FRACTION = 0.2
_MAX_TEST_FRACTION = 0.9
_NO_TEXTS = '""'
_MIN_SIDE, _MAX_SIDE = 1, 4096  # pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How to read a file.

    Attributes:
        target: column to predict; required for a table. For images it stays empty, as their folders are the classes.
        sensitive: columns whose attribute inference matters; their eta is reported beside the eta of the example.
        id: column with the ids of the rows; empty for row numbers from 0.
        left_out: columns that are not used as features.
        categorical: columns to treat as categories, whatever they hold.
        missing: how to handle missing values: `refuse` the file, `drop` rows with missing values, or `fill` in the
            median of the training rows (numbers) or a level of its own (categories). A target is never filled in.
        missing_texts: texts that stand for a missing value, as an empty entry always does; None for the usual ones (NA,
            nan, null, ...) in a file of text. In a column of numbers the usual ones are always missing.
        decimal: the decimal mark of numbers written as text.
        thousands: what separates groups of three digits in numbers written as text; empty for nothing.
        dates: whether dates are refused as features, or read as days since the earliest one of their column.
        task: type of the target; with `auto`, text and at most 20 different whole numbers are classes.
        test_fraction: share of test rows, 0 to 0.9; None for the split of the file if it has one, else 0.2.
        image_size: (height, width) in pixels to resize images to; None for no resizing.
    """

    target: str = ""
    sensitive: tuple[str, ...] = ()
    id: str = ""
    left_out: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    missing: Missing = "refuse"
    missing_texts: tuple[str, ...] | None = None
    decimal: str = "."
    thousands: str = ""
    dates: Dates = "refuse"
    task: TaskChoice = "auto"
    test_fraction: float | None = None
    image_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in ("sensitive", "left_out", "categorical"):
            object.__setattr__(self, name, tuple(dict.fromkeys(texts(name, getattr(self, name)))))
        if self.missing_texts is not None:
            object.__setattr__(self, "missing_texts", _missing_texts(self.missing_texts))
        choice("--missing", self.missing, get_args(Missing))
        choice("--task", self.task, get_args(TaskChoice))
        choice("--dates", self.dates, get_args(Dates))
        self._check_notation()
        if self.test_fraction is not None:
            object.__setattr__(self, "test_fraction", _fraction(self.test_fraction))
        if self.image_size is not None:
            object.__setattr__(self, "image_size", _size(self.image_size))
        self._check_roles()

    @property
    def notation(self) -> Notation:
        """How numbers are written."""
        return Notation(self.decimal, self.thousands)

    def _check_notation(self) -> None:
        for flag, value, marks in (("decimal", self.decimal, DECIMALS), ("thousands", self.thousands, THOUSANDS)):
            if value not in marks:
                listed = " or ".join(repr(mark) for mark in marks if mark)
                raise BadRequest(f"--{flag}: expected {listed}; got {value!r}.")
        if self.decimal == self.thousands:
            raise BadRequest(f"--thousands: expected another mark than --decimal; got {self.thousands!r} for both.")

    def _check_roles(self) -> None:
        roles = {"--target": (self.target,), "--id": (self.id,), "--leave-out": self.left_out}
        seen: dict[str, str] = {}
        for role, names in roles.items():
            for name in filter(None, names):
                if name in seen:
                    raise BadRequest(f"column {name!r}: expected one role; got {seen[name]} and {role}.")
                seen[name] = role
        for option, names in {"--sensitive": self.sensitive, "--categorical": self.categorical}.items():
            # The target may be named categorical: its numbers are then classes.
            taken = {name: role for name, role in seen.items() if option == "--sensitive" or role != "--target"}
            for name in filter(taken.__contains__, names):
                raise BadRequest(f"{option}: expected columns that are features; got {name!r}, which is {taken[name]}.")

    def plain(self) -> dict[str, Any]:
        """As JSON values; the inverse of `choices_of`."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}


def choices_of(values: dict[str, Any]) -> Choices:
    """`Choices` from the JSON values of `Choices.plain`."""
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return Choices(**fields)


def read_missing_texts(text: str) -> tuple[str, ...]:
    """Texts that stand for a missing value, from a list with commas; `""` alone for empty entries only.

    >>> read_missing_texts("NA,-999"), read_missing_texts('""')
    (('NA', '-999'), ())

    Raises:
        BadRequest: the text is no such list.
    """
    if text.strip() in ("", _NO_TEXTS):
        return ()
    try:
        return read_names(text)
    except ValueError as error:
        raise BadRequest(f"--missing-texts: {error}.") from error


def write_missing_texts(missing: tuple[str, ...]) -> str:
    """The inverse of `read_missing_texts`."""
    return write_names(missing) or _NO_TEXTS


def image_size(text: str) -> tuple[int, int]:
    """Height and width, in pixels, from a text such as `32x32`.

    Raises:
        BadRequest: a text of another form.
    """
    match = re.fullmatch("([0-9]{1,9})[x×]([0-9]{1,9})", text.strip())
    if not match:
        raise BadRequest(f"--image-size: expected HEIGHTxWIDTH, such as 32x32; got {text!r}.")
    return _size((int(match[1]), int(match[2])))


def _missing_texts(value: Any) -> tuple[str, ...]:
    """Different texts that stand for a missing value; the empty one needs no name, as it always does."""
    return tuple(dict.fromkeys(text.strip() for text in texts("--missing-texts", value) if text.strip()))


def _size(value: tuple[int, int]) -> tuple[int, int]:
    if len(value) != 2 or not all(isinstance(side, int) and _MIN_SIDE <= side <= _MAX_SIDE for side in value):
        raise BadRequest(f"--image-size: expected two whole numbers from {_MIN_SIDE} to {_MAX_SIDE:,}; got {value!r}.")
    return (value[0], value[1])


def _fraction(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadRequest(f"--test-fraction: expected a number from 0 to {_MAX_TEST_FRACTION}; got {value!r}.")
    if not 0 <= value <= _MAX_TEST_FRACTION:
        raise BadRequest(
            f"--test-fraction: expected a number from 0 (every row trains) to {_MAX_TEST_FRACTION}; got {value!r}."
        )
    return float(value)
