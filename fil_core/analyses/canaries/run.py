"""Exposure of the planted secrets of a text in a language model trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.canaries.cost import BLOCK
from fil_core.analyses.canaries.request import CanariesRequest, influence_of
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import check_network, problem_of, weights_of
from fil_core.data.text.grammar import candidates
from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.influence.exposure import exposure, rank_among
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
    """The run of training, and the influence of each example on its own loss.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return (training_run(request), influence_of(request))


def copies_of(dataset: Dataset) -> list[np.ndarray]:
    """Positions of the training rows of each secret, those that are said most often first."""
    assert dataset.secrets is not None
    rows: dict[bytes, list[int]] = {}
    for row in np.flatnonzero(dataset.secrets):
        rows.setdefault(dataset.X[row].tobytes(), []).append(int(row))
    return [np.array(copies) for copies in sorted(rows.values(), key=len, reverse=True)]


def run(request: CanariesRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Loss, rank and exposure of every secret among candidates, and the summed influence of its copies.

    Args:
        request: how many candidates.
        inputs: the data, the run of training and the influence.
        progress: called with (done, total, what).
    """
    data, full = inputs.dataset, inputs.part(training_run(request))
    at, secrets = problem_of(request, inputs), copies_of(data)
    weights, found = weights_of(full, at.X.device), []
    own = inputs.part(influence_of(request)).table["influence"].to_numpy()
    for number, copies in enumerate(secrets, 1):
        others = candidates(data, int(copies[0]), request.candidates, request.candidate_seed)
        # The secret goes through the network with the candidates, so that rounding is the same for all.
        losses = _losses(at, weights, np.vstack([data.X[copies[:1]], others]))
        true, among = float(losses[0]), losses[1:]
        found.append(
            {
                "secret": number,
                "said": len(copies),
                "rank": rank_among(true, among),
                "exposure": exposure(true, among),
                "loss": true,
                "influence": float(own[copies].sum()),
                "sentence": data.sentences(copies[:1])[0],
            }
        )
        if progress:
            progress(number, len(secrets), "candidates of each secret")
    each = pd.DataFrame(found)
    summary = {name: full.summary[name] for name in _OF_TRAINING} | _summary(request, data, each)
    provenance = {"warnings": _warnings(each, request.candidates), "dtype": request.network.precision}
    return Result(_by_row(data, secrets, each), {}, summary, provenance)


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
