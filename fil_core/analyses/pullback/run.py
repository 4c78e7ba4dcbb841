"""What every training picture gives away through the network, beside its features and a model on raw pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.fit.run import restore
from fil_core.analyses.health import caveats, health, score_name, summarise
from fil_core.analyses.pixel_fit.run import pixels_of
from fil_core.analyses.pullback.request import PullbackRequest, pixel_fit
from fil_core.dataset import Dataset
from fil_core.display.numbers import number
from fil_core.errors import FilError
from fil_core.leakage.comparison import agreement
from fil_core.leakage.fil import feature_eta
from fil_core.leakage.pullback import RTOL, Features, eta_pixels
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import ModelRequest

_MOST_COMPARED = 500


def run(request: PullbackRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Eta of the pixels through the network, of the features, and of raw pixels.

    Args:
        request: the noise.
        inputs: the features with their pictures, the network, the model, and the same model on raw pixels.
        progress: called with (done, total, what).
    """
    data, fitted, sigma = inputs.dataset, inputs.fitted, request.sigma
    white = pixel_max(data)
    pulled = eta_pixels(fitted.terms(data), through(inputs), _pixels(data), sigma=sigma / white, progress=progress)
    eta = {"pixels": pulled.eta, "features": feature_eta(fitted, data, sigma=sigma)}
    raw, warnings = raw_model(request, inputs)
    if raw is not None:
        eta["raw"] = feature_eta(*raw, sigma=sigma / intensity(raw[1]), progress=progress)
    if pulled.residual > RTOL:
        warnings.append(f"The squares of eta_pixels are known to {number(pulled.residual)} of themselves only.")
    table = _table({name: values.cpu().numpy() for name, values in eta.items()}, data, fitted)
    summary = summarise(table["eta_pixels"].to_numpy()) | health(fitted, data) | _compared(table)
    summary |= {"residual": pulled.residual, "score": score_name(fitted), "sigma": sigma, "classes": fitted.classes}
    summary |= {"train_score": fitted.score(data.X, data.y), "test_score": fitted.score(data.X_test, data.y_test)}
    summary |= {"raw_train_score": float("nan") if raw is None else raw[0].score(raw[1].X, raw[1].y)}
    return Result(table, {}, summary, {"warnings": caveats(fitted, data) + warnings})


def through(inputs: Inputs) -> Features:
    """From pixels in units of the source to the features that the model has, preprocessing included."""
    network, fitted = inputs.extractor, inputs.dataset.preprocessing
    assert network is not None  # see `check`
    white = pixel_max(inputs.dataset)
    scale, centre = (
        torch.as_tensor(a, dtype=torch.float64, device=inputs.device) for a in (fitted.scale, fitted.centre)
    )
    basis = None if fitted.basis is None else torch.from_numpy(fitted.basis).to(inputs.device)

    def features(pixels: Tensor) -> Tensor:
        x = (network.features(pixels / white) - centre) * scale
        return x if basis is None else x @ basis

    return features


def pixel_max(data: Dataset) -> float:
    """The value of a white pixel in the source."""
    assert data.pictures is not None  # see `check`
    return float(data.pictures.pixel_max)


def _pixels(data: Dataset) -> np.ndarray:
    assert data.pictures is not None  # see `check`
    return data.pictures.pixels


def raw_model(request: ModelRequest, inputs: Inputs) -> tuple[tuple[Fitted, Dataset] | None, list[str]]:
    """The same model on raw pixels with these, or None and a warning that says why there is none.

    Args:
        request: about the features.
        inputs: the features with their pictures, and the model on raw pixels.
    """
    try:
        stored = inputs.part(pixel_fit(request))
    except FilError as error:
        return None, [f"There is no model on raw pixels to compare with: {error}"]
    model = request.model.equally_weighted
    return (restore(stored, model, inputs.device), pixels_of(inputs.dataset, request.data)), []


def intensity(data: Dataset) -> float:
    """Preprocessed units of a whole unit of intensity, from black to white, of a data set of pixels."""
    return float(data.preprocessing.scale) * data.pixel_max


def _table(eta: dict[str, np.ndarray], data: Dataset, fitted: Fitted) -> pd.DataFrame:
    columns: dict[str, Any] = {"label": data.labels} | {f"eta_{name}": values for name, values in eta.items()}
    table = pd.DataFrame(columns, index=pd.Index(data.ids, name="id"))
    for name in eta:
        table[f"rank_{name}"] = table[f"eta_{name}"].rank(ascending=False, method="first").astype(int)
    return table.assign(weight=fitted.weights.cpu().numpy())


def _compared(table: pd.DataFrame) -> dict[str, Any]:
    """How much the ways to measure agree on the examples that are trained on, by pairs."""
    trained = table[table["weight"] > 0]
    k = min(_MOST_COMPARED, max(1, len(trained) // 10))
    found: dict[str, Any] = {"k": k, "compared": len(trained), "spearman": {}, "overlap": {}}
    for pair in (("pixels", "raw"), ("pixels", "features"), ("features", "raw")):
        one, other = (trained.get(f"eta_{name}") for name in pair)
        if one is not None and other is not None and len(trained) > 1:
            both = agreement(one.to_numpy(), other.to_numpy(), k=k)
            found["spearman"]["-".join(pair)], found["overlap"]["-".join(pair)] = both.spearman, both.overlap
    return found
