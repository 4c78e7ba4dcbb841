"""An audit of a network's training: canaries by coins, trainings, and what the networks' outputs tell of the coins."""

from __future__ import annotations

import numpy as np
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.audit.outcome import bounds, check_canaries, coins_of, table_of
from fil_core.analyses.network.run import order_of
from fil_core.analyses.network_audit.request import NetworkAuditRequest
from fil_core.analyses.network_ensemble.run import check_readable, loss_and_score, scored
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.membership.attacks import scores_of
from fil_core.membership.canaries import canaries
from fil_core.membership.signals import Signals
from fil_core.models.networks.ensemble import outputs_of_all
from fil_core.models.networks.inputs import score_name
from fil_core.models.networks.problem import problem
from fil_core.models.networks.training import retrain
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import AttackSpec

_FEWEST = 8  # runs: the others are the shadow models of the first


def check(request: NetworkAuditRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for a network, canaries or runs that the data do not allow."""
    check_readable(request, dataset)
    check_canaries(request.audit, dataset)
    if request.audit.runs < _FEWEST:
        raise BadRequest(
            f"runs: expected at least {_FEWEST} of a network, since the others are what the first is compared with; "
            f"got {request.audit.runs}."
        )


def run(request: NetworkAuditRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Train once for each draw of the coins, from the same start and in the same order, and bound epsilon.

    The coins of the first run are guessed by LiRA with the other runs as shadow models; their coins are independent.

    Args:
        request: the audit.
        inputs: the data and uploaded weights.
        progress: called with (done, total, what).
    """
    audit, data, spec = request.audit, inputs.dataset, request.network
    assert spec.steps is not None
    drawn = canaries(data, audit.kind, audit.canaries, seed=audit.seed)
    joined = drawn.joined(data)
    initial = None if spec.initial is None else inputs.uploads[spec.initial].arrays
    at = problem(spec, joined, inputs.device, initial=initial)
    losses, score = loss_and_score(request.loss, at, data)
    coins = coins_of(audit, audit.runs)
    w = np.ones((audit.runs, joined.n))
    w[:, len(drawn.base) :] = coins.T
    found = retrain(
        at.module, at.X, at.Y, torch.as_tensor(w / joined.n, dtype=at.Y.dtype).to(at.Y.device), lr=at.step,
        l2=spec.l2, steps=spec.steps, losses=losses, order=order_of(spec, joined.n), progress=progress,
    )  # fmt: skip
    X, Y = at.X[len(drawn.base) :], at.Y[len(drawn.base) :]
    scores = score(outputs_of_all(at.module, found, X), Y).double().cpu().numpy().T
    guessed = scores_of("lira", Signals(scores, coins), 0, AttackSpec(), None)
    guessed = np.where(np.isfinite(guessed), guessed, np.nanmin(guessed, initial=0.0))
    told = bounds(audit, scores, coins, guessed)
    table = table_of(drawn, data, scores, coins, guessed, told["guesses"])
    tested = np.nan
    if len(at.X_test):
        tested = float(scored(at, outputs_of_all(at.module, found, at.X_test), at.Y_test, score).mean())
    summary = {
        "n": len(drawn.base), "d": data.d, "canaries": audit.canaries, "runs": audit.runs, "delta": audit.delta,
        "confidence": audit.confidence, "sigma": None, "score": score_name(data), "test_score": tested,
        "epsilon_promised": None, "epsilon_exact": None,
    }  # fmt: skip
    return Result(table, {"scores": scores, "coins": coins}, summary | told, {"dtype": spec.precision})
