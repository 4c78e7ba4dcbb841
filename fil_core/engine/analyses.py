"""The analyses: a data set and a model at its optimum in, a Result without provenance out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.leakage.fil import Jacobians, fil, jacobians, measure
from fil_core.linalg import Curvature
from fil_core.models import Fitted
from fil_core.models.newton import Optimum
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import ExampleRequest, FilRequest, ModelSpec
from fil_core.specs.weights import Dropping

# Above this eta has lost more than half of float64's digits.
_ILL_CONDITIONED = 1e8
STILL_IN_SCALE = "The examples left out still had a part in the scaling of the features and in their components."
CONSTANT_WEIGHTS = (
    "Eta takes the weights as constants. They were computed from the examples themselves, and what they give away is "
    "not counted."
)


def run_fit(fitted: Fitted) -> Result:
    """The trained model as a Result, so that the store can keep it."""
    arrays = {
        "theta": fitted.theta.cpu().numpy(),
        "curvature_values": fitted.curvature.values.cpu().numpy(),
        "curvature_vectors": fitted.curvature.vectors.cpu().numpy(),
        "weights": fitted.weights.cpu().numpy(),
    }
    optimum = fitted.optimum
    summary = {"grad_norm": optimum.grad_norm, "tolerance": optimum.tolerance, "iterations": optimum.iterations}
    return Result(pd.DataFrame(), arrays, summary | {"classes": fitted.classes})


def restore_fit(stored: Result, spec: ModelSpec, device: torch.device) -> Fitted:
    """The trained model back from its Result."""
    held = {name: torch.from_numpy(array).to(device) for name, array in stored.arrays.items()}
    s = stored.summary
    optimum = Optimum(held["theta"], s["grad_norm"], s["tolerance"], s["iterations"])
    curvature = Curvature(held["curvature_values"], held["curvature_vectors"])
    return Fitted(spec, optimum, curvature, s["classes"], held["weights"])


def run_fil(request: FilRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None = None) -> Result:
    """Every measure of docs/maths.md, sections 1 to 4, that has one number an example, and the test scores beside them.

    Where the data name sensitive attributes, `eta_NAME` has eta of each, unless one attribute is asked for anyway.
    """
    columns = attribute_columns(dataset, request)
    prior_std = request.prior_std or spread(dataset)
    table = measure(
        fitted,
        dataset,
        sigma=request.sigma,
        columns=columns,
        simplex=request.simplex,
        prior_std=prior_std,
        progress=progress,
    )
    for name in () if columns else dataset.sensitive:
        of_attribute = fil(fitted, dataset, columns=dataset.columns((name,)), sigma=request.sigma)
        table[f"eta_{name}"] = of_attribute.cpu().numpy()
    summary = (
        summarise(table["eta"].to_numpy()[table["weight"].to_numpy() > 0])  # who was left out leaks nothing
        | health(fitted, dataset)
        | {
            "train_score": fitted.score(dataset.X, dataset.y),
            "test_score": fitted.score(dataset.X_test, dataset.y_test),
            "score": "accuracy" if fitted.classes else "mean squared error",
            "prior_std": prior_std,
            "columns": list(columns),
        }
    )
    return Result(table, _test_arrays(fitted, dataset), summary, {"warnings": _warnings(fitted, table)})


def health(fitted: Fitted, dataset: Dataset) -> dict[str, Any]:
    """Sizes, and whether the model is at an optimum that means something: what stands under every figure."""
    return {
        "n": dataset.n,
        "d": dataset.d,
        "converged": fitted.optimum.converged,
        "grad_norm": fitted.optimum.grad_norm,
        "tolerance": fitted.optimum.tolerance,
        "iterations": fitted.optimum.iterations,
        "condition": fitted.curvature.condition,
    }


def summarise(eta: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation (n - 1), minimum, median and maximum of eta."""
    spread = float(eta.std(ddof=1)) if eta.size > 1 else 0.0
    found = {"mean": eta.mean(), "std": spread, "min": eta.min(), "median": np.median(eta), "max": eta.max()}
    return {f"eta_{name}": float(value) for name, value in found.items()}


def attribute_columns(dataset: Dataset, request: FilRequest) -> tuple[int, ...]:
    """The columns of the request's attribute, checked.

    Raises:
        BadRequest: the simplex constraint on a single column or on a coding that leaves a level out.
        BadData: no such attribute.
    """
    columns = dataset.columns(request.attribute)
    left_out = [g.name for g in dataset.groups.values() if g.dropped is not None and set(g.columns) & set(columns)]
    if request.simplex and left_out:
        raise BadRequest(
            f"simplex: expected an attribute with a column for every level; {', '.join(left_out)} leaves one out, "
            "so its columns are free already. Ask without simplex."
        )
    if request.simplex and len(columns) < 2:
        raise BadRequest(f"simplex: expected an attribute of at least two columns; got {len(columns)}.")
    return columns


