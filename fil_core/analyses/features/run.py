"""Features of pictures by a frozen network: training it on the public rows, and one pass over all others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.features.request import FeaturesRequest
from fil_core.data.features import check_pictures, public_rows
from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.models.extractor import WEIGHT, Extractor, Weights, extractor
from fil_core.models.extractor_networks import Design, built, outputs_in
from fil_core.models.extractor_training import train
from fil_core.models.networks.inputs import outputs_of, score_name, targets_of
from fil_core.models.networks.losses import cross_entropy, squared
from fil_core.models.networks.problem import score
from fil_core.models.networks.training import outputs_at, trainable
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import DataSpec

_SAME = 1e-9  # relative spread of features below which they are all the same
_LARGEST = 1e100  # whose square is far from the end of float64


def check(request: FeaturesRequest, dataset: Dataset) -> None:
    """Raises BadRequest for data that are no pictures, BadData for public or private rows without some class."""
    check_pictures(request.data, dataset)
    public_rows(request.data, dataset)


def run(request: FeaturesRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """The features of the private training rows and of the held-out rows, and the network that made them.

    Args:
        request: the network.
        inputs: the pictures with pixels from 0 to 1, and uploaded weights.
        progress: called with (done, total, what).

    Raises:
        BadData: weights that do not fit, or features that are not finite or the same for all rows.
        BadRequest: pictures of another size than the network takes.
    """
    data, spec = inputs.dataset, request.data
    public = public_rows(spec, data)
    private = np.setdiff1d(np.arange(data.n), public)
    design, weights, scores = _network(spec, inputs, public, progress)
    made = extractor(design, weights, device=inputs.device)
    if progress is not None:
        progress(0, None, "passing all pictures through the network")
    arrays = {"train": made.of(data.X[private]), "test": made.of(data.X_test), "public": data.ids[public]}
    _check_features(arrays["train"], arrays["test"], spec)
    summary = _summary(design, made, len(public), len(private)) | scores
    arrays |= {f"{WEIGHT}{name}": array for name, array in weights.items()}
    return Result(pd.DataFrame(), arrays, summary)


def _network(
    spec: DataSpec, inputs: Inputs, public: np.ndarray, progress: Progress | None
) -> tuple[Design, Weights, dict[str, Any]]:
    """The network, its weights, and how good it is on the public and the held-out rows."""
    data, kind = inputs.dataset, spec.features_from or ""
    image = check_pictures(spec, data)
    if spec.extractor is not None:
        weights = inputs.uploads[spec.extractor].arrays
        design = Design(kind, image, outputs_in(weights, kind), uploaded=True, resize=spec.features_resize)
        return design, weights, {"score": score_name(data), "public_score": math.nan, "test_score": math.nan}
    design = Design(kind, image, outputs_of(data))
    module = built(design, spec.extractor_seed).to(inputs.device)
    X, Y = _tensors(data, data.X[public], data.y[public], inputs.device)
    losses = cross_entropy if data.class_names else squared
    train(module, X, Y, losses=losses, steps=spec.extractor_steps, seed=spec.extractor_seed, progress=progress)
    scores = {
        "score": score_name(data),
        "public_score": _score(module, X, Y, data),
        "test_score": _score(module, *_tensors(data, data.X_test, data.y_test, inputs.device), data),
    }
    return design, {name: value.cpu().numpy() for name, value in module.state_dict().items()}, scores


def _tensors(data: Dataset, X: np.ndarray, y: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor]:
    return tuple(torch.as_tensor(each, dtype=torch.float32, device=device) for each in (X, targets_of(data, X, y)))  # type: ignore[return-value]


def _score(module: nn.Module, X: Tensor, Y: Tensor, data: Dataset) -> float:
    """Of outputs that are logits where there are classes; `score` compares them with targets 0 and 1."""
    outputs = outputs_at(module, trainable(module), X)
    if data.class_names and outputs.shape[1] == 1:
        outputs = outputs.sigmoid()
    return score(outputs, Y, len(data.class_names))


def _check_features(train: np.ndarray, test: np.ndarray, spec: DataSpec) -> None:
    if not (np.isfinite(train).all() and np.isfinite(test).all()) or np.abs(train).max(initial=0.0) > _LARGEST:
        raise BadData(
            f"features_from: expected finite features; {spec.features_from} puts out NaN or infinite ones. Scale the "
            "weights down, or take another network."
        )
    if np.ptp(train, axis=0).max() <= _SAME * np.abs(train).max():
        raise BadData(
            f"features_from: expected features that differ between pictures; {spec.features_from} puts out the same "
            "for all rows. Take other weights, or train it for more steps."
        )


def _summary(design: Design, made: Extractor, public: int, private: int) -> dict[str, Any]:
    return {
        "network": design.kind,
        "image": list(design.image),
        "outputs": design.outputs,
        "uploaded": design.uploaded,
        "resize": design.resize,
        "width": made.width,
        "fingerprint": made.fingerprint,
        "public": public,
        "private": private,
        "n": private,
        "d": made.width,
    }
