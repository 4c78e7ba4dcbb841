"""Reconstruction: what an attacker who knows all other examples makes of some under every noise."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.health import caveats, feature_spread, health, noise_grid
from fil_core.analyses.reconstruction.parts import one_by_one
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.attacks.reconstruction import Reconstruction, reconstruct
from fil_core.dataset import Dataset
from fil_core.leakage.fil import jacobians
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.result import Result

_PRECISE = np.logspace(-4, 1, 11)  # of noise, as multiples of eta times the features' spread


def check_reconstruction(request: ReconstructionRequest, dataset: Dataset) -> None:
    """Raises BadData for an example that is not there, or data without any spread."""
    feature_spread(dataset)
    for id in request.ids:
        dataset.row(id)


def run_reconstruction(request: ReconstructionRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """The reconstruction attacks on some examples under every noise.

    The table has a row for each example and noise: `mse`, `psnr` (of the unbiased attack), `mse_prior`, `psnr_prior`
    (of the one with a prior), `mse_nearer`, `psnr_nearer` (of the better one of two explanations), the standard errors
    `..._error`, `explained` (share of the releases that some example explains exactly), the bounds, `eta`. Errors are
    squared model features, means over features. The arrays hold `truth` (m, d0) and the answers to the first release,
    `guess` and `guess_prior` (m, S, d0), in source features, what principal components dropped being the mean.
    """
    if len(request.ids) > 1:
        return together([inputs.part(one) for one in one_by_one(request)])
    dataset, fitted = inputs.dataset, inputs.fitted
    id = request.ids[0]
    row = dataset.row(id)
    prior_std = request.prior_std or feature_spread(dataset)
    sigmas = request.sigmas or noise_grid(_PRECISE * prior_std * _eta(fitted, dataset, row))
    one = reconstruct(
        fitted,
        dataset,
        [row],
        sigmas=sigmas,
        trials=request.trials,
        seed=request.seed,
        prior_std=prior_std,
        progress=progress,
    )[0]
    columns = _columns(one, sigmas, _psnr_scale(dataset), str(dataset.labels[row]))
    table = pd.DataFrame(columns, index=[id] * len(sigmas)).rename_axis("id")
    back = dataset.preprocessing.backward
    arrays = {name: back(getattr(one, name)[None]) for name in ("truth", "guess", "guess_prior")}
    summary = health(fitted, dataset) | {"sigmas": list(sigmas), "prior_std": prior_std, "trials": request.trials}
    return Result(table, arrays, summary, {"warnings": caveats(fitted)})


def together(found: list[Result]) -> Result:
    """The answers to several examples as one; `sigmas` are those of all of them, where each has its own grid."""
    table = pd.concat([one.table for one in found])
    arrays = {name: np.concatenate([one.arrays[name] for one in found]) for name in found[0].arrays}
    summary = found[0].summary | {"sigmas": sorted({sigma for one in found for sigma in one.summary["sigmas"]})}
    warnings = list(dict.fromkeys(said for one in found for said in one.provenance["warnings"]))
    return Result(table, arrays, summary, {"warnings": warnings})


def _eta(fitted: Fitted, dataset: Dataset, row: int) -> float:
    J = jacobians(fitted.terms(dataset), slice(row, row + 1))
    return float(J.eta_squared()[0].clamp_min(0).sqrt())


def _psnr_scale(dataset: Dataset) -> float:
    """peak^2 for a squared error in model features: white for images, the widest feature's range for tables.

    For images the error is that of the picture's pixels, spread over all of them; with principal components the truth
    is the projected picture.
    """
    if dataset.image_shape is None:
        return float(np.ptp(dataset.X, axis=0).max()) ** 2
    white = np.broadcast_to(dataset.preprocessing.scale, (dataset.source.shape[1],)) * dataset.pixel_max
    return float(np.mean(white**2)) * dataset.source.shape[1] / dataset.d


def _attacks(one: Reconstruction) -> dict[str, list[np.ndarray]]:
    return {"": one.squared_error, "_prior": one.squared_error_prior, "_nearer": one.squared_error_nearer}


def _columns(one: Reconstruction, sigmas: tuple[float, ...], scale: float, label: str) -> dict[str, object]:
    found: dict[str, object] = {"label": label, "sigma": sigmas}
    for suffix, errors in _attacks(one).items():
        mse = np.array([e.mean() for e in errors])
        found[f"mse{suffix}"] = mse
        found[f"mse{suffix}_error"] = [e.std(ddof=1) / len(e) ** 0.5 if len(e) > 1 else 0.0 for e in errors]
        # Below float64's resolution of the peak an error of exactly 0 says no more than this.
        found[f"psnr{suffix}"] = 10 * np.log10(scale / np.maximum(mse, scale * np.finfo(float).eps ** 2))
    return found | {
        "explained": one.explained,
        "bound_unbiased": one.bound_unbiased,
        "bound_prior": one.bound_prior,
        "eta": one.eta,
    }
