"""Features that tell the target alone, and names that differ in their spelling only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fil_core.data.raw import Raw

MAX_CORRELATION = 0.999  # with the target
_PER_VALUE = 5  # training rows for each different value of a feature, below which it tells a target by chance
_MAX_VALUES = 100  # different values of a number that may be a code


def tell_the_target(raw: Raw) -> list[str]:
    """Names of the numbers and categories that predict the target of the training rows alone.

    A number does so if its correlation with the target is above 0.999, or if it takes few values and all rows with the
    same value have the same class; a category if all rows of a level have the same class, or if the means of its levels
    have that correlation with the target of a regression.
    """
    continuous = range(raw.X.shape[1]) if raw.continuous is None else raw.continuous
    numbers = [raw.feature_names[j] for j in continuous if _number_tells(raw.X[:, j], raw)]
    return numbers + [g.name for g in raw.groups.values() if _codes_tell(_codes(raw.X[:, list(g.columns)]), raw)]


def _number_tells(values: np.ndarray, raw: Raw) -> bool:
    if not len(values) or np.ptp(values) == 0 or np.ptp(raw.y) == 0:
        return False
    scaled = values / np.abs(values).max()  # squares of tiny numbers would all be zero
    if scaled.std() > 0 and abs(np.corrcoef(scaled, raw.y)[0, 1]) > MAX_CORRELATION:
        return True
    different, codes = np.unique(values, return_inverse=True)
    return bool(raw.class_names) and len(different) <= _MAX_VALUES and _codes_tell(codes, raw)


def _codes(one_hot: np.ndarray) -> np.ndarray:
    """(n,) levels of a category, 0 for the baseline."""
    return np.where(one_hot.any(axis=1), one_hot.argmax(axis=1) + 1, 0)


def _codes_tell(codes: np.ndarray, raw: Raw) -> bool:
    """Whether the rows of each level have one class, or a regression's target has nearly no variance within levels."""
    levels, codes = np.unique(codes, return_inverse=True)
    if np.ptp(raw.y) == 0 or len(codes) < _PER_VALUE * len(levels):
        return False
    y = raw.y.astype(np.float64)
    means = np.bincount(codes, weights=y) / np.bincount(codes)
    within = ((y - means[codes]) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    # The correlation of the target with the means of its levels is the root of the variance that they explain.
    return bool(within < (1e-12 if raw.class_names else 1 - MAX_CORRELATION**2))


def spellings(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Names that differ in case, surrounding spaces or the way a number is written only.

    >>> spellings(["Yes", "no", "yes", "Yes "])
    [('Yes', 'yes', 'Yes ')]
    """
    same: dict[str | float, list[str]] = {}
    for name in names:
        same.setdefault(_plain(name), []).append(name)
    return [tuple(several) for several in same.values() if len(several) > 1]


def _plain(name: str) -> str | float:
    try:
        return float(name)
    except ValueError:
        return " ".join(name.split()).casefold()
