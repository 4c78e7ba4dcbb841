"""Reconstruction of some examples at every noise, by an attacker who knows all others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.health import caveats, feature_spread, health, noise_grid
from fil_core.analyses.reconstruction.parts import one_by_one
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.attacks.reconstruction import Reconstruction, reconstruct, unseen_error
from fil_core.dataset import Dataset
from fil_core.leakage.fil import jacobians
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.result import Result

# The grid of noise: from little beside what moves the features, to more than that.
_POINTS, _LEAST, _MOST = 11, 1e-4, 10.0  # times the noise that drowns the most exposed direction of the features
_DIGITS_LEFT = 1e-9  # of the parameters: noise that leaves few digits of them to tell anything
_SHARP = 1e-2  # times the noise at which the bound on unbiased attacks is the features' spread


def check_reconstruction(request: ReconstructionRequest, dataset: Dataset) -> None:
    """Raises BadData for an example that does not exist, or for data without any spread."""
    feature_spread(dataset)
    for id in request.ids:
        dataset.row(id)


def run_reconstruction(request: ReconstructionRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """The reconstruction attacks on some examples at every noise.

    The table has a row for each example and noise: `mse`, `psnr` (of the unbiased attack), `mse_prior`, `psnr_prior`
    (of the attack with a prior), `mse_nearer`, `psnr_nearer` (of the better one of two explanations), the standard
    errors `..._error`, `explained` (share of the releases that some example explains exactly), the bounds, `eta`, and
    `unseen`: the error of a guesser who has not seen the release, the same at every noise.
    Errors are means over features of squared model features. The arrays hold `truth` (m, d0) and the reconstructions
    from the first release, `guess` and `guess_prior` (m, S, d0), in source features, where directions that principal
    components dropped have the training mean.

    Args:
        request: the examples, the noises and the number of releases.
        inputs: the data, the model at its optimum, and the answers for single examples where there are several.
        progress: called with (done, total, what).
    """
    if len(request.ids) > 1:
        return together([inputs.part(part) for part in one_by_one(request)])
    dataset, fitted = inputs.dataset, inputs.fitted
    id = request.ids[0]
    row = dataset.row(id)
    prior_std = request.prior_std or feature_spread(dataset)
    sigmas = request.sigmas or noise_grid(_grid(fitted, dataset, row, prior_std))
    attack = reconstruct(
        fitted,
        dataset,
        [row],
        sigmas=sigmas,
        trials=request.trials,
        seed=request.seed,
        prior_std=prior_std,
        progress=progress,
    )[0]
    columns = _columns(attack, sigmas, _psnr_scale(dataset), str(dataset.labels[row]))
    columns["unseen"] = float(unseen_error(fitted, dataset, [row])[0])
    table = pd.DataFrame(columns, index=[id] * len(sigmas)).rename_axis("id")
    back = dataset.preprocessing.backward
    arrays = {name: back(getattr(attack, name)[None]) for name in ("truth", "guess", "guess_prior")}
    summary = health(fitted, dataset) | {"sigmas": list(sigmas), "prior_std": prior_std, "trials": request.trials}
    return Result(table, arrays, summary, {"warnings": caveats(fitted, dataset)})


def together(results: list[Result]) -> Result:
    """The results of several examples as one; `sigmas` are those of all examples, as each may have its own grid."""
    table = pd.concat([result.table for result in results])
    arrays = {name: np.concatenate([result.arrays[name] for result in results]) for name in results[0].arrays}
    sigmas = sorted({sigma for result in results for sigma in result.summary["sigmas"]})
    summary = results[0].summary | {"sigmas": sigmas}
    warnings = list(dict.fromkeys(text for result in results for text in result.provenance["warnings"]))
    return Result(table, arrays, summary, {"warnings": warnings})


def _grid(fitted: Fitted, dataset: Dataset, row: int, prior_std: float) -> np.ndarray:
    """Noises around what moves the features of an example; its label, which moves the parameters too, is known.

    Where the features move the parameters by little more than rounding, as of an example that is fitted to many digits,
    any noise hides them: then around what moves the example as a whole.
    """
    J = jacobians(fitted.terms(dataset), slice(row, row + 1))
    whole, features = (
        prior_std * float(squared[0].clamp_min(0).sqrt()) for squared in (J.eta_squared(), J.feature_eta_squared())
    )
    least = _DIGITS_LEFT * float(fitted.theta.norm())
    if features <= 100 * least:
        return np.geomspace(_LEAST, _MOST, _POINTS) * whole
    bound = float(J.bound_unbiased(1.0)[0])
    known = prior_std / bound**0.5 if np.isfinite(bound) and bound > 0 else features
    return np.geomspace(max(least, min(_LEAST * features, _SHARP * known)), _MOST * features, _POINTS)


def _psnr_scale(dataset: Dataset) -> float:
    """Squared peak for a squared error in model features: that of white for images, the largest range for tables.

    For images the error is the mean over all pixels; with principal components the truth is the projected image.
    """
    if dataset.image_shape is None:
        return float(np.ptp(dataset.X, axis=0).max()) ** 2
    white = np.broadcast_to(dataset.preprocessing.scale, (dataset.source.shape[1],)) * dataset.pixel_max
    return float(np.mean(white**2)) * dataset.source.shape[1] / dataset.d


def _errors(attack: Reconstruction) -> dict[str, list[np.ndarray]]:
    return {"": attack.squared_error, "_prior": attack.squared_error_prior, "_nearer": attack.squared_error_nearer}


def _columns(attack: Reconstruction, sigmas: tuple[float, ...], scale: float, label: str) -> dict[str, object]:
    columns: dict[str, object] = {"label": label, "sigma": sigmas}
    for suffix, errors in _errors(attack).items():
        mse = np.array([e.mean() for e in errors])
        columns[f"mse{suffix}"] = mse
        columns[f"mse{suffix}_error"] = [e.std(ddof=1) / len(e) ** 0.5 if len(e) > 1 else 0.0 for e in errors]
        # An error of exactly 0 is only known to be below float64's resolution of the peak.
        columns[f"psnr{suffix}"] = 10 * np.log10(scale / np.maximum(mse, scale * np.finfo(float).eps ** 2))
    return columns | {
        "explained": attack.explained,
        "bound_unbiased": attack.bound_unbiased,
        "bound_prior": attack.bound_prior,
        "eta": attack.eta,
    }
