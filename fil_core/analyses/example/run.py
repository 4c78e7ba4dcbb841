"""One training example: which features leak, in which direction, and its nearest neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.example.request import ExampleRequest
from fil_core.analyses.health import caveats, feature_spread
from fil_core.dataset import Dataset
from fil_core.leakage.fil import Jacobians, jacobians
from fil_core.progress import Progress
from fil_core.result import Result


def check_example(request: ExampleRequest, dataset: Dataset) -> None:
    """Raises BadData for an example that does not exist, or for data without any spread."""
    feature_spread(dataset)
    dataset.row(request.id)


def run_example(request: ExampleRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Which features of one example leak, in which direction, and which training examples are nearest.

    The features are those of the source in preprocessed units (pixels divided by the norm, standardised columns), also
    where the model is trained on principal components.

    Args:
        request: the example and the number of neighbours.
        inputs: the data, and the model at its optimum.
        progress: not called.
    """
    dataset, fitted = inputs.dataset, inputs.fitted
    i = dataset.row(request.id)
    J = jacobians(fitted.terms(dataset), slice(i, i + 1))
    arrays = {"feature_eta": feature_eta(J, dataset), "direction": direction(J, dataset)}
    distance = np.linalg.norm(dataset.X - dataset.X[i], axis=1)
    distance[i] = np.inf
    nearest = np.argsort(distance, kind="stable")[: min(request.neighbours, dataset.n - 1)]
    table = pd.DataFrame(
        {"label": dataset.labels[nearest], "distance": distance[nearest]},
        index=pd.Index(dataset.ids[nearest], name="id"),
    )
    groups = {name: _group_eta(J, group.columns) for name, group in dataset.groups.items()}
    prior_std = feature_spread(dataset)
    summary = {"id": request.id, "label": str(dataset.labels[i]), "attribute_eta": groups, "prior_std": prior_std}
    return Result(table, arrays | _bounds(J, prior_std), summary, {"warnings": caveats(fitted, dataset)})


def _bounds(J: Jacobians, prior_std: float) -> dict[str, np.ndarray]:
    """Reconstruction bounds at noises around the one at which eta is as informative as the prior."""
    eta = float(J.eta_squared()[0].clamp_min(0).sqrt()) or 1.0  # an example of weight 0 leaks nothing at any noise
    sigmas = eta * prior_std * np.logspace(-3, 2, 41)
    unbiased = np.array([float(J.bound_unbiased(sigma)[0]) for sigma in sigmas])
    prior = np.array([float(J.bound_prior(sigma, prior_std)[0]) for sigma in sigmas])
    return {"sigmas": sigmas, "bound_unbiased": unbiased, "bound_prior": prior}


def _group_eta(J: Jacobians, columns: tuple[int, ...]) -> float:
    return float(J.attribute_eta_squared(list(columns))[0].clamp_min(0).sqrt())


def feature_eta(J: Jacobians, dataset: Dataset) -> np.ndarray:
    """eta of each source feature alone, in preprocessed units, of a single example, (d0,)."""
    basis = dataset.preprocessing.basis
    if basis is None:
        return J.feature_squares()[0].sqrt().cpu().numpy()
    gram = J.feature_gram().cpu().numpy()
    return np.sqrt(np.einsum("jk,kl,jl->j", basis, gram, basis).clip(0))


def direction(J: Jacobians, dataset: Dataset) -> np.ndarray:
    """Unit vector over the source features, with the sign that makes its largest entry positive."""
    v = J.directions()[0].cpu().numpy()
    v = v if dataset.preprocessing.basis is None else dataset.preprocessing.basis @ v
    return v * np.sign(v[np.abs(v).argmax()])
