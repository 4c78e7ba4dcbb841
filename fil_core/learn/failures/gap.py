"""The score of a point that was not trained on, along the line through two groups of examples and beyond them.

    s_y(x) = |H^-1 [d_x d_theta loss, d_y d_theta loss]|_2 = |[r H^-1 + a u theta^T, -u]|_2,   u = H^-1 x

Least squares with the prediction as y (r = 0): s = |u| sqrt(1 + |theta|^2) exactly, convex along any line, least near
the mean of the data and growing without end both ways: in a gap around the mean it is lower than on nearly every
training example, though nothing was seen there, and so is x^T H^-1 x. Logistic with the predicted label: |u| <= s <=
|u| + a |u| |theta| + |r| |H^-1|, the same valley, but with a bump where the label changes and |r| = 1/2. Where the
classes are separated |u| outweighs the bump, where they overlap the bump may be the highest place. Neither is the
distance to the nearest training example.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.learn.fits import eta_of, fitted_to
from fil_core.learn.mode import Outcome, Said
from fil_core.models import Fitted
from fil_core.shift.outside import eta_outside

_BEYOND, _POINTS = 2.0, 121  # how far the line goes on beyond the groups' means, in half distances; and its points


def run(dataset: Dataset, strength: float) -> Outcome:
    """Scores along the line through two groups that are moved apart, and of the training examples."""
    apart, line, t = moved_apart(dataset, strength)
    logistic, squares = fitted_to(apart, "logistic"), fitted_to(apart, "least-squares")
    own = {"logistic": predicted_score(logistic, apart.X), "least-squares": extrapolated_score(squares, apart.X)}
    along = {"logistic": predicted_score(logistic, line), "least-squares": extrapolated_score(squares, line)}
    far = nearest(line, apart.X)
    summary = {"nearest_centre": float(far[len(t) // 2]), "nearest_median": float(np.median(_to_another(apart.X)))}
    for kind, score in along.items():
        summary |= _numbers(kind, t, score, own[kind])
    arrays = {"position": t, "nearest": far} | {f"score_{kind}": score for kind, score in along.items()}
    eta = eta_of(fitted_to(dataset, "logistic"), dataset)
    return Outcome(eta, eta_of(logistic, apart), {"score": own["logistic"]}, summary, arrays)


def moved_apart(dataset: Dataset, factor: float) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """The data with two groups further apart, and the line through the groups' means.

    A group is what lies on one side of the half-way between the two classes' means.

    Args:
        dataset: of two classes.
        factor: by which the distance of the groups' means is multiplied, >= 1.

    Returns:
        The data; points (m, d) on the line; their positions, 0 half-way between the means and -1 and 1 at these.
    """
    means = np.stack([dataset.X[dataset.y == c].mean(0) for c in (0, 1)])
    side = (dataset.X - means.mean(0)) @ (means[1] - means[0]) > 0
    if side.all() or not side.any():  # the means are the same
        side = dataset.y == 1
    groups = np.stack([dataset.X[side == c].mean(0) for c in (False, True)])
    half, middle = (groups[1] - groups[0]) / 2, groups.mean(0)
    X = dataset.X + (factor - 1) * np.where(side, 1.0, -1.0)[:, None] * half
    t = np.linspace(-1 - _BEYOND, 1 + _BEYOND, _POINTS)
    return dataclasses.replace(dataset, X=X), middle + t[:, None] * (factor * half), t


def predicted_score(fitted: Fitted, X: np.ndarray) -> np.ndarray:
    """s_y(x) of a classifier with y the predicted label, (m,)."""
    y = fitted.predictions(fitted.scores(X)).numpy()
    return np.asarray(eta_outside(fitted, X, y).numpy())


def extrapolated_score(fitted: Fitted, X: np.ndarray) -> np.ndarray:
    """s_y(x) of least squares with y the real number that it predicts, so that r = 0: |u| sqrt(1 + |theta|^2), (m,)."""
    u = fitted.curvature.solve(fitted.design(X).T).norm(dim=0)
    return np.asarray((u * (1 + fitted.theta.square().sum()).sqrt()).numpy())


def nearest(points: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Distance of each point to the nearest training example, (m,)."""
    return np.asarray(torch.cdist(torch.from_numpy(points), torch.from_numpy(X)).min(1).values.numpy())


def _to_another(X: np.ndarray, most: int = 2000) -> np.ndarray:
    """Distance of training examples, the first `most` of them, to their nearest other one."""
    far = torch.cdist(torch.from_numpy(X[:most]), torch.from_numpy(X))
    far[torch.arange(len(far)), torch.arange(len(far))] = torch.inf
    return np.asarray(far.min(1).values.numpy())


def _numbers(kind: str, t: np.ndarray, score: np.ndarray, own: np.ndarray) -> dict[str, Any]:
    centre = float(score[len(t) // 2])
    return {
        f"{kind}_centre": centre,
        f"{kind}_median": float(np.median(own)),
        f"{kind}_above": float((own > centre).mean()),
        f"{kind}_least_at": float(t[score.argmin()]),
        f"{kind}_end": float(min(score[0], score[-1])),
    }


def sentence(said: Said) -> str:
    """The score in the middle of the gap beside those of the training examples and far outside."""
    ends = [
        f"in {name} **{number(said[f'{kind}_centre'])}**, lower than on **{100 * said[f'{kind}_above']:.0f} %** of the "
        f"training examples (median {number(said[f'{kind}_median'])}), and {number(said[f'{kind}_end'])} or more as "
        "far again beyond both groups"
        for kind, name in (
            ("logistic", "logistic regression"),
            ("least-squares", "least squares (target: its prediction)"),
        )
    ]
    return (
        f"Half-way between the two groups' means, where the nearest training example is at "
        f"{number(said['nearest_centre'])} (between training examples the median is {number(said['nearest_median'])}), "
        f"the score is {'; '.join(ends)}."
    )
