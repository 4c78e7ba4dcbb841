"""Planted label noise: training labels that are replaced on purpose, so that one knows which are wrong."""

from __future__ import annotations

import dataclasses

import numpy as np

from fil_core.data.raw import Raw
from fil_core.errors import BadData

_STREAM = 1  # of the seed: the draw of a subset, which takes the seed itself, says nothing about this one
_MOST_DRAWS = 1000  # until every class keeps a row; a class lost more often than that is all but sure to be lost


def plant(raw: Raw, share: float | None, seed: int) -> tuple[Raw, np.ndarray | None]:
    """Replace a share of the training labels by other classes.

    k = max(1, round(share n)) rows are drawn without replacement, and each gets one of the C - 1 other classes, all
    equally likely. A draw in which a class keeps no row is thrown away and drawn again. Test labels stay as they are.

    Args:
        raw: the selected training rows, of C >= 2 classes that all occur; not modified.
        share: of the training labels, in (0, 0.5]; None replaces none.
        seed: the same seed and the same labels give the same noise.

    Returns:
        The rows with their new labels and a note, and (n,) bool, true where a label was replaced; the rows as they are
        and None without noise.

    Raises:
        BadData: no draw leaves every class a row.
    """
    if share is None:
        return raw, None
    n, classes = len(raw.y), len(raw.class_names)
    count = max(1, round(share * n))
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    for _ in range(_MOST_DRAWS):
        rows = rng.choice(n, count, replace=False)
        y = raw.y.copy()
        y[rows] = (y[rows] + rng.integers(1, classes, count)) % classes
        if len(np.unique(y)) == classes:
            break
    else:
        raise BadData(
            f"label_noise: expected noise that leaves each of the {classes} classes a training row; {count:,} of {n:,} "
            "labels replaced leave one without. Choose less noise, more rows or fewer classes."
        )
    flipped = np.zeros(n, dtype=bool)
    flipped[rows] = True
    note = (
        f"{100 * share:g} % of the training labels ({count:,} of {n:,}) were replaced at random by another class, with "
        f"seed {seed}."
    )
    return dataclasses.replace(raw, y=y, notes=(*raw.notes, note)), flipped
