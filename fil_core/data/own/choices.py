"""How a file of one's own is to be read: what a person chooses before anything is computed."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from fil_core.errors import BadRequest
from fil_core.specs.checks import choice, texts

Missing = Literal["refuse", "drop", "fill"]
TaskChoice = Literal["auto", "classification", "regression"]
DEFAULT_TEST_FRACTION = 0.2
_MOST_TESTED = 0.9
_SIDES = (1, 4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How to read a file.

    Attributes:
        target: the column to predict; needed for a table, not for images, whose folders are their classes.
        sensitive: columns whose attribute inference matters; their eta stands beside the whole example's.
        id: the column that names the rows; empty counts them from 0.
        left_out: columns that are no features.
        categorical: columns of numbers that are names of categories.
        missing: what becomes of missing entries: `refuse` the file, `drop` their rows, or `fill` them in with the
            median of the training rows (numbers) or a level of their own (categories).
        task: what the target is; `auto` takes texts and few whole numbers for classes.
        test_fraction: share of the rows held out, 0 to 0.9; None takes the file's own split, else a fifth.
        image_size: (height, width) that images are resized to; None leaves them.
    """

    target: str = ""
    sensitive: tuple[str, ...] = ()
    id: str = ""
    left_out: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    missing: Missing = "refuse"
    task: TaskChoice = "auto"
    test_fraction: float | None = None
    image_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in ("sensitive", "left_out", "categorical"):
            object.__setattr__(self, name, tuple(dict.fromkeys(texts(name, getattr(self, name)))))
        choice("missing", self.missing, get_args(Missing))
        choice("task", self.task, get_args(TaskChoice))
        if self.test_fraction is not None:
            object.__setattr__(self, "test_fraction", _fraction(self.test_fraction))
        if self.image_size is not None:
            object.__setattr__(self, "image_size", _size(self.image_size))
        self._check_roles()

    def _check_roles(self) -> None:
        roles = {"target": (self.target,), "id": (self.id,), "left out": self.left_out}
        seen: dict[str, str] = {}
        for role, names in roles.items():
            for name in filter(None, names):
                if name in seen:
                    raise BadRequest(f"column {name!r}: expected one role; got {seen[name]} and {role}.")
                seen[name] = role
        for name in self.sensitive:
            if name in seen:
                raise BadRequest(
                    f"column {name!r}: expected a sensitive column to be a feature; got it as {seen[name]}."
                )

    def plain(self) -> dict[str, Any]:
        """As JSON values; `choices_of` gives them back."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}


def choices_of(values: dict[str, Any]) -> Choices:
    """The choices behind plain values."""
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return Choices(**given)


def image_size(text: str) -> tuple[int, int]:
    """Height and width from `32x32`.

    Raises:
        BadRequest: another text.
    """
    found = re.fullmatch("([0-9]{1,4})[x×]([0-9]{1,4})", text.strip())
    if not found:
        raise BadRequest(f"image size: expected HEIGHTxWIDTH, such as 32x32; got {text!r}.")
    return _size((int(found[1]), int(found[2])))


def _size(value: tuple[int, int]) -> tuple[int, int]:
    low, high = _SIDES
    if len(value) != 2 or not all(isinstance(side, int) and low <= side <= high for side in value):
        raise BadRequest(f"image size: expected two whole numbers from {low} to {high:,}; got {value!r}.")
    return (value[0], value[1])


def _fraction(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadRequest(f"test fraction: expected a number from 0 to {_MOST_TESTED}; got {value!r}.")
    if not 0 <= value <= _MOST_TESTED:
        raise BadRequest(
            f"test fraction: expected a number from 0 (every row trains) to {_MOST_TESTED}; got {value!r}."
        )
    return float(value)
