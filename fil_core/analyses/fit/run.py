"""Training as an analysis: the trained model as a result, and the model restored from it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.fit.parts import source_of_weights
from fil_core.analyses.fit.request import FitRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.linalg import CholeskyCurvature, Curvature
from fil_core.mitigations.irfil import without_leakiest
from fil_core.models import Fitted, fit
from fil_core.models.checks import check_task
from fil_core.models.newton import Optimum
from fil_core.models.pretrained import fit_at
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import ModelSpec
from fil_core.specs.weights import Dropping, GivenWeights

_SPECTRUM = ("curvature_values", "curvature_vectors")
_ROOT = ("curvature_root", "curvature_ends")


def check_fit(request: FitRequest, dataset: Dataset) -> None:
    """Raises BadRequest for a model that does not fit the task."""
    check_task(request.model, dataset)


def run_fit(request: FitRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Train the model, or take pretrained parameters after checking that they are an optimum.

    Args:
        request: the model.
        inputs: the data, the uploads, and the result that the weights follow from.
        progress: called with (done, total, what).
    """
    model, dataset, device = request.model, inputs.dataset, inputs.device
    weights = weights_of(request, inputs)
    if model.parameters is None:
        return as_result(fit(model, dataset, weights=weights, device=device, progress=progress))
    theta = inputs.uploads[model.parameters].arrays["theta"]
    return as_result(fit_at(model, dataset, theta, weights=weights, device=device))


def weights_of(request: FitRequest, inputs: Inputs) -> np.ndarray | None:
    """The weights of the training examples, (n,); None for equal ones.

    Raises:
        BadData: the reweighting has no weights, or uploaded ones are for other examples.
        FilError: the analysis that they follow from has no result.
    """
    weighting = request.model.weights
    if weighting is None:
        return None
    if isinstance(weighting, GivenWeights):
        return _uploaded(inputs.uploads[weighting.digest], inputs)
    source = source_of_weights(request)
    assert source is not None  # every other weighting follows from an analysis
    result = inputs.part(source)
    if isinstance(weighting, Dropping):
        return without_leakiest(result.table["eta"].to_numpy(), weighting.k)
    if len(result.arrays["weights"]) == 1 and not result.summary["converged"]:  # not one round was completed
        raise BadData(f"weights: {weighting.text} has none: {result.summary['why']}")
    return result.arrays["weights"][-1]


def _uploaded(stored: Result, inputs: Inputs) -> np.ndarray:
    if stored.summary["fingerprint"] != inputs.dataset.fingerprint:
        raise BadData(
            f"weights: expected weights of the examples chosen now; these were uploaded for {stored.summary['title']} "
            "with another choice of examples or features. Upload weights for this one, or take equal ones."
        )
    return stored.arrays["weights"]


def as_result(fitted: Fitted) -> Result:
    """The trained model as a Result, so that the store can keep it."""
    arrays = {
        "theta": fitted.theta.cpu().numpy(),
        **{name: part.cpu().numpy() for name, part in _of_curvature(fitted.curvature).items()},
        "weights": fitted.weights.cpu().numpy(),
    }
    optimum = fitted.optimum
    summary = {"grad_norm": optimum.grad_norm, "tolerance": optimum.tolerance, "iterations": optimum.iterations}
    summary |= {"classes": fitted.classes, "intercept": fitted.intercept, "moved": fitted.moved}
    return Result(pd.DataFrame(), arrays, summary)


def _of_curvature(curvature: Curvature) -> dict[str, Tensor]:
    """What a curvature is kept as: its Cholesky factor where it has one, else its eigenvalues and eigenvectors."""
    if isinstance(curvature, CholeskyCurvature):
        return dict(zip(_ROOT, (curvature.root, curvature.ends), strict=True))
    return dict(zip(_SPECTRUM, (curvature.values, curvature.vectors), strict=True))


def restore(stored: Result, spec: ModelSpec, device: torch.device) -> Fitted:
    """The inverse of `as_result`.

    Args:
        stored: what `as_result` returned.
        spec: the model's spec, which the result does not hold.
        device: where its tensors are to be.
    """
    tensors = {name: torch.from_numpy(array).to(device) for name, array in stored.arrays.items()}
    s = stored.summary
    optimum = Optimum(tensors["theta"], s["grad_norm"], s["tolerance"], s["iterations"])
    kind = CholeskyCurvature if "curvature_root" in tensors else Curvature
    parts = _ROOT if kind is CholeskyCurvature else _SPECTRUM
    curvature = kind(*(tensors[name] for name in parts))
    return Fitted(spec, optimum, curvature, s["classes"], tensors["weights"], s["intercept"], s["moved"])
