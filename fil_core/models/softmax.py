"""Multinomial logistic regression over C classes, Theta of shape (C, d).

Adding the same vector to every row of Theta changes no probability, so the optimum's rows sum to zero. It is computed
in the coordinates Theta = V T, T of shape (C - 1, d), where V (C, C - 1) is an orthonormal basis of the directions that
sum to zero; there the objective is strictly convex even in entries without a penalty.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from fil_core.linalg import Curvature, factored, sum_zero_basis, weighted_gram
from fil_core.models.glm import RELATIVE_TOLERANCE, penalised
from fil_core.models.newton import Optimum, minimise, minimise_by_products, require
from fil_core.models.terms import Model, Softmax
from fil_core.specs.families import LARGE

_OUTER_PRODUCTS = 2**22  # values of x x^T of all examples that are held


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
    p, label = torch.softmax(Z, 1), Y == 1
    # The log-odds t of another label than y: the loss is log(1 + e^t), 1 - p_y = s(t). p_y - 1 would cancel.
    t = (Z - (Y * Z).sum(1, keepdim=True)).masked_fill_(label, -torch.inf).logsumexp(1)
    delta = torch.where(label, -torch.sigmoid(t)[:, None], p)
    return torch.logaddexp(t, torch.zeros_like(t)), delta, p


def one_minus(p: Tensor) -> Tensor:
    """1 - p_c as the sum of the other probabilities, (n, C), which does not cancel where p_c is near 1.

    >>> one_minus(torch.tensor([[0.5, 0.25, 0.25]])).tolist()
    [[0.5, 0.75, 0.75]]

    Args:
        p: (n, C), each row with sum 1.
    """
    others = 1 - torch.eye(p.shape[1], dtype=p.dtype, device=p.device)
    return p @ others


def curvature_in_scores(p: Tensor, V: Tensor) -> Tensor:
    """V^T (diag p - p p^T) V, (n, C-1, C-1): the loss's second derivative in the scores, in the basis V (C, C-1).

    >>> p = torch.tensor([[0.5, 0.5]]).double()
    >>> curvature_in_scores(p, sum_zero_basis(2)).round(decimals=9).tolist()
    [[[0.5]]]
    """
    apart = 1 - torch.eye(p.shape[1], dtype=p.dtype, device=p.device)
    return V.T @ (torch.diag_embed(p * one_minus(p)) - p[:, :, None] * p[:, None, :] * apart) @ V


def hessian_blocks(X: Tensor, p: Tensor, w: Tensor, ridge: float | Tensor) -> Tensor:
    """The Hessian in T, sum_i w_i V^T (diag p_i - p_i p_i^T) V (x) x_i x_i^T + ridge I, (C-1) d square, block-major.

    Two classes at p = 1/2: V = (1, -1) / sqrt(2) up to its sign, so V^T (diag p - p p^T) V = 1/2.

    >>> X, p, w = torch.tensor([[2.0]]).double(), torch.tensor([[0.5, 0.5]]).double(), torch.ones(1).double()
    >>> hessian_blocks(X, p, w, 0.5).round(decimals=9).tolist()  # 1/2 * 2^2 + 1/2
    [[2.5]]

    Args:
        X: (n, d).
        p: (n, C) probabilities.
        w: (n,) weights, >= 0.
        ridge: n * l2, >= 0, or one penalty for each of the d entries.
    """
    free, d = p.shape[1] - 1, X.shape[1]
    S = curvature_in_scores(p, sum_zero_basis(p.shape[1]).to(X))
    if d < free and X.shape[0] * d * d <= _OUTER_PRODUCTS:
        # Of many classes and few features a product for each pair of classes would be nothing but calls.
        outer = (w[:, None, None] * X[:, :, None] * X[:, None, :]).flatten(1)
        H = (S.flatten(1).T @ outer).view(free, free, d, d).transpose(1, 2).reshape(free * d, free * d)
        H = (H + H.T) / 2
        return penalised(H, ridge if isinstance(ridge, float) else ridge.repeat(free))
    H = X.new_empty(free, d, free, d)
    for c in range(free):
        for e in range(c + 1):
            H[c, :, e] = H[e, :, c] = weighted_gram(X, w * S[:, c, e])
    return penalised(H.view(free * d, free * d), ridge if isinstance(ridge, float) else ridge.repeat(free))


def fit_softmax(
    X: Tensor,
    Y: Tensor,
    w: Tensor | None,
    ridge: float | Tensor,
    progress: Callable | None = None,
    start: Tensor | None = None,
) -> tuple[Optimum, Curvature]:
    """Minimise -sum_i w_i log p_{i, y_i} + ridge / 2 |Theta|^2 by Newton's method.

    With many parameters a step comes from products with the Hessian, which itself is formed once, at the optimum.

    Args:
        X: (n, d).
        Y: (n, C) one-hot.
        w: (n,), >= 0; None for ones.
        ridge: n * l2, > 0, or one penalty for each of the d entries.
        progress: called with (step, None, what).
        start: (C, d) starting point; None for zeros.

    Returns:
        Theta (C, d), its rows with sum zero, and the factorised Hessian in T there, (C-1) d square.

    Raises:
        NotConverged: the gradient norm stayed above the tolerance.
    """
    optimum = minimum_of_softmax(X, Y, w, ridge, progress, start)
    weights = X.new_ones(X.shape[0]) if w is None else w
    size = (Y.shape[1] - 1) * X.shape[1]
    if progress and size > LARGE:
        progress(0, None, f"training: the curvature of {size:,} parameters")
    return optimum, factored(hessian_blocks(X, softmax_terms(X @ optimum.theta.T, Y)[2], weights, ridge))


def minimum_of_softmax(
    X: Tensor,
    Y: Tensor,
    w: Tensor | None,
    ridge: float | Tensor,
    progress: Callable | None = None,
    start: Tensor | None = None,
) -> Optimum:
    """The optimum of `fit_softmax` alone, without the curvature there, which of many parameters takes longest.

    Args:
        X: as there.
        Y: as there.
        w: as there.
        ridge: as there.
        progress: as there.
        start: as there.

    Raises:
        NotConverged: as there.
    """
    weights = X.new_ones(X.shape[0]) if w is None else w
    V = sum_zero_basis(Y.shape[1]).to(X)

    def loss(T: Tensor) -> Tensor:
        return weights @ softmax_terms(X @ (V @ T).T, Y)[0] + (ridge * T * T).sum() / 2

    def gradient(T: Tensor) -> Tensor:
        return (weights[:, None] * (softmax_terms(X @ (V @ T).T, Y)[1] @ V)).T @ X + ridge * T

    def products(T: Tensor) -> Callable[[Tensor], Tensor]:
        p = softmax_terms(X @ (V @ T).T, Y)[2]

        def times(D: Tensor) -> Tensor:
            moved = X @ (V @ D).T
            S = weights[:, None] * p * (moved - (p * moved).sum(1, keepdim=True))
            return (S @ V).T @ X + ridge * D

        return times

    def hessian(T: Tensor) -> Tensor:
        return hessian_blocks(X, softmax_terms(X @ (V @ T).T, Y)[2], weights, ridge)

    theta = X.new_zeros(V.shape[1], X.shape[1])
    scale = float(weights @ (softmax_terms(X @ (V @ theta).T, Y)[1].norm(dim=1) * X.norm(dim=1)))
    theta = theta if start is None else V.T @ start
    tolerance = RELATIVE_TOLERANCE * max(scale, 1e-300)
    if theta.numel() > LARGE:  # where a Hessian for every step would take most of the time
        optimum = minimise_by_products(loss, gradient, products, theta, tolerance=tolerance, progress=progress)
        theta = optimum.theta
    if theta.numel() <= LARGE or not optimum.converged:
        optimum = minimise(loss, gradient, hessian, theta, tolerance=tolerance, progress=progress)
    require(optimum, "Softmax regression")
    return dataclasses.replace(optimum, theta=V @ optimum.theta)


def _terms(
    X: Tensor, w: Tensor, theta: Tensor, y: Tensor, z: Tensor, curvature: Curvature, intercept: bool = False
) -> Softmax:
    return Softmax(X, w, theta, y, z, *softmax_terms(z, y), curvature, intercept)


def _in_basis(theta: Tensor) -> Tensor:
    """T of Theta = V T, (C-1, d)."""
    return sum_zero_basis(theta.shape[0]).to(theta).T @ theta


def _derivatives(X: Tensor, y: Tensor, theta: Tensor, w: Tensor, ridge: float | Tensor) -> tuple[Tensor, Tensor]:
    _, delta, p = softmax_terms(X @ theta.T, y)
    return _in_basis((w[:, None] * delta).T @ X) + ridge * _in_basis(theta), hessian_blocks(X, p, w, ridge)


SOFTMAX = Model(
    fit=fit_softmax,
    minimum=minimum_of_softmax,
    code=lambda y, classes: torch.nn.functional.one_hot(y.long(), classes).to(y),
    terms=_terms,
    predict=lambda Z, classes: Z.argmax(1),
    derivatives=_derivatives,
    shape=lambda classes, d: (classes, d),
    coordinates=_in_basis,
)
