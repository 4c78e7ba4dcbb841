"""Weights of the training examples from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fil_core.data.own.frames import read_frame
from fil_core.data.own.uploads import save_upload
from fil_core.dataset import Dataset, fingerprint
from fil_core.display.numbers import counted
from fil_core.engine.ids import likely_cause, positions
from fil_core.engine.store import Store
from fil_core.engine.uploads import WEIGHTS
from fil_core.errors import BadData
from fil_core.models.checks import check_weights
from fil_core.result import Result
from fil_core.specs.weights import GivenWeights

_COLUMNS = ("id", "weight")
_LISTED = 3  # wrong ids that an error lists
_SHOWN = 40  # characters of a wrong entry


def keep_weights(store: Store, table: pd.DataFrame, dataset: Dataset) -> GivenWeights:
    """Put weights into the store, where requests name them by their content.

    Args:
        store: where they are kept.
        table: columns `id` and `weight`, every training example of the data set once.
        dataset: the examples they are for.

    Returns:
        The weighting that a `ModelSpec` takes.

    Raises:
        BadData: columns or ids are missing, unknown or repeated.
        BadRequest: a weight is negative or not finite, or all weights of a class are 0.
    """
    weights = _aligned(table, dataset)
    check_weights(weights, dataset)
    digest = fingerprint(WEIGHTS, dataset.fingerprint, weights)
    summary = {"title": dataset.title, "fingerprint": dataset.fingerprint}
    store.put(digest, Result(pd.DataFrame(), {"weights": weights}, summary, {"analysis": WEIGHTS}))
    return GivenWeights(digest=digest)


def read_weights(name: str, content: bytes | None = None) -> pd.DataFrame:
    """A table of weights from a CSV or Parquet file, such as the command `irfil` writes.

    Args:
        name: its path; beside `content` only the suffix counts.
        content: the bytes of an uploaded file; None reads the path.

    Raises:
        BadData: the file cannot be read, or lacks the columns `id` and `weight`.
    """
    shown, suffix = Path(name).name, ".parquet" if Path(name).suffix.lower() == ".parquet" else ".csv"
    path = Path(name)
    try:
        path = path if content is None else save_upload(content, suffix)
        table = read_frame(path, ("id",))  # checks the size first: few bytes can decompress to billions of entries
    except Exception as error:  # a parser may raise any error on malformed bytes
        why = str(error).replace(path.name, shown).rstrip(".")
        raise BadData(f"weights: {shown} cannot be read as a table ({why}); expected CSV or Parquet.") from error
    table.columns = pd.Index([str(column).strip().lower() for column in table.columns])
    _check_columns(table, shown)
    return table[list(_COLUMNS)]


def _check_columns(table: pd.DataFrame, title: str) -> None:
    missing = [column for column in _COLUMNS if column not in table]
    if missing:
        present = ", ".join(map(str, table.columns[:6])) or "none"
        raise BadData(
            f"weights: expected the columns id and weight in {title}; "
            f"{' and '.join(missing)} not found among {present}."
        )


def _aligned(table: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    """The weights in the data set's order."""
    _check_columns(table, "the table")
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
