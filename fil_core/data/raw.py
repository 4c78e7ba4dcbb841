"""What a loader returns: all rows of a source, before selection and preprocessing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from fil_core.dataset import AttributeGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A source before selection. `X` may be memory-mapped, so that only the selected rows are read.

    Attributes:
        X: (n, d0) uint8 pixels or float64 table entries, rows in the order of the source.
        y: (n,) class codes (index into `class_names`), or real values for regression.
        ids: (n,) row numbers in the source, ascending.
        X_test, y_test: the test split, of the same form.
        class_names: names of the classes, empty for regression.
        feature_names: d0 names.
        groups: one-hot blocks among the columns, by attribute name.
        image_shape: (H, W) or (H, W, 3), or None for a table.
        continuous: indices of the columns that may be standardised; None means all.
        pixel_max: value of a fully bright pixel, or None for a table.
        target_name: name of the target in the source.
        standardise_target: whether a regression's target is to be standardised with the selected training rows, because
            a model without an intercept cannot reach a mean that is not zero.
        intercept: whether models have a constant term unless asked otherwise, where the data call for one.
        notes: sentences on how the source was read.
        sensitive: attributes (of `groups` or `feature_names`) whose leakage is reported separately.
        gaps: indices of the columns in which NaN stands for a missing value, to be filled in with the median of the
            training rows once these are selected.
        kept: indices of the columns that stay although they are constant, because a model is to have them as features.
        test_names: (m,) what the source calls the rows of the test split, numbers or texts; None where it counts them
            from 0, or does not say.
        id_names: (n,) ids of the rows that are not whole numbers; None where `ids` are the ids.
    """

    X: np.ndarray
    y: np.ndarray
    ids: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...] = ()
    groups: dict[str, AttributeGroup] = field(default_factory=dict)
    image_shape: tuple[int, ...] | None = None
    continuous: tuple[int, ...] | None = None
    pixel_max: float | None = None
    target_name: str = "label"
    standardise_target: bool = False
    intercept: bool = False
    notes: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    gaps: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    id_names: np.ndarray | None = None
    test_names: np.ndarray | None = None


def fixed_split(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Train (80 %) and test row numbers, each ascending, for a source without a predefined split."""
    return split_rows(n, 0.2)


def split_rows(n: int, test_fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Train and test row numbers, each ascending; a fixed random split. A fraction of 0 makes every row a training row.

    Args:
        n: number of rows.
        test_fraction: share of test rows, 0 to 1; their number is rounded up.
    """
    order = np.random.default_rng(0).permutation(n)
    cut = n - math.ceil(n * test_fraction - 1e-6)  # 1e-6 absorbs rounding, so that 0.1 of ten rows is one row
    return np.sort(order[:cut]), np.sort(order[cut:])
