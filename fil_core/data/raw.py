"""What a loader hands over: the rows of a source, before anybody chose among them or rescaled them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from fil_core.dataset import AttributeGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A source as read, nothing selected yet. `X` may be memory-mapped, so that only chosen rows are ever read.

    Attributes:
        X: (n, d0) uint8 pixels or float64 table entries, rows in the order of the source.
        y: (n,) class codes (index into `class_names`), or real values for regression.
        ids: (n,) row numbers in the source, ascending.
        X_test, y_test: the held-out split, likewise.
        class_names: names of the classes, empty for regression.
        feature_names: d0 names.
        groups: one-hot blocks among the columns.
        image_shape: (H, W) or (H, W, 3), or None for a table.
        continuous: numbers of the columns that may be standardised; None means all.
        pixel_max: value of a fully bright pixel, or None for a table.
        target_name: what the source calls the target.
        notes: what a reader must know about the source.
        sensitive: attributes (of `groups` or `feature_names`) whose leakage matters on its own.
        id_names: (n,) what the source calls the rows, where that is no number; None where `ids` say it.
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
    notes: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    id_names: np.ndarray | None = None


def fixed_split(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Train (80 %) and test row numbers, each ascending, of a source that comes without a split of its own."""
    return split_rows(n, 0.2)


def split_rows(n: int, test_fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Train and test row numbers, each ascending; always the same ones. With a fraction of 0 all of them train."""
    order = np.random.default_rng(0).permutation(n)
    cut = n - math.ceil(n * test_fraction - 1e-6)  # a tenth of ten rows is one row, whatever 0.1 is in binary
    return np.sort(order[:cut]), np.sort(order[cut:])
