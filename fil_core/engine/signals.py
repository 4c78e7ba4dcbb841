"""Signals of a person's own models in the store, matched with the training examples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fil_core.data.own.signals import IDS
from fil_core.dataset import Dataset, fingerprint
from fil_core.display.numbers import counted
from fil_core.engine.ids import counted_from_one, likely_cause, positions
from fil_core.engine.store import Store
from fil_core.engine.uploads import SIGNALS, naming
from fil_core.errors import BadData
from fil_core.membership.signals import Signals, check_signals
from fil_core.result import Result


def keep_signals(store: Store, arrays: Mapping[str, np.ndarray], dataset: Dataset, *, title: str = "") -> str:
    """Put signals into the store, where requests name them by their content.

    Args:
        store: where they are kept.
        arrays: as `read_signals` returns them.
        dataset: the examples that they are of; rows of other ids are left out.
        title: name of their file, for messages.

    Returns:
        Their name, 64 hex characters, whatever the order of the rows in the file.

    Raises:
        BadData: a training example is missing or there twice, scores are not finite, or there is one model alone.
    """
    with naming(SIGNALS, title):
        rows, unknown = _rows(pd.Series(arrays[IDS]), dataset)
        kept = {name: array if name == "population" else array[rows] for name, array in arrays.items() if name != IDS}
        _check_finite(kept, dataset)
        check_signals(Signals(**kept))
    parts = [part for name in sorted(kept) for part in (name, kept[name])]
    digest = fingerprint(SIGNALS, dataset.fingerprint, *parts)
    summary = {"title": dataset.title, "fingerprint": dataset.fingerprint, "file": title, "unknown": unknown}
    summary |= {"models": kept["scores"].shape[1]}
    store.put(digest, Result(pd.DataFrame(), kept, summary, {"analysis": SIGNALS}))
    return digest


def _rows(ids: pd.Series, dataset: Dataset) -> tuple[np.ndarray, int]:
    """Position in the file of each training example, in their order, and the number of ids of none."""
    found = positions(ids, dataset)
    known = np.flatnonzero(found >= 0)
    there = pd.Series(found[known])
    if (twice := there.duplicated().to_numpy()).any():
        id = dataset.called(dataset.ids[there[twice].to_numpy()[:1]])[0]
        raise BadData(f"signals: expected each id once; got {id} twice.")
    if len(known) < dataset.n or counted_from_one(ids, dataset):
        such = str(ids.iloc[0])[:40] if len(ids) else "none"
        raise BadData(
            f"signals: expected the scores of all {counted(dataset.n, 'training example')}, such as "
            f"{dataset.called(dataset.ids[:1])[0]}; got {len(known):,} of them, and ids such as {such}. "
            f"{likely_cause(ids, dataset)}"
        )
    rows = np.empty(dataset.n, dtype=np.int64)
    rows[there] = known
    return rows, int((found < 0).sum())


def _check_finite(arrays: Mapping[str, np.ndarray], dataset: Dataset) -> None:
    """Refuse numbers that are not finite, by the id and the model that have one."""
    for name, array in arrays.items():
        if name != "inclusion" and not (finite := np.isfinite(array)).all():
            row, model = np.argwhere(~finite)[0]
            who = f"row {row + 1:,}" if name == "population" else f"id {dataset.called(dataset.ids[row : row + 1])[0]}"
            raise BadData(f"signals: expected finite {name}; got {array[row, model]} for {who}, model {model}.")
