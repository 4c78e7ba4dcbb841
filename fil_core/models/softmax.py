"""Multinomial logistic regression over C classes, Theta of shape (C, d)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fil_core.linalg import Curvature, row_blocks, weighted_gram
from fil_core.models.glm import RELATIVE_TOLERANCE, penalised
from fil_core.models.newton import Optimum, minimise, require
from fil_core.models.terms import Model, Softmax


def softmax_terms(Z: Tensor, Y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Loss -log p_y (n,), its gradient p - y in the scores (n, C), and the probabilities p (n, C).

    At equal scores all probabilities are 1/C and the loss is log C:

    >>> Z, Y = torch.zeros(1, 4, dtype=torch.float64), torch.eye(4, dtype=torch.float64)[:1]
    >>> loss, delta, p = softmax_terms(Z, Y)
    >>> round(float(loss), 6), delta.tolist(), p.tolist()
    (1.386294, [[-0.75, 0.25, 0.25, 0.25]], [[0.25, 0.25, 0.25, 0.25]])

    Args:
        Z: (n, C) scores.
        Y: (n, C) one-hot.
    """
    log_p = torch.log_softmax(Z, 1)
    p = log_p.exp()
    return -(Y * log_p).sum(1), p - Y, p


def hessian_blocks(X: Tensor, p: Tensor, w: Tensor, ridge: float) -> Tensor:
    """The Hessian sum_i w_i (diag p_i - p_i p_i^T) (x) x_i x_i^T + ridge I, (C d, C d), class-major.

    >>> X, p, w = torch.tensor([[2.0]]), torch.tensor([[0.5, 0.5]]), torch.ones(1)
    >>> hessian_blocks(X, p, w, 0.5).tolist()
    [[1.5, -1.0], [-1.0, 1.5]]

    Args:
        X: (n, d).
        p: (n, C) probabilities.
        w: (n,) weights, >= 0.
        ridge: n * l2, >= 0.
    """
    C, d = p.shape[1], X.shape[1]
    H = X.new_zeros(C * d, C * d)
    for block in row_blocks(X.shape[0], C * d // 16, X.device):
        H -= weighted_gram((p[block, :, None] * X[block, None, :]).flatten(1), w[block])
    for c in range(C):  # the diagonal blocks again, since p - p^2 would cancel where p is near 1
        block_c = slice(c * d, (c + 1) * d)
        H[block_c, block_c] = weighted_gram(X, w * p[:, c] * (1 - p[:, c]))
    return penalised(H, ridge)


def fit_softmax(
    X: Tensor, Y: Tensor, w: Tensor | None, ridge: float, progress: Callable | None = None, start: Tensor | None = None
) -> tuple[Optimum, Curvature]:
    """Minimise -sum_i w_i log p_{i, y_i} + ridge / 2 |Theta|^2 by Newton's method.

    Args:
        X: (n, d).
        Y: (n, C) one-hot.
        w: (n,), >= 0; None for ones.
        ridge: n * l2, > 0.
        progress: called with (step, None, what).
        start: (C, d) starting point; None for zeros.

    Returns:
        Theta (C, d) and the factorised Hessian there, (C d, C d), class-major.

    Raises:
        NotConverged: the gradient norm stayed above the tolerance.
    """
    weights = X.new_ones(X.shape[0]) if w is None else w

    def loss(Theta: Tensor) -> Tensor:
        return weights @ softmax_terms(X @ Theta.T, Y)[0] + ridge / 2 * (Theta * Theta).sum()

    def gradient(Theta: Tensor) -> Tensor:
        return (weights[:, None] * softmax_terms(X @ Theta.T, Y)[1]).T @ X + ridge * Theta

    def hessian(Theta: Tensor) -> Tensor:
        return hessian_blocks(X, softmax_terms(X @ Theta.T, Y)[2], weights, ridge)

    zero = X.new_zeros(Y.shape[1], X.shape[1])
    scale = float(weights @ (softmax_terms(X @ zero.T, Y)[1].norm(dim=1) * X.norm(dim=1)))
    optimum = minimise(
        loss, gradient, hessian, zero if start is None else start, tolerance=RELATIVE_TOLERANCE * max(scale, 1e-300),
        progress=progress,
    )  # fmt: skip
    require(optimum, "Softmax regression")
    return optimum, Curvature.factor(hessian(optimum.theta))


def _terms(X: Tensor, w: Tensor, theta: Tensor, y: Tensor, z: Tensor, curvature: Curvature) -> Softmax:
    return Softmax(X, w, theta, y, z, *softmax_terms(z, y), curvature)


def _derivatives(X: Tensor, y: Tensor, theta: Tensor, w: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
    _, delta, p = softmax_terms(X @ theta.T, y)
    return (w[:, None] * delta).T @ X + ridge * theta, hessian_blocks(X, p, w, ridge)


SOFTMAX = Model(
    fit=fit_softmax,
    code=lambda y, classes: torch.nn.functional.one_hot(y.long(), classes).to(y),
    terms=_terms,
    predict=lambda Z, classes: Z.argmax(1),
    derivatives=_derivatives,
    shape=lambda classes, d: (classes, d),
)
