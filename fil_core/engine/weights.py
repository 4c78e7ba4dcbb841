"""Weights of the training examples from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fil_core.data.own.frames import READERS
from fil_core.data.own.uploads import save_upload
from fil_core.dataset import Dataset, fingerprint
from fil_core.engine.store import Store
from fil_core.engine.uploads import WEIGHTS, positions
from fil_core.errors import BadData
from fil_core.models.checks import check_weights
from fil_core.result import Result
from fil_core.specs.weights import GivenWeights

_COLUMNS = ("id", "weight")
_LISTED = 3  # wrong ids that an error lists


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
        table = READERS[suffix](path)  # checks the size first: a few kilobytes can decompress to billions of entries
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
    if dataset.id_names is not None:
        table = table.assign(id=_numbered(table["id"], dataset))
    numbers = table[list(_COLUMNS)].apply(pd.to_numeric, errors="coerce")
    incomplete = np.flatnonzero(numbers.isna().any(axis=1))
    if incomplete.size:
        raise BadData(
            f"weights: expected a number in id and weight of every row; row {incomplete[0] + 1} has none "
            f"({incomplete.size:,} rows)."
        )
    series = numbers.set_index("id")["weight"].astype(np.float64)
    if series.index.has_duplicates:
        raise BadData(f"weights: expected each id once; got {series.index[series.index.duplicated()][0]:.15g} twice.")
    missing, unknown = np.setdiff1d(dataset.ids, series.index), np.setdiff1d(series.index, dataset.ids)
    if len(missing) or len(unknown):
        parts = [
            f"{len(ids):,} {what} ({_first(ids)})"
            for ids, what in ((missing, "missing"), (unknown, "unknown"))
            if len(ids)
        ]
        raise BadData(f"weights: expected the ids of the {dataset.n:,} training examples; got {' and '.join(parts)}.")
    return series.loc[dataset.ids].to_numpy()


def _numbered(names: pd.Series, dataset: Dataset) -> np.ndarray:
    """The ids of the examples that have these names.

    Raises:
        BadData: a name that no training example has.
    """
    rows = positions(names, dataset)
    if (rows < 0).any():
        raise BadData(f"weights: expected names of training examples; got {str(names.iloc[rows.argmin()])[:40]!r}.")
    return dataset.ids[rows]


def _first(ids: np.ndarray) -> str:
    more = ", …" if len(ids) > _LISTED else ""
    return ", ".join(f"{id:.15g}" for id in ids[:_LISTED]) + more
