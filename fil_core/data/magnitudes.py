"""Numbers so large or so small that a measure would overflow or vanish in float64: refused by name.

eta, its secular equation and the bounds multiply up to eight features, targets or their inverses. Features and targets
of the model between 1e-20 and 1e20 keep every one of these products, at penalties from zero on; those of the source
may go further where preprocessing brings them back, as long as their squares exist.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fil_core.errors import BadData

_MODEL, _SOURCE = 1e20, 1e100


def check_features(names: Sequence[str], least: np.ndarray, most: np.ndarray, *, scaled: bool) -> None:
    """Refuse columns that no model can be measured on.

    Args:
        names: of the d columns.
        least: (d,) the smallest value of each.
        most: (d,) the largest.
        scaled: whether preprocessing divides by a size that the rows have.

    Raises:
        BadData: a column's largest value, other than zero, lies beyond 1e-100 to 1e100; or, where nothing is scaled,
            the largest of all lies beyond 1e-20 to 1e20.
    """
    sizes = np.maximum(np.abs(least), np.abs(most)).astype(np.float64)
    for name, size in zip(names, sizes, strict=True):
        _require(f"column {name!r}", float(size), _SOURCE, "Express it in another unit.")
    if not scaled:
        j = int(sizes.argmax())
        _require(f"column {names[j]!r}", float(sizes[j]), _MODEL, "Express it in another unit, or scale the features.")


def check_target(name: str, y: np.ndarray, *, scaled: bool) -> None:
    """Refuse targets of a regression that no model can be measured on.

    Args:
        name: of the target.
        y: (n,) targets.
        scaled: whether they are divided by their standard deviation.

    Raises:
        BadData: the largest lies beyond 1e-20 to 1e20, or where they are scaled beyond 1e-100 to 1e100.
    """
    largest = float(np.abs(y).max(initial=0.0))
    _require(f"target {name!r}", largest, _SOURCE if scaled else _MODEL, "Express it in another unit.")


def _require(what: str, size: float, most: float, remedy: str) -> None:
    if size and not 1 / most <= size <= most:
        raise BadData(
            f"{what}: expected numbers whose largest is between {1 / most:g} and {most:g} in size, so that none of its "
            f"products overflows or vanishes; got {size:g}. {remedy}"
        )
