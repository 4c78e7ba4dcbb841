"""The Hessian of a network that is still being trained: it is indefinite, and its inverse says nothing.

Eta of what is released after T steps of descent is |d theta_T / d(x_i, y_i)|_2, which follows the run
(`fil_core.learn.tiny_network`). At a minimum it is |H^-1 M_i|_2, the formula of convex models. Before that
H = J^T J + sum_i r_i d^2 f_i + decay I may have negative eigenvalues, and the formula has a pole wherever one passes
through 0. Without the second term (Gauss-Newton) there is no pole, but it is another matrix at the minimum too.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.learn.mode import Outcome, Said
from fil_core.learn.tiny_network import Derivatives, descent
from fil_core.linalg.correlation import spearman

WIDTH, DECAY, RATE, SEED = 3, 0.1, 0.02, 2
_DRAWN, _EVERY = 400, 20  # steps of the figure, if the run has not more; and those between two of its points
_TINY = 1e-12  # of a gradient's or an eigenvalue's size: nothing


def standardised(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Features and target with mean 0 and standard deviation 1; constant ones are 0."""
    X, y = dataset.X - dataset.X.mean(0), dataset.y - dataset.y.mean()
    size, height = X.std(0), y.std()
    return X / np.where(size > _TINY, size, 1.0), y / (height if height > _TINY else 1.0)


def run(dataset: Dataset, strength: float) -> Outcome:
    """Eta through the run of `strength` steps, and by the inverse of the Hessian at its end."""
    X, y = standardised(dataset)
    steps, seen = int(strength), []
    run = descent(X, y, width=WIDTH, decay=DECAY, rate=RATE, steps=max(steps, _DRAWN), seed=SEED)
    for k, (here, D) in enumerate(run):
        if k == steps:
            through, hessian, gauss_newton = etas(here, D)
            summary = _summary(here, through, hessian, gauss_newton)
        if k and k % _EVERY == 0:
            seen.append((k, *_along(here, D)))
    columns = ("step", "least", "median", "median_hessian", "median_gauss_newton")
    arrays = dict(zip(columns, np.array(seen).T, strict=True))
    return Outcome(through, hessian, {"eta_gauss_newton": gauss_newton}, summary, arrays)


def etas(here: Derivatives, D: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each example: through the run, by the Hessian's inverse, by the Gauss-Newton matrix's, (n,) each."""
    by = [np.linalg.solve(curvature, here.mixed) for curvature in (here.hessian, here.gauss_newton)]
    through, hessian, gauss_newton = (np.linalg.norm(J, 2, axis=(1, 2)) for J in (D, *by))
    return through, hessian, gauss_newton


def _summary(here: Derivatives, through: np.ndarray, hessian: np.ndarray, gauss_newton: np.ndarray) -> dict[str, Any]:
    values = np.linalg.eigvalsh(here.hessian)
    return {
        "parameters": len(here.theta),
        "negative": int((values < 0).sum()),
        "least": float(values[0]),
        "gradient": float(np.linalg.norm(here.gradient)),
        "spearman": spearman(hessian, through),
        "spearman_gauss_newton": spearman(gauss_newton, through),
        "median": float(np.median(through)),
        "median_hessian": float(np.median(hessian)),
        "median_gauss_newton": float(np.median(gauss_newton)),
    }


def _along(here: Derivatives, D: np.ndarray) -> tuple[float, ...]:
    found = etas(here, D)
    return (float(np.linalg.eigvalsh(here.hessian)[0]), *(float(np.median(one)) for one in found))


def sentence(said: Said) -> str:
    """How many directions of the Hessian are negative, and how its inverse compares with the run."""
    return (
        f"After **{said['strength']:g} steps** the Hessian of {said['parameters']:,} parameters has "
        f"**{said['negative']:,}** negative eigenvalues (least {number(said['least'])}; norm of the gradient "
        f"{number(said['gradient'])}): by its inverse the median η of {said['n']:,} examples is "
        f"**{number(said['median_hessian'])}**, through the run of training it is **{number(said['median'])}**, and "
        f"the ranks correlate at **{said.correlation('spearman')}**; by the Gauss–Newton matrix the median is "
        f"{number(said['median_gauss_newton'])}, and they correlate at {said.correlation('spearman_gauss_newton')}."
    )
