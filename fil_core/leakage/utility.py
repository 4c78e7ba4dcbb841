"""What the noise costs: the expected test score under output perturbation, in closed form.

NumPy only, so that a page can move a slider without loading torch.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

# Nodes of the Gauss-Hermite rule for softmax; the integrand is a product of normal distribution functions, analytic.
_NODES = 64


def expected_accuracy(scores: np.ndarray, norms: np.ndarray, labels: np.ndarray, sigma: float) -> float:
    """Mean probability that a perturbed linear classifier is right.

    theta + N(0, sigma^2 I) gives a score N(x^T theta, sigma^2 |x|^2): P(correct) = Phi(+-x^T theta / (sigma |x|)).
    For C scores the probability that the own one is the largest is one integral over its noise.

    Args:
        scores: (n,) for two classes, (n, C) for softmax.
        norms: |x|, (n,), >= 0.
        labels: class codes, (n,).
        sigma: >= 0; 0 gives the accuracy itself.

    Returns:
        In [0, 1]; exact for two classes, to quadrature (~1e-10) for more.
    """
    return float(correct_probability(scores, norms, labels, sigma).mean())


def correct_probability(scores: np.ndarray, norms: np.ndarray, labels: np.ndarray, sigma: float) -> np.ndarray:
    """P(correct) of each test example, (n,); arguments as for `expected_accuracy`."""
    labels = np.asarray(labels).astype(int)
    spread = sigma * np.asarray(norms, dtype=np.float64)
    gap = _gaps(np.asarray(scores, dtype=np.float64), labels)
    if gap.ndim == 1:
        return _step_or_phi(gap, spread)
    still = spread == 0
    found = np.where((gap > 0).all(1), 1.0, 0.0)
    found[~still] = _all_positive(gap[~still] / spread[~still, None])
    return found


def _gaps(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How far the own score leads: (n,) for one score, (n, C-1) for C."""
    if scores.ndim == 1:
        return np.where(labels == 1, scores, -scores)
    own = np.take_along_axis(scores, labels[:, None], 1)
    others = np.arange(scores.shape[1]) != labels[:, None]
    return (own - scores)[others].reshape(len(scores), -1)


def _step_or_phi(gap: np.ndarray, spread: np.ndarray) -> np.ndarray:
    safe = np.where(spread > 0, spread, 1.0)
    return np.where(spread > 0, ndtr(gap / safe), (gap > 0).astype(float))


def _all_positive(gap: np.ndarray) -> np.ndarray:
    """P(gap_c + e_0 - e_c > 0 for all c), e standard normal: int phi(t) prod_c Phi(gap_c + t) dt."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / np.sqrt(2 * np.pi)
    total = np.zeros(len(gap))
    for t, w in zip(nodes, weights, strict=True):
        total += w * ndtr(gap + t).prod(1)
    return np.clip(total, 0, 1)


def expected_squared_error(residuals: np.ndarray, norms: np.ndarray, sigma: float) -> float:
    """Mean squared test error of a perturbed linear regression: MSE + sigma^2 mean |x|^2, exact.

    Args:
        residuals: prediction - target, (n,). norms: |x|, (n,). sigma: >= 0.
    """
    return float(np.mean(np.square(residuals)) + sigma**2 * np.mean(np.square(norms)))
