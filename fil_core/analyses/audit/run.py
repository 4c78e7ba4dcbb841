"""An audit of a trained model: canaries by coins, trainings, and what the released parameters tell of the coins."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.audit.outcome import bounds, check_canaries, coins_of, table_of
from fil_core.analyses.audit.request import AuditRequest
from fil_core.dataset import Dataset
from fil_core.membership.canaries import Canaries, canaries
from fil_core.membership.decoder import decode
from fil_core.membership.gaussian_mechanism import epsilon_at
from fil_core.membership.promise import distances, promised
from fil_core.mitigations.training import check_trainable, rows_of, train
from fil_core.models import Fitted, fit
from fil_core.models.checks import check_task
from fil_core.models.networks.inputs import score_name
from fil_core.models.terms import Softmax
from fil_core.progress import Progress
from fil_core.result import Result

_CALIBRATING = 2  # runs with coins of their own, from which it is seen what shifts that are added up miss
_NOISE = 4  # the stream of the seed that the noise is drawn from


def check(request: AuditRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for a model or canaries that the data do not allow."""
    check_task(request.model, dataset)
    check_trainable(request.model)
    check_canaries(request.audit, dataset)


def run(request: AuditRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Train once for each draw of the coins, decode the coins from the released parameters, and bound epsilon.

    Args:
        request: the audit.
        inputs: the data.
        progress: called with (done, total, what).
    """
    audit, data = request.audit, inputs.dataset
    drawn = canaries(data, audit.kind, audit.canaries, seed=audit.seed)
    trainings = _Trainings(request, drawn, drawn.joined(data), inputs.device)
    coins = coins_of(audit, audit.runs + _CALIBRATING)
    thetas = trainings.all(coins, progress)
    shifts = trainings.shifts()
    sigma = request.release_sigma or 0.0
    missed = _missed(thetas[audit.runs :], trainings.base.theta, shifts, coins[:, audit.runs :])
    released = _released(request, thetas[: audit.runs])
    decoded = decode(released, _flat(trainings.base.theta), shifts, sigma=math.hypot(sigma, missed))
    scores, coins = decoded.T, coins[:, : audit.runs]
    found = bounds(audit, scores, coins, scores[:, 0])
    table = table_of(drawn, data, scores, coins, scores[:, 0], found["guesses"])
    exact, known = _known(request, trainings, coins[:, 0])
    table = table.assign(**exact)
    summary = {
        "n": len(drawn.base), "d": data.d, "canaries": audit.canaries, "runs": audit.runs, "delta": audit.delta,
        "confidence": audit.confidence, "sigma": request.release_sigma, "score": score_name(data),
        "test_score": trainings.score(released),
    }  # fmt: skip
    return Result(table, {"scores": scores, "coins": coins}, summary | found | known)


class _Trainings:
    """Trainings on the base rows and some canaries: by weights of 0 and 1, so that the penalty stays as it is."""

    def __init__(self, request: AuditRequest, drawn: Canaries, joined: Dataset, device: torch.device) -> None:
        self.spec, self.joined, self.device = request.model, joined, device
        self.rows = np.arange(len(drawn.base), joined.n)
        self.base = self._one(np.zeros(len(self.rows), dtype=bool), None)

    def all(self, coins: np.ndarray, progress: Progress | None) -> list[Tensor]:
        """Parameters of each run; coins (C, R)."""
        thetas = []
        for run, inside in enumerate(coins.T):
            if progress:
                progress(run, coins.shape[1], "training with other coins")
            thetas.append(self._one(inside, self.base.theta).theta)
        return thetas

    def score(self, released: np.ndarray) -> float:
        """Mean test score of released parameters (R, p), with their noise."""
        scores = []
        for theta in torch.as_tensor(released).to(self.base.theta):
            optimum = dataclasses.replace(self.base.optimum, theta=theta.reshape(self.base.theta.shape))
            model = dataclasses.replace(self.base, optimum=optimum)
            scores.append(model.score(self.joined.X_test, self.joined.y_test))
        return float(np.mean(scores))

    def _one(self, inside: np.ndarray, start: Tensor | None) -> Fitted:
        if self.spec.weights is not None:  # weights follow from the rows that are there
            present = np.concatenate([np.arange(self.rows[0]), self.rows[inside]])
            return train(self.spec, rows_of(self.joined, present), device=self.device, start=start)
        weights = np.ones(self.joined.n)
        weights[self.rows[~inside]] = 0.0
        return fit(self.spec, self.joined, weights=weights, start=start, device=self.device)

    def shifts(self) -> np.ndarray:
        """How far each canary would move the optimum of the base rows, by a Newton step, (C, p)."""
        fitted, rows = dataclasses.replace(self.base, weights=torch.ones(len(self.rows))), self.rows
        part = rows_of(self.joined, rows)
        terms = dataclasses.replace(fitted, weights=fitted.weights.to(self.base.theta)).terms(part)
        if isinstance(terms, Softmax):
            V = terms.basis
            slopes = torch.einsum("nc,ct,nd->ntd", terms.delta, V, terms.X).flatten(1)
            moved = -fitted.curvature.solve(slopes.T).T.reshape(len(rows), V.shape[1], -1)
            return torch.einsum("ct,ntd->ncd", V, moved).flatten(1).cpu().numpy()
        u = fitted.curvature.solve(terms.X.T).T
        leverage = terms.a * (terms.X * u).sum(1)
        return (-u * (terms.r / (1 + leverage))[:, None]).cpu().numpy()


def _flat(theta: Tensor) -> np.ndarray:
    return theta.flatten().cpu().numpy()


def _missed(thetas: list[Tensor], base: Tensor, shifts: np.ndarray, coins: np.ndarray) -> float:
    """Root mean square, per parameter, of what shifts that are added up miss of true shifts."""
    moved = np.stack([_flat(theta) for theta in thetas]) - _flat(base)
    return float(np.sqrt(np.mean((moved - coins.T @ shifts) ** 2)))


def _released(request: AuditRequest, thetas: list[Tensor]) -> np.ndarray:
    """The parameters of each run with their noise, (R, p)."""
    stacked = np.stack([_flat(theta) for theta in thetas])
    if request.release_sigma is None:
        return stacked
    noise = [
        np.random.default_rng([request.audit.seed, _NOISE, run]).standard_normal(stacked.shape[1])
        for run in range(len(stacked))
    ]
    return stacked + request.release_sigma * np.stack(noise)


def _known(request: AuditRequest, trainings: _Trainings, inside: np.ndarray) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is known without an attack: epsilon of each canary in the first run, and what the noise promises for all."""
    sigma, audit = request.release_sigma, request.audit
    if request.model.weights is not None:
        return {}, {"epsilon_promised": None, "epsilon_exact": None, "sensitivity": None}
    moved = distances(request.model, trainings.joined, trainings.rows, inside)
    limit = float(promised(request.model, trainings.joined, trainings.rows).max())
    known: dict[str, Any] = {"sensitivity": limit if math.isfinite(limit) else None}
    if sigma is None:
        return {"distance": moved}, known | {"epsilon_promised": None, "epsilon_exact": None}
    exact = epsilon_at(audit.delta, moved / sigma)
    most = float(epsilon_at(audit.delta, limit / sigma))
    known |= {"epsilon_promised": most if math.isfinite(most) else None, "epsilon_exact": float(np.nanmax(exact))}
    return {"distance": moved, "epsilon": exact}, known
