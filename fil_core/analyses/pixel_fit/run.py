"""Training on the raw pixels of the rows whose features a network makes."""

from __future__ import annotations

import dataclasses

import numpy as np

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.fit.run import as_result
from fil_core.analyses.health import feature_spread
from fil_core.analyses.pixel_fit.request import PixelFitRequest
from fil_core.analyses.table import analysis_of
from fil_core.data.loading import assemble
from fil_core.data.raw import Raw
from fil_core.data.registry import resolve
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.models import fit
from fil_core.models.checks import check_task
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import DataSpec, ModelRequest


def check(request: ModelRequest, dataset: Dataset) -> None:
    """Refuse examples that are no features of pictures, whatever is asked of the pixels behind them.

    Raises:
        BadRequest: they are pixels, or rows of a table.
        BadData: they are all the same, or the model does not fit the task.
    """
    if dataset.pictures is None:
        kind = "pixels" if dataset.image_shape is not None else "no pictures"
        other = "Ask fil or example for what pixels give away" if kind == "pixels" else "Choose pictures"
        raise BadRequest(
            f"{analysis_of(request).command}: expected features that a network makes of pictures; {dataset.title} are "
            f"{kind}. {other}, or measure features of a network: --features-from cnn."
        )
    check_task(request.model, dataset)
    feature_spread(dataset)


def run(request: PixelFitRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Train the model on pixels, with the weights that the model of the features has.

    Args:
        request: the model.
        inputs: the features with the pictures behind them, and the model of the features.
        progress: called with (done, total, what).
    """
    data, weights = pixels_of(inputs.dataset, request.data), inputs.fitted.weights.cpu().numpy()
    given = None if (weights == 1).all() else weights
    fitted = fit(request.model.equally_weighted, data, weights=given, device=inputs.device, progress=progress)
    stored = as_result(fitted)
    summary = {"n": data.n, "d": data.d, "pixels": data.d, "train_score": fitted.score(data.X, data.y)}
    return dataclasses.replace(stored, summary=stored.summary | summary)


def pixels_of(dataset: Dataset, spec: DataSpec) -> Dataset:
    """The pictures behind features as a data set of pixels, with the usual preprocessing, and without held-out rows.

    Args:
        dataset: features of pictures.
        spec: names their source.
    """
    shown = dataset.pictures
    assert shown is not None  # see `check`
    d0 = shown.pixels.shape[1]
    y = dataset.y.astype(np.int64) if dataset.class_names else dataset.y
    raw = Raw(
        X=shown.pixels, y=y, ids=dataset.ids, X_test=shown.pixels[:0], y_test=y[:0], image_shape=shown.shape,
        pixel_max=shown.pixel_max, feature_names=tuple(f"pixel {j + 1}" for j in range(d0)),
        class_names=dataset.class_names, id_names=dataset.id_names,
    )  # fmt: skip
    usual = DataSpec(name=spec.name, preprocess=resolve(DataSpec(name=spec.name)).preprocess)
    made = assemble(raw, usual, title=dataset.title, task=dataset.task)
    return dataclasses.replace(made, intercept=dataset.intercept)
