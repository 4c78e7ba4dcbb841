"""Weights of the training examples from a file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.data.own.frames import read_frame
from fil_core.dataset import Dataset, fingerprint
from fil_core.display.numbers import counted
from fil_core.engine.ids import likely_cause, positions
from fil_core.engine.store import Store
from fil_core.engine.tables import check_columns, read_columns
from fil_core.engine.uploads import WEIGHTS, ReadTable, naming
from fil_core.errors import BadData
from fil_core.models.checks import check_weights
from fil_core.result import Result
from fil_core.specs.weights import GivenWeights

_COLUMN = "weight"
_LISTED = 3  # wrong ids that an error lists
_SHOWN = 40  # characters of a wrong entry


def keep_weights(store: Store, table: pd.DataFrame, dataset: Dataset, *, title: str = "") -> GivenWeights:
    """Put weights into the store, where requests name them by their content.

    Args:
        store: where they are kept.
        table: columns `id` and `weight`, every training example of the data set once.
        dataset: the examples they are for.
        title: name of their file, for messages.

    Returns:
        The weighting that a `ModelSpec` takes.

    Raises:
        BadData: columns or ids are missing, unknown or repeated.
        BadRequest: a weight is negative or not finite, or all weights of a class are 0.
    """
    with naming(WEIGHTS, title):
        weights = _aligned(table, dataset)
        check_weights(weights, dataset)
    digest = fingerprint(WEIGHTS, dataset.fingerprint, weights)
    summary = {"title": dataset.title, "fingerprint": dataset.fingerprint, "file": title}
    store.put(digest, Result(pd.DataFrame(), {"weights": weights}, summary, {"analysis": WEIGHTS}))
    return GivenWeights(digest=digest)


def read_weights(name: str, content: bytes | None = None, *, read: ReadTable = read_frame) -> pd.DataFrame:
    """A table of weights from a CSV or Parquet file, such as the command `irfil` writes.

    Args:
        name: its path; beside `content` only the suffix counts.
        content: the bytes of an uploaded file; None reads the path.
        read: reads the file, in this process or in the sandbox.

    Raises:
        BadData: the file cannot be read, or lacks the columns `id` and `weight`.
    """
    return read_columns(WEIGHTS, _COLUMN, name, content, read=read)


def _aligned(table: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    """The weights in the data set's order."""
    check_columns(WEIGHTS, _COLUMN, table, "the table")
    weights = pd.to_numeric(table["weight"], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    _check_complete(table, weights)
    rows = positions(table["id"], dataset)
    known, unknown = rows[rows >= 0], table["id"][rows < 0]
    if (twice := pd.Series(known).duplicated()).any():
        raise BadData(f"weights: expected each id once; got {_called(known[twice.to_numpy()], dataset)[0]} twice.")
    missing = _called(np.setdiff1d(np.arange(dataset.n), known), dataset)
    if missing or len(unknown):
        parts = [
            f"{len(ids):,} {what} ({_first(ids)})"
            for ids, what in ((missing, "missing"), (list(map(_written, unknown)), "unknown"))
            if len(ids)
        ]
        raise BadData(
            f"weights: expected the ids of the {counted(dataset.n, 'training example')}; got {' and '.join(parts)}. "
            f"{likely_cause(table['id'], dataset)}"
        )
    aligned = np.empty(dataset.n)
    aligned[rows] = weights
    return aligned


def _check_complete(table: pd.DataFrame, weights: np.ndarray) -> None:
    incomplete = np.flatnonzero(np.isnan(weights) | table["id"].isna().to_numpy() | (table["id"] == "").to_numpy())
    if incomplete.size:
        entry = table["weight"].iloc[incomplete[0]]
        is_text = isinstance(entry, str) and entry.strip() and np.isnan(weights[incomplete[0]])
        got = f", but {entry[:_SHOWN]!r}" if is_text else ""
        raise BadData(
            f"weights: expected an id and a number in weight of every row; row {incomplete[0] + 1} has none{got} "
            f"({counted(incomplete.size, 'row')})."
        )


def _called(rows: np.ndarray, dataset: Dataset) -> list[str]:
    return list(map(str, dataset.called(dataset.ids[rows])))


def _written(id: object) -> str:
    return f"{id:.15g}" if isinstance(id, float) else str(id)[:40]


def _first(ids: list[str]) -> str:
    return ", ".join(ids[:_LISTED]) + (", …" if len(ids) > _LISTED else "")
