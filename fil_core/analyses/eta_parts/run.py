"""The parts of eta of every training example, with leverage, Cook's distance and leave-one-out distinguishability."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.eta_parts.request import SINGLE_RESIDUAL, EtaPartsRequest
from fil_core.analyses.health import caveats, health, score_name, summarise
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.leakage.fil import fil
from fil_core.leakage.parts import cooks_distance, eta_parts
from fil_core.lood import gaussians
from fil_core.lood.process import check_process, free_memory, process
from fil_core.models import Glm
from fil_core.models.checks import check_task
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import KernelSpec

_PARTS = ("residual_part", "leverage_part", "interaction_part")
LINEAR = KernelSpec(kind="linear")


def check(request: EtaPartsRequest, dataset: Dataset) -> None:
    """Refuse a model whose eta has no such parts.

    Raises:
        BadRequest: it has several scores, or the Gaussian process does not fit into memory.
        BadData: a model or a process that the data do not have.
    """
    if request.model.kind not in SINGLE_RESIDUAL:
        raise BadRequest(
            f"model: expected one with a single residual, {' or '.join(SINGLE_RESIDUAL)}; got {request.model.kind}."
        )
    check_task(request.model, dataset)
    if request.lood:
        check_process(LINEAR, dataset, free_memory(torch.device("cpu")))


def run(request: EtaPartsRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Eta and its parts.

    Args:
        request: what besides.
        inputs: the data and the model at its optimum.
        progress: called with (done, total, what).
    """
    data, fitted = inputs.dataset, inputs.fitted
    terms = fitted.terms(data)
    assert isinstance(terms, Glm)
    columns = {"eta": fil(fitted, data, progress=progress), **eta_parts(fitted, data)}
    columns |= {"residual": terms.r, "cooks_distance": cooks_distance(fitted, data), "weight": fitted.weights}
    if request.lood:
        columns["lood"] = gaussians.kl(process(LINEAR, data, inputs.device, progress).own())
    numbers = {name: values.cpu().numpy() for name, values in columns.items()}
    table = pd.DataFrame({"label": data.labels} | numbers, index=pd.Index(data.ids, name="id"))
    whole = float(np.square(table["eta"]).sum())
    shares = {name: float(table[name].sum()) / whole if whole else 0.0 for name in _PARTS}
    summary = summarise(numbers["eta"]) | health(fitted, data) | {"shares": shares, "score": score_name(fitted)}
    return Result(table, {"theta": fitted.theta.cpu().numpy()}, summary, {"warnings": caveats(fitted, data)})
