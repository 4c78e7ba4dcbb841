"""The random draw of training rows."""

from __future__ import annotations

import numpy as np

from fil_core.errors import BadData
from fil_core.specs import DataSpec


def draw(rows: np.ndarray, spec: DataSpec) -> np.ndarray:
    """A random subset of rows without replacement, in the source's order; all of them where none is asked for.

    Raises:
        BadData: more rows are asked for than there are.
    """
    if spec.subset is None:
        return rows
    if spec.subset > len(rows):
        raise BadData(f"subset: expected at most the {len(rows):,} training rows available; got {spec.subset:,}.")
    return np.sort(np.random.default_rng(spec.seed).choice(rows, spec.subset, replace=False))


def note_of_draw(spec: DataSpec) -> str:
    """The sentence on a draw."""
    return f"{spec.subset:,} training row{'' if spec.subset == 1 else 's'} drawn at random with seed {spec.seed}."
