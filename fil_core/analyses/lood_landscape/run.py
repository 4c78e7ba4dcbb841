"""The landscape of one record: its LOOD at queries along a line or in a plane."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.lood.run import about, warnings
from fil_core.analyses.lood_landscape.cost import BLOCK
from fil_core.analyses.lood_landscape.directions import Laid, inside, laid, pixels_end, rows_end
from fil_core.analyses.lood_landscape.request import LandscapeRequest
from fil_core.dataset import Dataset
from fil_core.lood import gaussians
from fil_core.lood.posterior import Posterior
from fil_core.lood.process import check_process, free_memory, process, refuse_silent
from fil_core.models.fitted import device_of
from fil_core.progress import Progress
from fil_core.result import Result

_CLOSE = 1e-6  # relative: no larger than at the record but for rounding


def check(request: LandscapeRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a kernel, a record or a direction that the data do not have."""
    check_process(request.kernel, dataset, free_memory(device_of(request.device)))
    laid(request, dataset)


def run(request: LandscapeRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """The LOOD of one record at every query by itself.

    Args:
        request: kernel, record, and where the query goes.
        inputs: the data.
        progress: called with (done, total, what).
    """
    data = inputs.dataset
    p, way = process(request.kernel, data, inputs.device, progress), laid(request, data)
    refuse_silent(p.own(), [way.row], data, "example")
    positions = way.positions
    columns: dict[str, Any] = {"t": positions[:, 0]} | ({"u": positions[:, 1]} if request.plane else {})
    columns |= _seen(p, way.row, torch.from_numpy(way.queries(data)).to(inputs.device), progress)
    if data.image_shape is not None and request.pixel is None:
        columns["inside"] = inside(way, data)
    table = pd.DataFrame(columns, index=pd.RangeIndex(len(positions), name="point"))
    summary = about(p, data) | {"queries": 1, "directions": 1} | _summary(request, data, way, table)
    return Result(table, {}, summary, {"warnings": warnings(summary, request.kernel) + _rounding(summary)})


def _seen(p: Posterior, row: int, Q: Tensor, progress: Progress | None) -> dict[str, np.ndarray]:
    """What one record changes at each of some queries (m, d), in blocks of them."""
    blocks, found = Q.split(max(1, BLOCK // p.n)), []
    for done, block in enumerate(blocks):
        if progress:
            progress(done, len(blocks), "moving the query")
        queries = p.at(block)
        gap = queries.single_of(row)
        half = queries.shift(row).square().mean(1) / 2
        found.append(torch.stack([gaussians.kl(gap), half, gaussians.auc(gap), queries.variance()]))
    names = ("kl_lood", "mean_lood", "auc", "variance")
    return dict(zip(names, torch.cat(found, 1).cpu().numpy(), strict=True))


def _summary(request: LandscapeRequest, data: Dataset, way: Laid, table: pd.DataFrame) -> dict[str, Any]:
    own = way.t.searchsorted(0.0) * len(way.u) + way.u.searchsorted(0.0)
    found: dict[str, Any] = {"id": request.id, "points": len(table), "auc_own": float(table["auc"][own])}
    for name, called in (("kl_lood", "kl"), ("mean_lood", "mean")):
        found |= _largest(table, name, int(own), called)
    line = table[way.positions[:, 1] == 0]
    found |= _half(line["t"].to_numpy(), line["kl_lood"].to_numpy(), found["kl_own"])
    if request.towards is not None:
        there = line[line["t"] == 1]
        found |= {"towards": request.towards, "auc_towards": float(there["auc"].iloc[0]) if len(there) else math.nan}
    if request.pixel is not None:
        found |= {"pixel": request.pixel} | dict(zip(("rows_from", "rows_to"), rows_end(way, data), strict=True))
    if data.image_shape is not None:
        found |= dict(zip(("pixels_from", "pixels_to"), pixels_end(way, data), strict=True))
    return found


def _largest(table: pd.DataFrame, name: str, own: int, called: str) -> dict[str, Any]:
    """A column at the record, its largest value, where that is, and whether it is that at the record."""
    values = table[name].to_numpy()
    top = int(values.argmax())
    itself = bool(values[top] <= values[own] * (1 + _CLOSE))
    top = own if itself else top
    found = {"own": float(values[own]), "max": float(values[top]), "t": float(table["t"][top])}
    found |= {"u": float(table["u"][top])} if "u" in table else {}
    return {f"{called}_{each}": value for each, value in found.items()} | {f"{called}_own_is_largest": itself}


def _half(t: np.ndarray, kl: np.ndarray, own: float) -> dict[str, float]:
    """The nearest t on either side at which KL is below half of that at the record; NaN where it is nowhere."""
    below = t[kl < own / 2]
    before, after = below[below < 0], below[below > 0]
    return {
        "half_from": float(before[-1]) if len(before) else math.nan,
        "half_to": float(after[0]) if len(after) else math.nan,
    }


def _rounding(summary: dict[str, Any]) -> list[str]:
    """What is said where a query seems to show the record more than it does itself."""
    if summary["kl_own_is_largest"]:
        return []
    return [
        f"At t = {summary['kl_t']:.3g} the LOOD is above that at the record itself, which no query can have: it is "
        "rounding. Take a larger noise."
    ]
