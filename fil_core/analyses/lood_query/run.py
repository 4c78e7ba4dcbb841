"""Optimised queries of some records."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.lood.run import about, warnings
from fil_core.analyses.lood_query.request import LoodQueryRequest
from fil_core.dataset import Dataset
from fil_core.lood import gaussians
from fil_core.lood.gaussians import Gap
from fil_core.lood.posterior import Posterior
from fil_core.lood.process import check_process, free_memory, process, refuse_silent
from fil_core.lood.queries import Ascent, Box, Objective, Start, ascend
from fil_core.models.fitted import device_of
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import KernelSpec

_CLOSE = 1e-6  # relative


def check(request: LoodQueryRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a kernel or records that the data do not have."""
    check_process(request.kernel, dataset, free_memory(device_of(request.device)))
    for id in request.ids:
        dataset.row(id)


def sees_size(kernel: KernelSpec) -> bool:
    """Whether a kernel tells a record from one that is a multiple of it."""
    return not (kernel.activation == "relu" and not kernel.bias_std) and not (
        kernel.kind == "linear" and not kernel.bias_std
    )


def box(data: Dataset, device: torch.device) -> Box:
    """The pixels of images from black to white; the features of other data in the range of their training rows."""
    X = torch.from_numpy(data.X).to(device)
    if data.image_shape is None:
        low, high = X.aminmax(dim=0)
        return Box(low, high - low, X, lambda features: features)
    made = data.preprocessing
    scale, centre = (
        torch.from_numpy(np.asarray(each, dtype=np.float64)).to(device) for each in (made.scale, made.centre)
    )
    basis = made.basis
    onto = None if basis is None else torch.from_numpy(basis).to(device)

    def to_features(pixels: Tensor) -> Tensor:
        scaled = (pixels - centre) * scale
        return scaled if onto is None else scaled @ onto

    pixels = torch.from_numpy(data.source.astype(np.float64)).to(device)
    black = torch.zeros_like(pixels[0])
    return Box(black, black + data.pixel_max, pixels, to_features)


def run(request: LoodQueryRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """The best query of each record, beside the record.

    The arrays hold `queries` and `records`, (m, D), in source units of images and in features of other data.

    Args:
        request: kernel, records, and how queries are looked for.
        inputs: the data.
        progress: called with (done, total, what).
    """
    data = inputs.dataset
    p = process(request.kernel, data, inputs.device, progress)
    own, inside = p.own(), box(data, inputs.device)
    rows, found = [data.row(id) for id in request.ids], []
    refuse_silent(own, rows, data, "ids")
    for done, row in enumerate(rows):
        if progress:
            progress(done, len(rows), "looking for the best query")
        found.append(_best(request, p, row, inside))
    queries = torch.stack([one.query for one in found])
    columns = _told(p, own, rows, inside.to_features(queries))
    columns |= _closeness(queries, inside.of_records[rows], inside, data, request.kernel)
    key = "kl" if request.maximise == "kl_lood" else "mean"
    at, there = columns[f"{key}_own"], columns[f"{key}_query"]
    columns |= {"reached": there >= at * (1 - _CLOSE), "own_is_largest": there <= at * (1 + _CLOSE)}
    columns |= {"steps": [one.steps for one in found], "restarts": [one.restarts for one in found]}
    ids = pd.Index(data.ids[rows], name="id")
    table = pd.DataFrame({"similarity": columns.pop("similarity"), "label": data.labels[rows], **columns}, index=ids)
    summary = about(p, data) | _summary(request, table)
    arrays = {"queries": inside.source(queries).cpu().numpy(), "records": inside.records[rows].cpu().numpy()}
    return Result(table, arrays, summary, {"warnings": warnings(summary, request.kernel)})


def _best(request: LoodQueryRequest, p: Posterior, row: int, inside: Box) -> Ascent:
    return ascend(
        p, row, inside, start=cast(Start, request.start), objective=cast(Objective, request.maximise),
        steps=request.steps, restarts=request.restarts, seed=request.query_seed,
    )  # fmt: skip


def _told(p: Posterior, own: Gap, rows: list[int], Q: Tensor) -> dict[str, Any]:
    """LOOD and AUC of records (m,) at themselves and at their queries (m, d), and how alike the kernel finds both."""
    queries, each = p.at(Q), torch.arange(len(rows), device=Q.device)
    single = queries.single()
    at_query = Gap(single.g[each, rows], single.m[each, rows], p.outputs)
    at_own = Gap(own.g[rows], own.m[rows], p.outputs)
    scale = (p.kernel.diagonal(Q) * p.K.diagonal()[rows]).sqrt().clamp_min(1e-300)
    moved = queries.moves[each, rows].square() * p.alpha[rows].square().mean(1) / p.A.diagonal()[rows].square() / 2
    found = {
        "similarity": (queries.cross[each, rows] / scale).clamp(-1, 1),
        "kl_own": gaussians.kl(at_own),
        "kl_query": gaussians.kl(at_query),
        "auc_own": gaussians.auc(at_own),
        "auc_query": gaussians.auc(at_query),
        "mean_own": p.own_shift[rows].square().mean(1) / 2,
        "mean_query": moved,
    }
    return {name: values.cpu().numpy() for name, values in found.items()}


def _closeness(
    queries: Tensor, records: Tensor, inside: Box, data: Dataset, kernel: KernelSpec
) -> dict[str, np.ndarray]:
    """Root mean squared differences of coordinates from 0 to 1, (m,), and of pictures their PSNR."""
    found = {"rmse": (queries - records).square().mean(1).sqrt()}
    if not sees_size(kernel) and (data.image_shape is None or not np.any(data.preprocessing.centre)):
        q, x = inside.source(queries), inside.source(records)
        factor = (q * x).sum(1) / q.square().sum(1).clamp_min(1e-300)
        apart = (factor[:, None] * q - x) / torch.where(inside.free, inside.width, torch.inf)
        found["rmse_scaled"] = apart.square().mean(1).sqrt()
    if data.image_shape is not None:
        found |= {name.replace("rmse", "psnr"): -20 * values.log10() for name, values in found.items()}
    return {name: values.cpu().numpy() for name, values in found.items()}


def _summary(request: LoodQueryRequest, table: pd.DataFrame) -> dict[str, Any]:
    return {
        "records": len(table),
        "start": request.start,
        "maximise": request.maximise,
        "queries": 1,
        "directions": 1,
        "reached": int(table["reached"].sum()),
        "own_is_largest": int(table["own_is_largest"].sum()),
        "similarity_median": float(table["similarity"].median()),
        "rmse_median": float(table["rmse"].median()),
    }
