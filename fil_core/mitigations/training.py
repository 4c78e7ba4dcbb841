"""A model trained on some rows from the beginning, its weights computed from these rows alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.leakage.fil import fil
from fil_core.mitigations.irfil import irfil, without_leakiest
from fil_core.models import Fitted, fit
from fil_core.specs import ModelSpec
from fil_core.specs.weights import Dropping, GivenWeights


def check_trainable(spec: ModelSpec) -> None:
    """Refuse a model that cannot be trained on other rows.

    Raises:
        BadRequest: it has pretrained parameters, or weights that were uploaded for certain rows.
    """
    if spec.parameters is not None or isinstance(spec.weights, GivenWeights):
        what = "pretrained parameters" if spec.parameters is not None else "uploaded weights"
        raise BadRequest(
            f"model: expected one that can be trained on any part of the examples; got one with {what}, which are of "
            "all of them."
        )


def rows_of(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """A part of the training examples with the same preprocessing, test rows and names.

    Args:
        dataset: the examples.
        rows: positions, ascending.
    """
    names = None if dataset.id_names is None else dataset.id_names[rows]
    return dataclasses.replace(
        dataset, X=dataset.X[rows], y=dataset.y[rows], ids=dataset.ids[rows], source=dataset.source[rows],
        id_names=names, flipped=None, sections=None, secrets=None, fingerprint="",
        pictures=None if dataset.pictures is None else dataset.pictures.at(rows),
    )  # fmt: skip


def train(spec: ModelSpec, dataset: Dataset, *, device: torch.device, start: Tensor | None = None) -> Fitted:
    """Train a model with its weighting, which follows from the rows: what a training pipeline does as a whole.

    Args:
        spec: with equal weights, reweighted, or without the leakiest examples.
        dataset: the rows.
        device: where to compute.
        start: parameters to start from; the optimum does not depend on it.

    Raises:
        BadData: a class has no rows, or there are no usable weights.
        FilError: there is no optimum.
    """
    plain = dataclasses.replace(spec, weights=None)
    fitted = fit(plain, dataset, start=start, device=device)
    if spec.weights is None:
        return fitted
    columns = dataset.columns(spec.weights.attribute)  # type: ignore[union-attr]  # uploaded weights are refused
    if isinstance(spec.weights, Dropping):
        w = without_leakiest(fil(fitted, dataset, columns=columns).cpu().numpy(), spec.weights.k)
    else:
        found = irfil(fitted, dataset, spec.weights, columns=columns)  # type: ignore[arg-type]
        if len(found.weights) == 1 and not found.converged:
            raise BadData(f"weights: {spec.weights.text} has none: {found.why}")
        w = found.weights[-1]
    return fit(plain, dataset, weights=w, start=fitted.theta, device=device)
