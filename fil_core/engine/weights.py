"""Weights of the training examples out of a file."""

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
from fil_core.models.fitted import check_weights
from fil_core.result import Result
from fil_core.specs.weights import GivenWeights

_COLUMNS = ("id", "weight")
_NAMED = 3  # wrong ids that an error lists


def keep_weights(store: Store, table: pd.DataFrame, dataset: Dataset) -> GivenWeights:
    """Put weights into the store under the name of their content, to be named by requests.

    Args:
        store: where they are kept.
        table: columns `id` and `weight`, every training example of the data set once.
        dataset: the examples they are for.

    Raises:
        BadData: columns or ids that do not fit, or that are there twice.
        BadRequest: no weights: negative, not finite, or none left for a class.
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
        name: its path, of which `content` needs the suffix alone.
        content: what is in it, for a file that was handed in.

    Raises:
        BadData: the file cannot be read, or lacks the columns `id` and `weight`.
    """
    shown, suffix = Path(name).name, ".parquet" if Path(name).suffix.lower() == ".parquet" else ".csv"
    path = Path(name)
    try:
        path = path if content is None else save_upload(content, suffix)
        table = READERS[suffix](path)  # which looks first: a few kilobytes can stand for billions of entries
    except Exception as error:  # parsers of foreign bytes raise anything
        why = str(error).replace(path.name, shown).rstrip(".")
        raise BadData(f"weights: {shown} cannot be read as a table ({why}); expected CSV or Parquet.") from error
    table.columns = pd.Index([str(column).strip().lower() for column in table.columns])
    _check_columns(table, shown)
    return table[list(_COLUMNS)]


def _check_columns(table: pd.DataFrame, where: str) -> None:
    missing = [column for column in _COLUMNS if column not in table]
    if missing:
        found = ", ".join(map(str, table.columns[:6])) or "none"
        raise BadData(
            f"weights: expected the columns id and weight in {where}; {' and '.join(missing)} not found among {found}."
        )


def _aligned(table: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    """The weights in the data set's order."""
    _check_columns(table, "the table")
    if dataset.id_names is not None:
        table = table.assign(id=_numbered(table["id"], dataset))
    numbers = table[list(_COLUMNS)].apply(pd.to_numeric, errors="coerce")
    broken = int(numbers.isna().any(axis=1).sum())
    if broken:
        where = int(np.flatnonzero(numbers.isna().any(axis=1))[0]) + 1
        raise BadData(
            f"weights: expected a number in id and weight of every row; row {where} has none ({broken:,} rows)."
        )
    series = numbers.set_index("id")["weight"].astype(np.float64)
    if series.index.has_duplicates:
        raise BadData(f"weights: expected each id once; got {series.index[series.index.duplicated()][0]:.15g} twice.")
    missing, unknown = np.setdiff1d(dataset.ids, series.index), np.setdiff1d(series.index, dataset.ids)
    if len(missing) or len(unknown):
        parts = [
            f"{len(ids):,} {what} ({_some(ids)})"
            for ids, what in ((missing, "missing"), (unknown, "unknown"))
            if len(ids)
        ]
        raise BadData(f"weights: expected the ids of the {dataset.n:,} training examples; got {' and '.join(parts)}.")
    return series.loc[dataset.ids].to_numpy()


def _numbered(names: pd.Series, dataset: Dataset) -> np.ndarray:
    """The ids of examples given by their names.

    Raises:
        BadData: a name that no training example has.
    """
    where = positions(names, dataset)
    if (where < 0).any():
        raise BadData(f"weights: expected names of training examples; got {str(names.iloc[where.argmin()])[:40]!r}.")
    return dataset.ids[where]


def _some(ids: np.ndarray) -> str:
    more = ", …" if len(ids) > _NAMED else ""
    return ", ".join(f"{id:.15g}" for id in ids[:_NAMED]) + more
