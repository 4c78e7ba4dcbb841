"""A network of a few hidden units with every derivative formed: of its loss, and of its training in the examples.

    f(x) = v^T tanh(A (x, 1)) + c,   objective sum_i (f(x_i) - y_i)^2 / 2 + decay / 2 |theta|^2

theta is A (w, d + 1) row by row, then v (w,), then c.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Derivatives:
    """At some parameters.

    Attributes:
        theta: (p,).
        loss: the objective.
        gradient: of it, (p,).
        gauss_newton: J^T J + decay I, (p, p).
        hessian: of the objective, (p, p).
        mixed: M_i = d (gradient of loss_i) / d (x_i, y_i), (n, p, d + 1).
    """

    theta: np.ndarray
    loss: float
    gradient: np.ndarray
    gauss_newton: np.ndarray
    hessian: np.ndarray
    mixed: np.ndarray


def derivatives(theta: np.ndarray, X: np.ndarray, y: np.ndarray, *, width: int, decay: float) -> Derivatives:
    """All of them, by the chain rule.

    Args:
        theta: (p,) with p = width (d + 2) + 1.
        X: (n, d).
        y: (n,).
        width: number of hidden units.
        decay: >= 0.
    """
    n, d = X.shape
    inputs = np.hstack([X, np.ones((n, 1))])
    A, v, c = theta[: width * (d + 1)].reshape(width, d + 1), theta[-width - 1 : -1], theta[-1]
    h = np.tanh(inputs @ A.T)
    g = 1 - h * h
    r = h @ v + c - y
    J = np.hstack([((v * g)[:, :, None] * inputs[:, None, :]).reshape(n, -1), h, np.ones((n, 1))])
    G = J.T @ J + decay * np.eye(len(theta))
    return Derivatives(
        theta,
        float(r @ r + decay * theta @ theta) / 2,
        J.T @ r + decay * theta,
        G,
        G + _second(inputs, v, h, g, r),
        _mixed(inputs, A, v, h, g, r, J),
    )


def _second(inputs: np.ndarray, v: np.ndarray, h: np.ndarray, g: np.ndarray, r: np.ndarray) -> np.ndarray:
    """sum_i r_i d^2 f_i: each hidden unit bends by itself, and with its own weight in the sum."""
    w, wide = len(v), inputs.shape[1]
    R = np.zeros((w * wide + w + 1,) * 2)
    bent = -2 * r[:, None] * v * h * g  # (n, w)
    for k in range(w):
        own = slice(k * wide, (k + 1) * wide)
        R[own, own] = (bent[:, k, None] * inputs).T @ inputs
        R[own, w * wide + k] = R[w * wide + k, own] = (r * g[:, k]) @ inputs
    return R


def _mixed(
    inputs: np.ndarray, A: np.ndarray, v: np.ndarray, h: np.ndarray, g: np.ndarray, r: np.ndarray, J: np.ndarray
) -> np.ndarray:
    """M_i: J_i (d f_i / dx)^T + r_i dJ_i / dx over the features, and -J_i for the target."""
    n, d = len(inputs), inputs.shape[1] - 1
    W = A[:, :d]
    slopes = (v * g) @ W  # d f / dx, (n, d)
    of_A = (-2 * v * h * g)[:, :, None, None] * inputs[:, None, :, None] * W[:, None, :]
    of_A[:, :, :d] += (v * g)[:, :, None, None] * np.eye(d)
    of_v = g[:, :, None] * W
    turned = np.concatenate([of_A.reshape(n, -1, d), of_v, np.zeros((n, 1, d))], 1)
    of_x = J[:, :, None] * slopes[:, None, :] + r[:, None, None] * turned
    return np.concatenate([of_x, -J[:, :, None]], 2)


def start(d: int, *, width: int, seed: int) -> np.ndarray:
    """Initial parameters, normal with standard deviation 0.7."""
    return 0.7 * np.random.default_rng(seed).standard_normal(width * (d + 2) + 1)


def descent(
    X: np.ndarray, y: np.ndarray, *, width: int, decay: float, rate: float, steps: int, seed: int
) -> Iterator[tuple[Derivatives, np.ndarray]]:
    """Gradient descent on all examples, with the derivative of where it is in every example.

    theta <- theta - rate g,   D_i <- D_i - rate (H D_i + M_i),   D_i = 0 at the start

    Yields:
        Before step 0, 1, ..., `steps`: what there is at theta, and D, (n, p, d + 1).
    """
    n, d = X.shape
    theta = start(d, width=width, seed=seed)
    D = np.zeros((len(theta), n * (d + 1)))
    for _ in range(steps + 1):
        here = derivatives(theta, X, y, width=width, decay=decay)
        yield here, D.reshape(-1, n, d + 1).transpose(1, 0, 2)
        D = D - rate * (here.hessian @ D + here.mixed.transpose(1, 0, 2).reshape(len(theta), -1))
        theta = theta - rate * here.gradient
