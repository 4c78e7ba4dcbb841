"""The examples whose mean loss is meant by a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.models.networks.inputs import validation_rows
from fil_core.specs.targets import SELF, TEST_LOSS, parts_of

Split = Literal["train", "test"]
_NAMED = 8  # classes that a message names


@dataclass(frozen=True, slots=True)
class Target:
    """Examples whose mean loss is meant.

    Attributes:
        split: which they are of.
        rows: (m,) their positions there, m >= 1.
    """

    split: Split
    rows: np.ndarray

    def of(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """Features and targets of the examples."""
        if self.split == "train":
            return dataset.X[self.rows], dataset.y[self.rows]
        return dataset.X_test[self.rows], dataset.y_test[self.rows]


def target_of(written: str, dataset: Dataset, validation: int) -> Target | None:
    """The examples of a target; None for `self`, which has another one for each training example.

    Args:
        written: as `specs.targets.target` checks it.
        dataset: whose examples they are.
        validation: number of test rows, from the first on, that the test loss is a mean over.

    Raises:
        BadData: it is not there.
    """
    kind, names = parts_of(written)
    if kind == SELF:
        return None
    if kind in ("id", "ids"):
        rows = {_row(name, dataset) for name in names}
        return Target("train", np.array(sorted(rows)))
    if kind == TEST_LOSS:
        return Target("test", np.arange(validation))
    if kind == "test":
        return Target("test", np.array([_test_row(int(names[0]), validation)]))
    return Target("test", _of_class(names[0], dataset, validation))


def _row(name: str, dataset: Dataset) -> int:
    try:
        return dataset.row(dataset.number(name))
    except BadData as error:
        raise BadData(f"target: {str(error).removeprefix('example: ')}") from error


def _test_row(row: int, validation: int) -> int:
    if row >= validation:
        raise BadData(f"target: expected a test row from 0 to {validation - 1:,}; got test:{row}.")
    return row


def _of_class(name: str, dataset: Dataset, validation: int) -> np.ndarray:
    if name not in dataset.class_names:
        none = "none: it holds sentences" if dataset.vocabulary else "none: the target is a number"
        known = ", ".join(dataset.class_names[:_NAMED]) if dataset.class_names else none
        raise BadData(f"target: expected a class of {dataset.title} ({known}); got class:{name}.")
    rows = np.flatnonzero(dataset.y_test[:validation] == dataset.class_names.index(name))
    if not len(rows):
        raise BadData(f"target: expected a class that the {validation:,} test rows have; none is of class {name}.")
    return rows


def rows_meant(written: str, dataset: Dataset, size: int | None) -> int:
    """Number of test rows that a target is about, from the first on; 0 where it needs none.

    Args:
        written: the target.
        dataset: whose test rows they are.
        size: how many are asked for; None for all.

    Raises:
        BadData: there are none.
        BadRequest: there are fewer.
    """
    if parts_of(written)[0] not in (TEST_LOSS, "test", "class"):
        return 0
    if not len(dataset.X_test):
        raise BadData(
            f"target: expected self, id:EXAMPLE or ids:A,B, since {dataset.title} has no test rows; got {written}. Or "
            "hold out a part of your own with --test-fraction."
        )
    return validation_rows(dataset, size)
