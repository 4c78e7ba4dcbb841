"""A target in another unit: y' = c y makes theta' = c theta and J' = [c J_x, J_y].

So for a small c eta is |u| = |H^-1 x|, which knows no target at all, and for a large c it is c |J_x|; between them the
unit of the target decides.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from fil_core.dataset import Dataset
from fil_core.learn.failures.feature_scaling import order
from fil_core.learn.fits import eta_of, fitted_to, kept_at_top
from fil_core.learn.mode import Outcome, Said
from fil_core.linalg.correlation import spearman


def run(dataset: Dataset, strength: float) -> Outcome:
    """Eta of least squares as the target is, and with the target multiplied by `strength`."""
    scaled = dataclasses.replace(dataset, y=strength * dataset.y)
    fitted = fitted_to(dataset)
    eta, other = eta_of(fitted, dataset), eta_of(fitted_to(scaled), scaled)
    features = eta_of(fitted, dataset, tuple(range(dataset.d)))
    label = fitted.curvature.solve(fitted.design(dataset.X).T).norm(dim=0).numpy()
    kept, top = kept_at_top(eta, other)
    summary = {
        "spearman": spearman(other, eta),
        "with_label": spearman(other, label),
        "with_features": spearman(other, features),
        "kept": kept,
        "top": top,
        "leakiest": int(dataset.ids[eta.argmax()]),
        "leakiest_other": int(dataset.ids[other.argmax()]),
        "ratio": float(np.median(other) / np.median(eta)),
    }
    return Outcome(eta, other, {"eta_features": strength * features, "eta_label": label}, summary)


def sentence(said: Said) -> str:
    """How the ranking changes with the unit of the target, and what it then is the ranking of."""
    return (
        f"With the target multiplied by **{said['strength']:g}** the ranks of η correlate at "
        f"**{said.correlation('spearman')}** with those before, at "
        f"{said.correlation('with_features')} with those of the features alone "
        f"and at {said.correlation('with_label')} with those of the target alone; {order(said)}."
    )
