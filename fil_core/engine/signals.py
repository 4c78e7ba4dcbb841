"""Signals of a person's own models in the store, matched with the training examples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fil_core.data.own.signals import IDS, checked
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
        arrays: as `read_signals` returns them: `ids`, `scores`, `inclusion`, and what else attacks may use.
        dataset: the examples that they are of; rows of other ids are left out.
        title: name of their file, for messages.

    Returns:
        Their name, 64 hex characters, whatever the order of the rows in the file.

    Raises:
        BadData: a training example is missing or there twice, arrays of other shapes, a number that is not finite, or
            fewer than two models.
    """
    with naming(SIGNALS, title):
        read = checked(arrays)
        rows, unknown = _rows(pd.Series(read[IDS]), dataset)
        kept = {name: array if name == "population" else array[rows] for name, array in read.items() if name != IDS}
        check_signals(Signals(**kept), called=dataset.called(dataset.ids))
    parts = [part for name in sorted(kept) for part in (name, kept[name])]
    digest = fingerprint(SIGNALS, dataset.fingerprint, *parts)
    summary = {"title": dataset.title, "fingerprint": dataset.fingerprint, "file": title, "unknown": unknown}
    inclusion = kept["inclusion"]
    summary |= {
        "models": inclusion.shape[1],
        "always_in": int(inclusion.all(1).sum()),
        "always_out": int((~inclusion).all(1).sum()),
    }
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
