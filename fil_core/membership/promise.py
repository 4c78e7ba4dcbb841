"""The sensitivity that an output perturbation can promise where base rows always are in, and any canaries may be.

With S the canaries that are in and n l2 fixed (n counts base rows and all canaries, whoever is in), theta_S minimises

    sum_base loss_j + sum_S loss_i + n l2 / 2 |theta|^2.

The promise for canary i is a bound on |theta_{S + i} - theta_S| for every S without i.

Logistic, softmax: |x_i| / (n l2) and sqrt(2) |x_i| / (n l2), as the objective is n l2 strongly convex.
Least squares: of the base rows alone, see `_least_squares`.

Source: Chaudhuri, Monteleoni, Sarwate (JMLR 2011), Corollary 8; that for least squares is derived in docs/maths.md,
section 12.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest, SingularCurvature
from fil_core.linalg import Curvature
from fil_core.models import Fitted, fit
from fil_core.models.checks import check_task
from fil_core.models.fitted import code_targets, design, model_of, penalties
from fil_core.models.leave_one_out import shifts
from fil_core.progress import Progress
from fil_core.specs import ModelSpec

_RESIDUAL = {"logistic": 1.0, "softmax": math.sqrt(2)}  # largest length of the loss's derivative in the scores


def promised(spec: ModelSpec, dataset: Dataset, canaries: np.ndarray) -> np.ndarray:
    """Bounds on |theta_{S + i} - theta_S| over all S, of each canary; the largest is the sensitivity.

    Args:
        spec: kind and l2; its weighting is not read.
        dataset: n rows, base rows and all canaries.
        canaries: (m,) positions of the canaries.

    Returns:
        (m,), >= 0, in units of theta. inf for logistic and softmax where l2 is 0, or the model has an intercept, which
        no penalty holds; for least squares where the base rows leave a direction free.

    Raises:
        BadRequest: the model does not fit the task, or positions that are none, or twice the same.
    """
    check_task(spec, dataset)
    canaries = _checked(dataset, canaries)
    if spec.kind == "least-squares":
        return _least_squares(spec, dataset, canaries)
    ridge = dataset.n * spec.penalty
    if ridge == 0 or spec.has_intercept(dataset):
        return np.full(len(canaries), np.inf)
    lengths: np.ndarray = np.linalg.norm(dataset.X[canaries], axis=1)
    return _RESIDUAL[spec.kind] * lengths / ridge


def _least_squares(spec: ModelSpec, dataset: Dataset, canaries: np.ndarray) -> np.ndarray:
    """Bounds from the optimum of the base rows, r its residuals and H its curvature.

    With u_i = H^-1 x_i, K_ij = x_i^T u_j over the canaries, h_i = K_ii, k_i the length of row i of K without h_i, R
    that of r over the canaries and R_i that without r_i, lambda the least eigenvalue of H, kappa the largest of K, and
    g = sqrt(kappa) / (1 + kappa), or 1/2 where kappa > 1: for every S

        |theta_{S + i} - theta_S| = |H_S^-1 x_i| |r_i(theta_{S + i})|,   r_i(theta_{S + i}) = r_i(theta_S) / (1 + h_S)
        |H_S^-1 x_i|         <= min( sqrt(h_i / lambda), |u_i| + g k_i / sqrt(lambda) )
        |r_i(theta_S)|       <= |r_i| + R_i min( g sqrt(h_i), k_i )
        |r_i(theta_{S + i})| <= R
        h_S = x_i^T H_S^-1 x_i >= 1 / ((I + K)^-1)_ii - 1
    """
    intercept, cpu = spec.has_intercept(dataset), torch.device("cpu")
    X, y = design(dataset.X, intercept, cpu), code_targets(spec, len(dataset.class_names), dataset.y, cpu)
    w = torch.ones(dataset.n, dtype=torch.float64)
    w[canaries] = 0
    try:
        optimum, curvature = model_of(spec).fit(X, y, w, penalties(spec, dataset, intercept, cpu))
    except SingularCurvature:
        return np.full(len(canaries), np.inf)
    X, r = X[canaries], X[canaries] @ optimum.theta - y[canaries]
    return _over_all(X, r, curvature).numpy()


def _over_all(X: Tensor, r: Tensor, curvature: Curvature) -> Tensor:
    """Those bounds, (m,), of canaries X (m, d) with residuals r (m,)."""
    u = curvature.solve(X.T).T
    K = X @ u.T
    h, least = K.diagonal(), curvature.values[0]
    kappa, Q = torch.linalg.eigh((K + K.T) / 2)
    kappa = kappa.clamp_min(0)
    across = (K.square().sum(1) - h.square()).clamp_min(0).sqrt()
    others = (r.square().sum() - r.square()).clamp_min(0).sqrt()
    g = _gain(0 * kappa[-1], kappa[-1])
    moved = r.abs() + others * torch.minimum(g * h.sqrt(), across)
    low = (1 / (Q.square() @ (1 / (1 + kappa))) - 1).clamp_min(0)
    whole, near = (h / least).sqrt(), u.norm(dim=1) + g * across / least.sqrt()
    by_residual = moved * torch.minimum(near / (1 + low), _gain(low, h) / least.sqrt())
    return torch.minimum(by_residual, r.norm() * torch.minimum(whole, near))


def _gain(low: Tensor, high: Tensor) -> Tensor:
    """The largest sqrt(x) / (1 + x) for low <= x <= high: it rises up to 1 and falls beyond."""
    x = torch.maximum(low.minimum(high), high.clamp_max(1))
    return x.sqrt() / (1 + x)


def distances(
    spec: ModelSpec, dataset: Dataset, canaries: np.ndarray, included: np.ndarray, *, progress: Progress | None = None
) -> np.ndarray:
    """|theta_{S + i} - theta_S| of each canary, S those of `included` without it: exact, by leaving out or refitting.

    Args:
        spec: kind and l2; its weighting is not read.
        dataset: n rows, base rows and all canaries.
        canaries: (m,) positions of the canaries.
        included: (m,) bool, which of them are in.
        progress: called with (done, total, what).

    Returns:
        (m,), in units of theta; exact for least squares, else to a relative 1e-7. NaN where theta_S is not determined.

    Raises:
        BadRequest: the model does not fit the task, a class has neither base rows nor canaries that are in, positions
            that are none or twice the same, or another number of `included`.
        NotConverged, SingularCurvature: there is no optimum.
    """
    canaries, included = _checked(dataset, canaries), np.asarray(included, dtype=bool)
    if included.shape != canaries.shape:
        raise BadRequest(f"included: expected one per canary, {len(canaries):,}; got shape {included.shape}.")
    weights = np.ones(dataset.n)
    weights[canaries[~included]] = 0
    fitted = fit(spec.equally_weighted, dataset, weights=weights)
    found = np.full(dataset.n, np.nan)
    for rows, moved in shifts(fitted, dataset, torch.as_tensor(canaries[included]), progress=progress):
        found[rows.numpy()] = moved.norm(dim=1).numpy()
    out = canaries[~included]
    found[out] = _added(fitted, dataset, out, progress)
    return found[canaries]


def _added(fitted: Fitted, dataset: Dataset, rows: np.ndarray, progress: Progress | None) -> np.ndarray:
    """How far the optimum moves with each of some rows that have no weight, (m,)."""
    if fitted.spec.family.exact_leave_one_out:
        X = fitted.design(dataset.X[rows])
        r, u = fitted.scores(dataset.X[rows]) - fitted.targets(dataset.y[rows]), fitted.curvature.solve(X.T).T
        moved: np.ndarray = (u.norm(dim=1) * r.abs() / (1 + (X * u).sum(1))).numpy()
        return moved
    found, weights = np.empty(len(rows)), fitted.weights.numpy().copy()
    for k, row in enumerate(rows):
        if progress:
            progress(k, len(rows), "adding each canary")
        weights[row] = 1
        found[k] = (fit(fitted.spec, dataset, weights=weights, start=fitted.theta).theta - fitted.theta).norm()
        weights[row] = 0
    return found


def _checked(dataset: Dataset, canaries: np.ndarray) -> np.ndarray:
    canaries = np.asarray(canaries)
    distinct = np.unique(canaries)
    if canaries.ndim != 1 or not len(canaries) or len(distinct) < len(canaries) or canaries.dtype.kind not in "iu":
        raise BadRequest("canaries: expected positions of training rows, at least one and each once.")
    if distinct[0] < 0 or distinct[-1] >= dataset.n:
        raise BadRequest(
            f"canaries: expected positions from 0 to {dataset.n - 1:,}; got {distinct[0]:,} to {distinct[-1]:,}."
        )
    return canaries.astype(np.int64)
