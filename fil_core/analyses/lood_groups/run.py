"""Leave-one-out distinguishability of groups, from one factorisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.lood.run import NOTHING_SEEN, SAME, about, queries_of, warnings
from fil_core.analyses.lood_groups.request import CLASSES, TWINS, LoodGroupsRequest
from fil_core.dataset import Dataset
from fil_core.display.numbers import counted, verb
from fil_core.errors import BadData
from fil_core.lood import groups
from fil_core.lood.posterior import Posterior
from fil_core.lood.process import bytes_of, check_process, free_memory, process
from fil_core.models.fitted import device_of
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: LoodGroupsRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a kernel, groups or queries that the data do not have, or no room for."""
    room = free_memory(device_of(request.device))
    check_process(request.kernel, dataset, room)
    Q = queries_of(request.queries, dataset)
    if request.group == CLASSES:
        if not dataset.class_names:
            raise BadData(
                f"group: expected data with classes; {dataset.title} has numbers as targets. Take --group twins, or a "
                "file of groups."
            )
        largest = int(np.bincount(dataset.y.astype(np.int64)).max())
        groups.check_room(largest, room - bytes_of(dataset.n), queries=0 if Q is None else len(Q))


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups of training records.

    Attributes:
        rows: of each.
        names: of each; None where they have none.
        notes: what is to be told of them.
    """

    rows: list[np.ndarray]
    names: list[str] | None
    notes: list[str]


def run(request: LoodGroupsRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """All measures of every group, under its number, in the order of classes or of their first records.

    The array `group` (n,) holds the number of each record's group, -1 for none.

    Args:
        request: kernel, groups and queries.
        inputs: the data, and the file of groups.
        progress: called with (done, total, what).
    """
    data = inputs.dataset
    stated = _stated(request, inputs)
    p = process(request.kernel, data, inputs.device, progress)
    found = stated or _twins(request, p, data)
    Q = queries_of(request.queries, data)
    largest = max(map(len, found.rows))
    groups.check_room(largest, free_memory(inputs.device), queries=0 if Q is None else len(Q))
    queries = None if Q is None else p.at(torch.from_numpy(Q).to(inputs.device))
    told, directions = groups.told(p, found.rows, queries, progress)
    if not directions:
        raise BadData(NOTHING_SEEN)
    table = _table(told, found, data)
    codes = np.full(data.n, -1)
    for code, rows in enumerate(found.rows):
        codes[rows] = code
    summary = about(p, data) | _summary(request, table, codes)
    seen = (largest, largest) if Q is None else (len(Q), directions)  # of the largest group, at itself
    summary |= dict(zip(("queries", "directions"), seen, strict=True))
    return Result(table, {"group": codes}, summary, {"warnings": [*found.notes, *warnings(summary, request.kernel)]})


def _stated(request: LoodGroupsRequest, inputs: Inputs) -> _Groups | None:
    """The groups that are known before the process is trained; None for twins."""
    data = inputs.dataset
    if request.group == TWINS:
        return None
    if request.group == CLASSES:
        rows = groups.members(data.y.astype(np.int64))
        return _Groups(rows, [str(data.class_names[int(data.y[one[0]])]) for one in rows], [])
    stored = inputs.uploads[request.group]
    if stored.summary["fingerprint"] != data.fingerprint:
        raise BadData(
            f"group: expected groups of the examples chosen now; these were uploaded for {stored.summary['title']} "
            "with another choice of examples or features. Give the file again for this one."
        )
    codes, names = pd.factorize(stored.table["group"])
    all_codes = np.full(data.n, -1)
    all_codes[np.searchsorted(data.ids, stored.table.index.to_numpy())] = codes
    unknown = stored.summary["unknown"]
    note = f"{counted(unknown, 'id')} of the file of groups {verb(unknown, 'is', 'are')} no training example's."
    return _Groups(groups.members(all_codes), [str(name) for name in names], [note] if unknown else [])


def _twins(request: LoodGroupsRequest, p: Posterior, data: Dataset) -> _Groups:
    rows, nearest = groups.near_duplicates(p, min(request.similarity, SAME))
    if not rows:
        raise BadData(
            f"group: expected records with a kernel correlation of {request.similarity:g} or more; the nearest two of "
            f"{data.title} have {nearest:.4g}. Lower --similarity."
        )
    return _Groups(rows, None, [])


def _table(told: groups.Told, found: _Groups, data: Dataset) -> pd.DataFrame:
    alone = told.alone.cpu().numpy()
    columns: dict[str, Any] = {"kl_lood": told.kl.cpu().numpy()}
    columns |= {} if found.names is None else {"name": found.names}
    columns |= {
        "records": [len(rows) for rows in found.rows],
        "kl_lood_reverse": told.kl_reverse.cpu().numpy(),
        "mean_lood": told.squares.cpu().numpy() / 2,
        "auc": told.auc.cpu().numpy(),
        "kl_alone_sum": [float(alone[rows].sum()) for rows in found.rows],
        "kl_alone_max": [float(alone[rows].max()) for rows in found.rows],
        "first_id": [int(data.ids[rows.min()]) for rows in found.rows],
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(found.rows), name="group"))


def _summary(request: LoodGroupsRequest, table: pd.DataFrame, codes: np.ndarray) -> dict[str, Any]:
    kl, together = table["kl_lood"].to_numpy(), table["kl_lood"].to_numpy() > table["kl_alone_sum"].to_numpy()
    return {
        "groups": len(table),
        "by": "file" if request.of_a_file else request.group,
        "records": int((codes >= 0).sum()),
        "largest": int(table["records"].max()),
        "top": int(kl.argmax()),
        "max": float(kl.max()),
        "median": float(np.median(kl)),
        "auc_median": float(table["auc"].median()),
        "auc_above_0.75": int((table["auc"] > 0.75).sum()),
        "more_together": int(together.sum()),
    }