def check_fil(request: FilRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for an attribute that is not there, or data without any spread."""
    spread(dataset)
    attribute_columns(dataset, request)


def check_example(request: ExampleRequest, dataset: Dataset) -> None:
    """Raises BadData for an example that is not there, or data without any spread."""
    spread(dataset)
    dataset.row(request.id)


def run_example(request: ExampleRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None = None) -> Result:
    """Which features of one example leak, in which direction, and which training examples are nearest.

    Features are those of the source in preprocessed units (pixels divided by the norm, standardised columns), also
    when the model saw principal components.
    """
    i = dataset.row(request.id)
    J = jacobians(fitted.terms(dataset), slice(i, i + 1))
    arrays = {"feature_eta": _feature_eta(J, dataset), "direction": _direction(J, dataset)}
    distance = np.linalg.norm(dataset.X - dataset.X[i], axis=1)
    distance[i] = np.inf
    near = np.argsort(distance, kind="stable")[: min(request.neighbours, dataset.n - 1)]
    table = pd.DataFrame(
        {"label": dataset.labels[near], "distance": distance[near]}, index=pd.Index(dataset.ids[near], name="id")
    )
    groups = {name: _group_eta(J, group.columns) for name, group in dataset.groups.items()}
    prior_std = spread(dataset)
    summary = {"id": request.id, "label": str(dataset.labels[i]), "attribute_eta": groups, "prior_std": prior_std}
    return Result(table, arrays | _bounds(J, prior_std), summary)


def spread(dataset: Dataset) -> float:
    """Root mean variance of the training features: what an attacker knows who has seen only others like them.

    Raises:
        BadData: all training examples are the same, so that there is no such spread.
    """
    std = float(np.sqrt(dataset.X.var(axis=0).mean()))
    if std == 0:
        raise BadData(f"training rows: expected at least two that differ; got {dataset.n:,}, all the same.")
    return std


def _bounds(J: Jacobians, prior_std: float) -> dict[str, np.ndarray]:
    """Reconstruction bounds over the noise that matters: around where eta says as much as the prior."""
    eta = float(J.eta_squared()[0].clamp_min(0).sqrt()) or 1.0  # an example of weight 0 is safe under any noise
    sigmas = eta * prior_std * np.logspace(-3, 2, 41)
    unbiased = np.array([float(J.bound_unbiased(sigma)[0]) for sigma in sigmas])
    prior = np.array([float(J.bound_prior(sigma, prior_std)[0]) for sigma in sigmas])
    return {"sigmas": sigmas, "bound_unbiased": unbiased, "bound_prior": prior}


def _group_eta(J: Jacobians, columns: tuple[int, ...]) -> float:
    return float(J.attribute_eta_squared(list(columns))[0].clamp_min(0).sqrt())


def _feature_eta(J: Jacobians, dataset: Dataset) -> np.ndarray:
    basis = dataset.preprocessing.basis
    if basis is None:
        return J.feature_squares()[0].sqrt().cpu().numpy()
    gram = J.feature_gram().cpu().numpy()
    return np.sqrt(np.einsum("jk,kl,jl->j", basis, gram, basis).clip(0))


def _direction(J: Jacobians, dataset: Dataset) -> np.ndarray:
    """Unit vector over the source features, its sign such that the largest entry is positive."""
    v = J.directions()[0].cpu().numpy()
    v = v if dataset.preprocessing.basis is None else dataset.preprocessing.basis @ v
    return v * np.sign(v[np.abs(v).argmax()])


def _test_arrays(fitted: Fitted, dataset: Dataset) -> dict[str, np.ndarray]:
    """What the closed forms of the expected score need, so that a page can move sigma without the model."""
    return {
        "theta": fitted.theta.cpu().numpy(),
        "test_scores": fitted.scores(dataset.X_test).cpu().numpy(),
        "test_norms": np.linalg.norm(dataset.X_test, axis=1),
        "test_targets": dataset.y_test,
    }


def _warnings(fitted: Fitted, table: pd.DataFrame) -> list[str]:
    found = caveats(fitted)
    if fitted.spec.kind != "least-squares":
        found.append("loo_shift and membership_auc take one Newton step; they are exact for least squares only.")
    blind = int(np.isinf(table["bound_unbiased"]).sum())
    if blind:
        found.append(f"bound_unbiased is infinite for {blind:,} examples: no unbiased estimator of them exists.")
    return found


def caveats(fitted: Fitted) -> list[str]:
    """Warnings that stand under every figure: a curvature that costs digits, weights that eta does not count."""
    how = fitted.spec.weights
    found = conditioning(fitted.curvature.condition) + ([CONSTANT_WEIGHTS] if how is not None else [])
    return found + ([STILL_IN_SCALE] if isinstance(how, Dropping) else [])


def conditioning(condition: float) -> list[str]:
    """A warning where the curvature costs eta its digits."""
    if condition <= _ILL_CONDITIONED:
        return []
    return [
        f"The curvature's condition number is {condition:.1e}: about {np.log10(condition):.0f} of 16 digits of eta are "
        "lost. A larger l2 mends it."
    ]
