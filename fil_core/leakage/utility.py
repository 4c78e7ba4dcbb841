"""What the noise costs: the expected test score under output perturbation, in closed form.

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
    For C scores the probability that the own one is the largest is one integral over its noise.

    Args:
        scores: (n,) for two classes, (n, C) for softmax.
        norms: |x|, (n,), >= 0.
        labels: class codes, (n,).
        sigma: >= 0; 0 gives the accuracy itself.

    Returns:
        In [0, 1]; exact for two classes, to quadrature (~1e-10) for more.
    """
    return float(correct_probability(scores, norms, labels, sigma).mean()) if len(labels) else float("nan")


def correct_probability(scores: np.ndarray, norms: np.ndarray, labels: np.ndarray, sigma: float) -> np.ndarray:
    """P(correct) of each test example, (n,); arguments as for `expected_accuracy`."""
    labels, scores = np.asarray(labels).astype(int), np.asarray(scores, dtype=np.float64)
    spread = sigma * np.asarray(norms, dtype=np.float64)
    # Where nothing moves, the model's own rule decides, ties included.
    found = ((scores.argmax(1) if scores.ndim == 2 else scores > 0) == labels).astype(float)
    moves = spread > 0
    gap = _gaps(scores, labels)[moves]
    found[moves] = (ndtr if gap.ndim == 1 else _all_positive)((gap.T / spread[moves]).T)
    return found


def _gaps(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How far the own score leads: (n,) for one score, (n, C-1) for C."""
    if scores.ndim == 1:
        return np.where(labels == 1, scores, -scores)
    own = np.take_along_axis(scores, labels[:, None], 1)
    others = np.arange(scores.shape[1]) != labels[:, None]
    return (own - scores)[others].reshape(len(scores), -1)


def _all_positive(gap: np.ndarray) -> np.ndarray:
    """P(gap_c + e_0 - e_c > 0 for all c), e standard normal: int phi(t) prod_c Phi(gap_c + t) dt."""
    nodes = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    weights = _STEP * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    total = np.zeros(len(gap))
    for t, w in zip(nodes, weights, strict=True):
        total += w * ndtr(gap + t).prod(1)
    return np.clip(total, 0, 1)


def drawn_scores(
    theta: np.ndarray, X: np.ndarray, y: np.ndarray, sigma: float, *, accuracy: bool, draws: int, seed: int
) -> np.ndarray:
    """Test scores of some noisy releases, for the spread between them; their mean has a closed form above.

    Args:
        theta: (d,) or (C, d).
        X, y: test examples (m, d), and their class codes or targets (m,).
        sigma: >= 0.
        accuracy: whether y are class codes; otherwise the score is the mean squared error.
        draws: number of releases. seed: of their noise.

    Returns:
        (draws,), accuracy or mean squared error; NaN where there are no test examples.
    """
    rng = np.random.default_rng(seed)
    found = np.full(draws, np.nan)
    for t in range(draws if len(y) else 0):
        z = X @ (theta + sigma * rng.standard_normal(theta.shape)).T
        if accuracy:
            found[t] = np.mean((z.argmax(1) if z.ndim == 2 else z > 0) == y)
        else:
            found[t] = np.mean((z - y) ** 2)
    return found


def expected_squared_error(residuals: np.ndarray, norms: np.ndarray, sigma: float) -> float:
    """Mean squared test error of a perturbed linear regression: MSE + sigma^2 mean |x|^2, exact.

    Args:
        residuals: prediction - target, (n,). norms: |x|, (n,). sigma: >= 0.
    """
    return float(np.mean(np.square(residuals)) + sigma**2 * np.mean(np.square(norms)))
