"""A slow reference of Fisher information loss: H inverted, J formed example by example, its largest singular value."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import torch
from torch import Tensor

from fil_core import Dataset, Fitted


def dense_eta(fitted: Fitted, dataset: Dataset, rows: Sequence[int]) -> tuple[Tensor, float]:
    """eta = |J|_2 of some training examples, and the fewest seconds that one of them took.

    Args:
        fitted: an optimum; of its curvature nothing is used.
        dataset: what it was trained on, with weights 1.
        rows: positions of the examples.

    Returns:
        (m,) eta, and seconds for forming J and its singular values, without the inverse of H that all share.
    """
    X, y = torch.from_numpy(dataset.X), fitted.targets(dataset.y)
    form = _softmax_jacobian if fitted.spec.kind == "softmax" else _score_jacobian
    inverse = torch.linalg.inv(_hessian(fitted, X))
    etas, seconds = [], []
    for i in rows:
        start = time.perf_counter()
        etas.append(torch.linalg.svdvals(form(fitted, inverse, X[i], y[i]))[0])
        seconds.append(time.perf_counter() - start)
    return torch.stack(etas), min(seconds)


def _hessian(fitted: Fitted, X: Tensor) -> Tensor:
    """sum_i (second derivative in the scores) (x) x_i x_i^T + n l2 I."""
    Z = X @ fitted.theta.mT if fitted.spec.kind == "softmax" else X @ fitted.theta
    if fitted.spec.kind == "softmax":
        p = Z.softmax(1)
        C, d = fitted.theta.shape
        H = torch.zeros(C * d, C * d, dtype=X.dtype)
        for c in range(C):
            for e in range(C):
                s = p[:, c] * (float(c == e) - p[:, e])
                H[c * d : (c + 1) * d, e * d : (e + 1) * d] = X.T @ (s[:, None] * X)
    else:
        a = Z.sigmoid() * (-Z).sigmoid() if fitted.spec.kind == "logistic" else torch.ones_like(Z)
        H = X.T @ (a[:, None] * X)
    return H + X.shape[0] * fitted.spec.penalty * torch.eye(H.shape[0], dtype=X.dtype)


def _score_jacobian(fitted: Fitted, inverse: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """-[ r H^-1 + a u theta^T, -u ], (d, d + 1)."""
    theta, u, z = fitted.theta, inverse @ x, fitted.theta @ x
    logistic = fitted.spec.kind == "logistic"
    r = z.sigmoid() - y if logistic else z - y
    a = z.sigmoid() * (-z).sigmoid() if logistic else torch.ones_like(z)
    return -torch.cat([r * inverse + a * torch.outer(u, theta), -u[:, None]], 1)


def _softmax_jacobian(fitted: Fitted, inverse: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """-H^-1 [ (p - y) (x) I_d + ((diag p - p p^T) Theta) (x) x, -U (x) x ], (C d, d + C - 1).

    U is sqrt(2) times an orthonormal basis of the directions that sum to zero: a label stays a distribution, and the
    step from one class to another has length one.
    """
    p = (fitted.theta @ x).softmax(0)
    C, d = fitted.theta.shape
    eye_d, ones = torch.eye(d, dtype=x.dtype), torch.ones(C, C, dtype=x.dtype)
    U = math.sqrt(2) * torch.linalg.eigh(torch.eye(C, dtype=x.dtype) - ones / C).eigenvectors[:, 1:].contiguous()
    by_x = torch.kron((p - y)[:, None], eye_d) + torch.kron(
        (torch.diag(p) - torch.outer(p, p)) @ fitted.theta, x[:, None]
    )
    return -inverse @ torch.cat([by_x, -torch.kron(U, x[:, None])], 1)
