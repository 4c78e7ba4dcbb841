"""Which pixels of one picture leak through the network, in which direction, and the same without a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.example.run import direction, feature_eta
from fil_core.analyses.health import caveats
from fil_core.analyses.pixel_fit import run as pixel_fit
from fil_core.analyses.pullback.run import intensity, pixel_max, raw_model, through
from fil_core.analyses.pullback_example.request import PullbackExampleRequest
from fil_core.dataset import Dataset
from fil_core.leakage.comparison import agreement
from fil_core.leakage.fil import jacobians
from fil_core.leakage.pullback import pixel_leakage
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: PullbackExampleRequest, dataset: Dataset) -> None:
    """Raises BadRequest for what are no features of pictures, BadData for an example that does not exist."""
    pixel_fit.check(request, dataset)
    dataset.row(request.id)


def run(request: PullbackExampleRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Eta of each pixel alone and the leaking direction, through the network and of the same model on raw pixels.

    Args:
        request: the example.
        inputs: the features with their pictures, the network, the model, and the same model on raw pixels.
        progress: not called.
    """
    data, fitted = inputs.dataset, inputs.fitted
    i, white = data.row(request.id), pixel_max(data)
    assert data.pictures is not None  # see `check`
    found = pixel_leakage(fitted.terms(data), through(inputs), data.pictures.pixels, i, sigma=1 / white)
    arrays = {"pixel_eta": found.pixels.cpu().numpy(), "direction": found.direction.cpu().numpy()}
    summary: dict[str, Any] = {"id": request.id, "label": str(data.labels[i]), "eta_pixels": found.eta}
    raw, warnings = raw_model(request, inputs)
    if raw is not None:
        of_raw = _raw(*raw, i)
        arrays |= of_raw
        both = agreement(arrays["pixel_eta"], of_raw["raw_pixel_eta"], k=1)
        summary["spearman"] = both.spearman
    return Result(pd.DataFrame(), arrays, summary, {"warnings": caveats(fitted, data) + warnings})


def _raw(fitted: Fitted, data: Dataset, i: int) -> dict[str, np.ndarray]:
    """The maps of the model on raw pixels, in the same units."""
    J = jacobians(fitted.terms(data), slice(i, i + 1))
    return {"raw_pixel_eta": feature_eta(J, data) * intensity(data), "raw_direction": direction(J, data)}
