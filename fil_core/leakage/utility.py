"""Utility under noise: the expected test score under output perturbation, in closed form.

NumPy only, so that a page can move a slider without loading torch.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

# The trapezoidal rule over +-8.5 standard deviations: on a smooth integrand with Gaussian tails it converges
# exponentially, to 1e-10 at this step for up to 100 classes, where a Gauss-Hermite rule of as many nodes gives 1e-7.
_STEP, _REACH = 0.25, 8.5


def expected_accuracy(scores: np.ndarray, norms: np.ndarray, labels: np.ndarray, sigma: float) -> float:
    """Mean probability that a perturbed linear classifier is right.

    theta + N(0, sigma^2 I) gives a score N(x^T theta, sigma^2 |x|^2): P(correct) = Phi(+-x^T theta / (sigma |x|)).
    For C scores the probability that the score of the label is the largest is one integral over its noise.

    >>> two = np.array([2.0, 2.0])
    >>> round(expected_accuracy(two, two, np.array([1, 0]), 1.0), 9)  # (Phi(1) + Phi(-1)) / 2
    0.5

    Args:
        scores: x^T theta, (n,) for two classes, (n, C) for softmax.
        norms: |x|, (n,), >= 0.
        labels: class codes, (n,), 0 to C - 1.
        sigma: standard deviation of the output perturbation, >= 0; 0 gives the accuracy itself.

    Returns:
        In [0, 1]; exact for two classes, to quadrature (~1e-10) for more; NaN where there are no test examples.

    Source: docs/maths.md, section 4.
    """
    return float(correct_probability(scores, norms, labels, sigma).mean()) if len(labels) else float("nan")


def correct_probability(scores: np.ndarray, norms: np.ndarray, labels: np.ndarray, sigma: float) -> np.ndarray:
    """P(correct) of each test example.

    P(correct) = Phi(+-score / (sigma norm)), or int phi(t) prod_c Phi((score_y - score_c) / (sigma norm) + t) dt

    >>> two = np.array([2.0, 2.0])
    >>> correct_probability(two, two, np.array([1, 0]), 1.0).round(6).tolist()  # Phi(1), Phi(-1)
    [0.841345, 0.158655]
    >>> correct_probability(np.zeros((1, 3)), np.ones(1), np.array([1]), 1.0).round(6).tolist()
    [0.333333]

    Args:
        scores: x^T theta, (n,) for two classes, (n, C) for softmax.
        norms: |x|, (n,), >= 0.
        labels: class codes, (n,), 0 to C - 1.
        sigma: standard deviation of the output perturbation, >= 0.

    Returns:
        (n,), in [0, 1]; 0 or 1 where sigma or the norm is 0.
    """
    labels, scores = np.asarray(labels).astype(int), np.asarray(scores, dtype=np.float64)
    std = sigma * np.asarray(norms, dtype=np.float64)
    # Scores without noise are decided by the model's own rule, ties included.
    probability = ((scores.argmax(1) if scores.ndim == 2 else scores > 0) == labels).astype(float)
    noisy = std > 0
    gap = _gaps(scores, labels)[noisy]
    probability[noisy] = (ndtr if gap.ndim == 1 else _all_positive)((gap.T / std[noisy]).T)
    return probability


def _gaps(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Lead of the label's score over each other one: (n,) for one score, (n, C-1) for C."""
    if scores.ndim == 1:
        return np.where(labels == 1, scores, -scores)
    of_label = np.take_along_axis(scores, labels[:, None], 1)
    others = np.arange(scores.shape[1]) != labels[:, None]
    return (of_label - scores)[others].reshape(len(scores), -1)


def _all_positive(gap: np.ndarray) -> np.ndarray:
    """P(gap_c + e_0 - e_c > 0 for all c), e standard normal: int phi(t) prod_c Phi(gap_c + t) dt.

    >>> _all_positive(np.zeros((1, 3))).round(9).tolist()  # the largest of four by symmetry
    [0.25]
    """
    nodes = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    weights = _STEP * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    total = np.zeros(len(gap))
    for t, w in zip(nodes, weights, strict=True):
        total += w * ndtr(gap + t).prod(1)
    return np.clip(total, 0, 1)


def drawn_scores(
    theta: np.ndarray, X: np.ndarray, y: np.ndarray, sigma: float, *, accuracy: bool, draws: int, seed: int
) -> np.ndarray:
    """Test scores of some noisy releases, for the spread between releases; their mean has a closed form above.

    Args:
        theta: (d,) or (C, d).
        X: test examples, (m, d).
        y: their class codes or targets, (m,).
        sigma: standard deviation of the output perturbation, >= 0.
        accuracy: whether y are class codes; otherwise the score is the mean squared error.
        draws: number of releases, >= 0.
        seed: seed of their noise.

    Returns:
        (draws,), accuracy or mean squared error; NaN where there are no test examples.
    """
    rng = np.random.default_rng(seed)
    score = np.full(draws, np.nan)
    for t in range(draws if len(y) else 0):
        z = X @ (theta + sigma * rng.standard_normal(theta.shape)).T
        if accuracy:
            score[t] = np.mean((z.argmax(1) if z.ndim == 2 else z > 0) == y)
        else:
            score[t] = np.mean((z - y) ** 2)
    return score


def expected_squared_error(residuals: np.ndarray, norms: np.ndarray, sigma: float) -> float:
    """Mean squared test error of a perturbed linear regression: MSE + sigma^2 mean |x|^2, exact.

    >>> expected_squared_error(np.array([1.0, -1.0]), np.array([2.0, 2.0]), 0.5)  # 1 + 4 / 4
    2.0

    Args:
        residuals: prediction - target, (n,).
        norms: |x|, (n,), >= 0.
        sigma: standard deviation of the output perturbation, >= 0.

    Returns:
        >= 0, in squared target units.
    """
    return float(np.mean(np.square(residuals)) + sigma**2 * np.mean(np.square(norms)))
