"""Exposure of the planted secrets of a text in a language model trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.canaries.cost import BLOCK
from fil_core.analyses.canaries.request import CanariesRequest
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import check_network, problem_of, weights_of
from fil_core.analyses.network_influence.run import training_of
from fil_core.data.text.grammar import candidates
from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.influence.exposure import exposure, rank_among
from fil_core.influence.metagradient import metagradient
from fil_core.influence.point import Point
from fil_core.linalg.correlation import spearman
from fil_core.models.networks.problem import Problem
from fil_core.models.networks.training import Weights, losses_at
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import Request

_OF_TRAINING = ("score", "train_score", "test_score", "parameters", "steps", "batch", "step_eigenvalue")


def check(request: CanariesRequest, dataset: Dataset) -> None:
    """Raises BadData for data without planted secrets, BadRequest for a network or candidates that they cannot have."""
    if dataset.secrets is None or not dataset.secrets.any():
        raise BadData(
            f"secrets: expected training rows that are planted secrets; {dataset.title} has none. Take --data grammar, "
            "whose sentences have made-up card numbers among them, with all its rows."
        )
    check_network(request, dataset)
    for copies in copies_of(dataset):
        candidates(dataset, int(copies[0]), request.candidates, request.candidate_seed)


def parts(request: CanariesRequest, dataset: object, answers: object) -> Sequence[Request]:
    """The run of training.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return (training_run(request),)


def copies_of(dataset: Dataset) -> list[np.ndarray]:
    """Positions of the training rows of each secret, those that are said most often first."""
    assert dataset.secrets is not None
    rows: dict[bytes, list[int]] = {}
    for row in np.flatnonzero(dataset.secrets):
        rows.setdefault(dataset.X[row].tobytes(), []).append(int(row))
    return [np.array(copies) for copies in sorted(rows.values(), key=len, reverse=True)]


def run(request: CanariesRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Loss, rank and exposure of every secret among candidates, and the summed influence of its copies.

    The influence is the metagradient: curvatures at the end of training say little of secrets that are learned by
    heart. Under the empirical Fisher matrix the influence of all copies on their own loss is a leverage, which is near
    1 for every one of them as long as there are fewer examples than weights. One pass back serves all secrets.

    Args:
        request: how many candidates.
        inputs: the data and the run of training.
        progress: called with (done, total, what).
    """
    data, full = inputs.dataset, inputs.part(training_run(request))
    at, secrets = problem_of(request, inputs), copies_of(data)
    weights = weights_of(full, at.X.device)
    found = [_ranked(request, data, at, weights, copies) for copies in secrets]
    each = pd.DataFrame({"secret": range(1, len(secrets) + 1), "said": [len(copies) for copies in secrets]})
    each = each.join(pd.DataFrame(found))
    each["influence"] = _influence(request, at, secrets, progress)
    each["sentence"] = data.sentences(np.array([copies[0] for copies in secrets]))
    summary = {name: full.summary[name] for name in _OF_TRAINING} | _summary(request, data, each)
    provenance = {"warnings": _warnings(each, request.candidates), "dtype": request.network.precision}
    return Result(_by_row(data, secrets, each), {}, summary, provenance)


def _ranked(
    request: CanariesRequest, data: Dataset, at: Problem, weights: Weights, copies: np.ndarray
) -> dict[str, float]:
    """Loss, rank and exposure of one secret."""
    others = candidates(data, int(copies[0]), request.candidates, request.candidate_seed)
    # The secret goes through the network with the candidates, so that rounding is the same for all.
    losses = _losses(at, weights, np.vstack([data.X[copies[:1]], others]))
    true, among = float(losses[0]), losses[1:]
    return {"exposure": exposure(true, among), "rank": rank_among(true, among), "loss": true}


def _influence(
    request: CanariesRequest, at: Problem, secrets: list[np.ndarray], progress: Progress | None
) -> list[float]:
    """What leaving out all copies of each secret is predicted to change of its loss."""
    first = torch.tensor([copies[0] for copies in secrets], device=at.X.device)

    def adjoints(weights: Weights) -> Weights:
        point = Point(at.module, weights, at.X, at.Y, at.losses)
        return point.named(torch.cat(list(point.gradients(at.X[first], at.Y[first]))))

    by_secret = metagradient(training_of(request.network, at), adjoints, progress=progress).cpu().numpy()
    return [float(by_secret[copies, i].sum()) for i, copies in enumerate(secrets)]


def _losses(at: Problem, weights: Weights, X: np.ndarray) -> np.ndarray:
    """Losses of sequences, some at a time."""
    parts = []
    for first in range(0, len(X), BLOCK):
        x = torch.as_tensor(X[first : first + BLOCK]).to(at.X)
        parts.append(losses_at(at.module, weights, x, x, at.losses).double().cpu().numpy())
    return np.concatenate(parts)


def _by_row(data: Dataset, secrets: list[np.ndarray], found: pd.DataFrame) -> pd.DataFrame:
    """What is known of each secret, for each training row that says it, in the order of the rows."""
    number = np.concatenate([np.full(len(copies), i) for i, copies in enumerate(secrets)])
    rows = np.concatenate(secrets)
    order = np.argsort(rows)
    return found.iloc[number[order]].set_index(pd.Index(data.ids[rows[order]], name="id"))


def _summary(request: CanariesRequest, data: Dataset, found: pd.DataFrame) -> dict[str, Any]:
    """Means over the secrets that are said equally often, and how exposure goes with influence."""
    by_said = [
        {
            "said": int(said),
            "secrets": len(rows),
            "exposure": float(rows["exposure"].mean()),
            "loss": float(rows["loss"].mean()),
            "influence": float(rows["influence"].mean()),
        }
        for said, rows in found.groupby("said", sort=True)
    ]
    return {
        "n": data.n,
        "d": data.d,
        "secrets": len(found),
        "rows": int(found["said"].sum()),
        "candidates": request.candidates,
        "most": float(np.log2(request.candidates + 1)),
        "by_said": by_said,
        "with_influence": spearman(found["exposure"].to_numpy(), found["influence"].to_numpy()),
    }


def _warnings(found: pd.DataFrame, candidates: int) -> list[str]:
    first = int((found["rank"] == 1).sum())
    if not first:
        return []
    return [
        f"No candidate is as likely as {first} of the {len(found)} secrets, so that their exposure is the most that "
        f"{candidates:,} candidates can show; with more candidates it may be larger."
    ]
