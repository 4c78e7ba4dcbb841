"""Out-of-distribution scores of examples that a model was not trained on; each is larger for a stranger example.

With p the probabilities of the classes at x and s_y(x) the eta of (x, y) with the training examples' H (see `outside`):

    fil-predicted    s_y at the most probable label          fil-expected   sum_y p_y s_y
    fil-min          min_y s_y                               fil-worst      max_y s_y
    leverage         x^T H^-1 x, of softmax the trace of (I (x) x)^T H^-1 (I (x) x)
    max-probability  -max_y p_y                              energy   -log sum_y exp(logit_y), logits (0, z) of two
    mahalanobis      min_c (x - mean_c)^T S^-1 (x - mean_c), S the covariance within classes, divided by n
    nngp-variance    posterior variance of a Gaussian process

Source: docs/maths.md, section 13; max-probability, Hendrycks and Gimpel (ICLR 2017); mahalanobis, Lee et al. (NeurIPS
2018); energy, Liu et al. (NeurIPS 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.linalg import row_blocks
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.shift.outside import eta_outside

FIL_SCORES = ("fil-predicted", "fil-min", "fil-expected", "fil-worst")
_NO_VARIANCE = 1e-10  # of the largest variance within classes, below which a direction has none


@dataclass(frozen=True, slots=True)
class Found:
    """Scores of m examples, by name, (m,) each, and what must be known of them."""

    scores: dict[str, np.ndarray]
    notes: tuple[str, ...] = ()


def out_of_distribution(
    fitted: Fitted, dataset: Dataset, X: np.ndarray, wanted: Sequence[str], progress: Progress | None = None
) -> Found:
    """Scores of examples that a logistic or softmax model was not trained on.

    Args:
        fitted: the model at its optimum.
        dataset: what it was trained on.
        X: (m, d) features of the examples, preprocessed as those of the training examples.
        wanted: names of scores, but `nngp-variance`.
        progress: called with (done, total, text).
    """
    scores: dict[str, np.ndarray] = {}
    notes = []
    if set(wanted) & set(FIL_SCORES):
        scores |= _of_fil(fitted, X, progress)
    for name, score in _OTHERS.items():
        if name in wanted:
            scores[name] = score(fitted, X).cpu().numpy()
    if "mahalanobis" in wanted:
        means, covariance = within_classes(dataset)
        scores["mahalanobis"], lost = mahalanobis(X, means, covariance)
        if lost:
            notes.append(
                f"mahalanobis leaves out {lost:,} of {dataset.d:,} directions in which the training examples of no "
                "class vary: it does not see what is strange in them."
            )
    return Found({name: scores[name] for name in wanted}, tuple(notes))


def probabilities(fitted: Fitted, X: np.ndarray) -> Tensor:
    """Of every class, (m, C); of a logistic model of the classes 0 and 1."""
    return torch.softmax(_logits(fitted, X), 1)


def _logits(fitted: Fitted, X: np.ndarray) -> Tensor:
    """(m, C); (0, z) of a logistic model."""
    Z = fitted.scores(X)
    return Z if Z.ndim == 2 else torch.stack([torch.zeros_like(Z), Z], 1)


def eta_of_labels(fitted: Fitted, X: np.ndarray, progress: Progress | None = None) -> Tensor:
    """s_y(x) under every label y, (m, C)."""
    m, columns = len(X), []
    for code in range(fitted.classes):
        if progress:
            progress(code, fitted.classes, "scoring every example under each label")
        columns.append(eta_outside(fitted, X, np.full(m, code)))
    return torch.stack(columns, 1)


def _of_fil(fitted: Fitted, X: np.ndarray, progress: Progress | None) -> dict[str, np.ndarray]:
    s, p = eta_of_labels(fitted, X, progress), probabilities(fitted, X)
    found = {
        "fil-predicted": s.gather(1, p.argmax(1, keepdim=True))[:, 0],
        "fil-min": s.amin(1),
        "fil-expected": (p * s).sum(1),
        "fil-worst": s.amax(1),
    }
    return {name: values.cpu().numpy() for name, values in found.items()}


def leverage(fitted: Fitted, X: np.ndarray) -> Tensor:
    """x^T H^-1 x, or of softmax its trace over the directions among classes that sum to zero, (m,), >= 0."""
    inputs, d = fitted.design(X), fitted.theta.shape[-1]
    inverse = fitted.curvature.inverse_power(1).view(-1, d, fitted.curvature.size // d, d)
    G = inverse.diagonal(dim1=0, dim2=2).sum(2)  # over the directions among classes
    found = [((inputs[rows] @ G) * inputs[rows]).sum(1) for rows in row_blocks(len(X), d, inputs.device)]
    return torch.cat(found) if found else inputs.new_zeros(0)


def max_probability(fitted: Fitted, X: np.ndarray) -> Tensor:
    """Less the probability of the most probable class, (m,), in [-1, -1/C]."""
    return -probabilities(fitted, X).amax(1)


def energy(fitted: Fitted, X: np.ndarray) -> Tensor:
    """Less the log of the summed exponentials of the logits, (m,)."""
    return -torch.logsumexp(_logits(fitted, X), 1)


_OTHERS: dict[str, Callable[[Fitted, np.ndarray], Tensor]] = {
    "leverage": leverage,
    "max-probability": max_probability,
    "energy": energy,
}


def within_classes(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Means of the classes, (C, d), and the covariance within classes, divided by n, (d, d)."""
    codes = dataset.y.astype(int)
    means = np.stack([dataset.X[codes == code].mean(0) for code in range(len(dataset.class_names))])
    away = dataset.X - means[codes]
    return means, away.T @ away / dataset.n


def mahalanobis(X: np.ndarray, means: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, int]:
    """Smallest squared Mahalanobis distance to a class's mean.

    >>> mahalanobis(np.array([[3.0, 5.0]]), np.zeros((1, 2)), np.diag([9.0, 0.0]))
    (array([1.]), 1)

    Args:
        X: (m, d).
        means: (C, d).
        covariance: (d, d); directions in which it has no variance are left out.

    Returns:
        (m,) distances, and the number of directions that were left out.
    """
    values, vectors = np.linalg.eigh(covariance)
    varies = values > _NO_VARIANCE * max(values[-1], 0.0)
    whitening = vectors[:, varies] / np.sqrt(values[varies])
    Z = X @ whitening
    distances = np.stack([np.square(Z - mean @ whitening).sum(1) for mean in means])
    return distances.min(0), int((~varies).sum())
