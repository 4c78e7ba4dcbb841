"""Groups of training examples from a file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.columns import as_texts
from fil_core.data.own.frames import read_frame
from fil_core.dataset import Dataset, fingerprint
from fil_core.engine.ids import counted_from_one, likely_cause, positions
from fil_core.engine.store import Store
from fil_core.engine.tables import check_columns, read_columns
from fil_core.engine.uploads import GROUPS, ReadTable, naming
from fil_core.errors import BadData
from fil_core.result import Result

_COLUMN = "group"


def read_groups(name: str, content: bytes | None = None, *, read: ReadTable = read_frame) -> pd.DataFrame:
    """A table of groups from a CSV or Parquet file.

    Args:
        name: its path; beside `content` only the suffix counts.
        content: the bytes of an uploaded file; None reads the path.
        read: reads the file, in this process or in the sandbox.

    Raises:
        BadData: the file cannot be read, or lacks the columns `id` and `group`.
    """
    return read_columns(GROUPS, _COLUMN, name, content, texts=("id", _COLUMN), read=read)


def keep_groups(store: Store, table: pd.DataFrame, dataset: Dataset, *, title: str = "") -> str:
    """Put groups of training examples into the store, where requests name them by their content.

    Args:
        store: where they are kept.
        table: columns `id` and `group`, the name of its group. Training examples that are not in it, or have no entry
            there, are in no group; ids of no training example are ignored.
        dataset: the examples they are of.
        title: name of their file, for messages.

    Returns:
        Their name, 64 hex characters.

    Raises:
        BadData: columns are missing, no training example is in a group, one is there twice, or ids count from 1.
    """
    with naming(GROUPS, title):
        groups, unknown = _groups(table, dataset)
    written = [f"{id}={group}" for id, group in groups["group"].items()]
    digest = fingerprint(GROUPS, dataset.fingerprint, repr(written))
    summary = {"title": dataset.title, "fingerprint": dataset.fingerprint, "file": title, "unknown": unknown}
    store.put(digest, Result(groups, {}, summary, {"analysis": GROUPS}))
    return digest


def _groups(table: pd.DataFrame, dataset: Dataset) -> tuple[pd.DataFrame, int]:
    """The group of each training example that has one, in their order, and the number of ids of none."""
    check_columns(GROUPS, _COLUMN, table, "the table")
    rows, names = positions(table["id"], dataset), as_texts(table[_COLUMN])
    known, in_a_group = rows >= 0, (names.fillna("").str.strip() != "").to_numpy()
    if (twice := pd.Series(rows[known]).duplicated().to_numpy()).any():
        id = dataset.called(dataset.ids[rows[known][twice][:1]])[0]
        raise BadData(f"group: expected each id once; got {id} twice.")
    kept = known & in_a_group
    if not kept.any() or counted_from_one(table["id"], dataset):
        raise _no_examples(table, dataset, int(known.sum()))
    for name in names[kept].unique():
        limits.check_name("group", name)
    order = np.argsort(rows[kept])
    ids = pd.Index(dataset.ids[rows[kept]][order], name="id")
    return pd.DataFrame({"group": names[kept].to_numpy(dtype=object)[order]}, index=ids), int((~known).sum())


def _no_examples(table: pd.DataFrame, dataset: Dataset, known: int) -> BadData:
    example = dataset.called(dataset.ids[:1])[0]
    got = f"ids such as {str(table['id'].iloc[0])[:40]}" if len(table) else "no rows"
    if known and not counted_from_one(table["id"], dataset):
        return BadData("group: expected a group of some training example; got none in any row with an id of one.")
    return BadData(
        f"group: expected ids of training examples, such as {example}; got {got}. {likely_cause(table['id'], dataset)}"
    )
