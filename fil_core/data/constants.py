"""Columns that are constant among the training rows of a table: they leave the model.

A model can only use such a column as a constant term, which an option asks for by name. Kept, its direction has no
curvature but the penalty's, and the Jacobian of every example is largest along it (docs/maths.md, before section 1).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from fil_core.data.raw import Raw
from fil_core.dataset import AttributeGroup
from fil_core.errors import BadData

_ROUNDING = 8 * np.finfo(np.float64).eps  # of the largest value: a range of a few last digits is no variation


def without_constants(raw: Raw) -> Raw:
    """A table without the columns that are constant among its training rows; pictures as they are.

    Args:
        raw: the selected rows; not modified.

    Returns:
        With a note that names the columns that were left out.

    Raises:
        BadData: every column is constant.
    """
    if raw.image_shape is not None or len(raw.X) < 2:  # a single row is refused later, for what it is
        return raw
    least, most = raw.X.min(axis=0), raw.X.max(axis=0)
    varies = most - least > _ROUNDING * np.maximum(np.abs(least), np.abs(most))
    if varies.all():
        return raw
    if not varies.any():
        raise BadData("features: expected a column that varies among the training rows; all of them are constant.")
    varies[list(raw.kept)] = True
    if varies.all():
        return raw
    names = [raw.feature_names[j] for j in np.flatnonzero(~varies)]
    new = np.cumsum(varies) - 1
    groups = {name: kept for name, group in raw.groups.items() if (kept := _renumbered(group, varies, new))}
    columns = [raw.feature_names[j] for j in np.flatnonzero(varies)]
    return dataclasses.replace(
        raw, X=np.ascontiguousarray(raw.X[:, varies]), X_test=np.ascontiguousarray(raw.X_test[:, varies]),
        feature_names=tuple(columns), groups=groups,
        kept=tuple(int(new[j]) for j in raw.kept),
        continuous=None if raw.continuous is None else tuple(int(new[j]) for j in raw.continuous if varies[j]),
        sensitive=tuple(name for name in raw.sensitive if name in groups or name in columns),
        notes=(*raw.notes, _note(names)),
    )  # fmt: skip


def _renumbered(group: AttributeGroup, varies: np.ndarray, new: np.ndarray) -> AttributeGroup | None:
    """A group without its constant columns, by their new numbers; None where no column is left."""
    kept = [(int(new[j]), level) for j, level in zip(group.columns, group.levels, strict=True) if varies[j]]
    if not kept:
        return None
    columns, levels = zip(*kept, strict=True)
    return dataclasses.replace(group, columns=columns, levels=levels)


def _note(names: list[str], most: int = 12) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    columns = "Column" if len(names) == 1 else "Columns"
    verb, each = ("does", "it") if len(names) == 1 else ("do", "them")
    return (
        f"{columns} left out of the model: {', '.join(names[:most])}{more}, which {verb} not vary among the training "
        f"rows. Where a model has an intercept, it takes the place of {each}."
    )
