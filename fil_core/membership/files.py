"""Signals as files: an archive of arrays, or a table with columns for every model, as `read_signals` reads them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd

from fil_core.data.own.signals import COLUMNS, IDS, NEEDED, OPTIONAL
from fil_core.membership.signals import Signals


def signals_npz(ids: np.ndarray, signals: Signals) -> bytes:
    """Signals as an .npz file, from which they are read to the last bit.

    Args:
        ids: (n,) what the data call the records: whole numbers, or texts.
        signals: of the n records.
    """
    arrays: dict[str, Any] = {IDS: ids.astype(str) if ids.dtype == object else ids}
    for name in (*NEEDED, *OPTIONAL):
        if (array := getattr(signals, name)) is not None:
            arrays[name] = array
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def signals_frame(ids: np.ndarray, signals: Signals) -> pd.DataFrame:
    """Signals as a table of n rows: `id`, `score_0`, ..., `inclusion_0`, ..., and losses and gradients where known.

    >>> list(signals_frame(np.array([7]), Signals(np.array([[0.5, 2.0]]), np.array([[True, False]]))))
    ['id', 'score_0', 'score_1', 'inclusion_0', 'inclusion_1']

    Args:
        ids: as of `signals_npz`.
        signals: of the n records; their population has no place in a table of records.
    """
    columns: dict[str, Any] = {"id": ids}
    for kind, name in COLUMNS.items():
        if (array := getattr(signals, name)) is not None:
            columns |= {f"{kind}_{model}": array[:, model] for model in range(signals.models)}
    return pd.DataFrame(columns)
