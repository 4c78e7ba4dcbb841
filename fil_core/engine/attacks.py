"""The attacks as analyses: a data set and a model at its optimum in, a Result without provenance out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.attacks.attribute import Attribute, attribute_of
from fil_core.attacks.inference import Inference, infer
from fil_core.attacks.reconstruction import Reconstruction, reconstruct
from fil_core.attacks.success import success_column
from fil_core.dataset import Dataset
from fil_core.engine.analyses import caveats, health, spread
from fil_core.leakage.fil import fil, jacobians
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import AttributeRequest, ReconstructionRequest

_GRID = np.logspace(-1.5, 1.5, 13)  # of noise, as multiples of the attribute's mean eta
_PRECISE = np.logspace(-4, 1, 11)  # of noise, as multiples of eta times the features' spread
_DIGITS = 3


def check_attribute(request: AttributeRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for an attribute that cannot be attacked."""
    attribute_of(dataset, request.attribute, bins=request.bins)


def check_reconstruction(request: ReconstructionRequest, dataset: Dataset) -> None:
    """Raises BadData for an example that is not there, or data without any spread."""
    spread(dataset)
    for id in request.ids:
        dataset.row(id)


def run_attribute(
    request: AttributeRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None = None
) -> Result:
    """Every attacker against every example under every noise.

    The table has `label`, `value` (the true one), `eta` (of the attribute, at sigma = 1) and a column
    `success_ATTACKER_SIGMA` for each pair; the arrays hold what a page needs to move sigma: `codes`, `prior`, and for
    two or three values `gram`.
    """
    attribute = attribute_of(dataset, request.attribute, bins=request.bins)
    eta = fil(fitted, dataset, columns=attribute.columns).cpu().numpy()
    sigmas = request.sigmas or _grid(_GRID * eta.mean())
    found = infer(
        fitted,
        dataset,
        attribute,
        attackers=request.attackers,
        sigmas=sigmas,
        trials=request.trials,
        seed=request.seed,
        intercept=request.intercept,
        progress=progress,
    )
    levels = np.asarray(attribute.levels)
    table = pd.DataFrame({"label": dataset.labels, "value": levels[attribute.codes], "eta": eta})
    table = pd.concat([table, pd.DataFrame(_success_columns(found, sigmas))], axis=1)
    table.index = pd.Index(dataset.ids, name="id")
    arrays = {"codes": attribute.codes, "prior": attribute.prior}
    if found.gram is not None:
        arrays["gram"] = found.gram
    summary = health(fitted, dataset) | {
        "attribute": attribute.name,
        "levels": list(attribute.levels),
        "prior": attribute.prior.tolist(),
        "sigmas": list(sigmas),
        "accuracy": _lists(found.accuracy),
        "standard_error": _lists(found.standard_error),
        "exact": _lists(found.exact),
        "eta_mean": float(eta.mean()),
        "trials": request.trials,
    }
    return Result(table, arrays, summary, {"warnings": caveats(fitted) + _notes(attribute)})


def _grid(values: np.ndarray) -> tuple[float, ...]:
    """No noise, and these to a few digits, so that they can be read and typed."""
    return tuple(dict.fromkeys([0.0, *(float(f"{v:.{_DIGITS - 1}e}") for v in values)]))


def _success_columns(found: Inference, sigmas: tuple[float, ...]) -> dict[str, np.ndarray]:
    return {
        success_column(name, sigma): column
        for name, shares in found.success.items()
        for sigma, column in zip(sigmas, shares.T, strict=True)
    }


def _lists(values: dict[str, np.ndarray]) -> dict[str, list[float | None]]:
    """For JSON, which has no word for what is not a number."""
    return {name: [float(v) if np.isfinite(v) else None for v in array] for name, array in values.items()}


def _notes(attribute: Attribute) -> list[str]:
    if not attribute.binned:
        return []
    return [
        f"{attribute.name} is continuous: the attackers guess one of {attribute.k} quantile bins "
        f"({', '.join(attribute.levels)}), each tried with its median."
    ]


def run_reconstruction(
    request: ReconstructionRequest, dataset: Dataset, fitted: Fitted, progress: Progress | None = None
) -> Result:
    """The reconstruction attacks on some examples under every noise.

    The table has a row for each example and noise: `mse`, `psnr` (of the unbiased attack), `mse_prior`, `psnr_prior`
    (of the one with a prior), `mse_nearer`, `psnr_nearer` (of the better one of two explanations), the standard errors
    `..._error`, `explained` (share of the releases that some example explains exactly), the bounds, `eta`. Errors are
    squared model features, means over features. The arrays hold `truth` (m, d0) and the answers to the first release,
    `guess` and `guess_prior` (m, S, d0), in source features, what principal components dropped being the mean.
    """
    rows = [dataset.row(id) for id in request.ids]
    prior_std = request.prior_std or spread(dataset)
    sigmas = request.sigmas or _grid(_PRECISE * prior_std * _mean_eta(fitted, dataset, rows))
    found = reconstruct(
        fitted,
        dataset,
        rows,
        sigmas=sigmas,
        trials=request.trials,
        seed=request.seed,
        prior_std=prior_std,
        progress=progress,
    )
    scale = _psnr_scale(dataset)
    parts = [
        pd.DataFrame(_columns(one, sigmas, scale, str(dataset.labels[row])), index=[id] * len(sigmas))
        for id, row, one in zip(request.ids, rows, found, strict=True)
    ]
    table = pd.concat(parts).rename_axis("id")
    back = dataset.preprocessing.backward
    arrays = {
        "truth": back(np.stack([one.truth for one in found])),
        "guess": back(np.stack([one.guess for one in found])),
        "guess_prior": back(np.stack([one.guess_prior for one in found])),
    }
    summary = health(fitted, dataset) | {"sigmas": list(sigmas), "prior_std": prior_std, "trials": request.trials}
    return Result(table, arrays, summary, {"warnings": caveats(fitted)})


def _mean_eta(fitted: Fitted, dataset: Dataset, rows: list[int]) -> float:
    terms = fitted.terms(dataset)
    eta = [float(jacobians(terms, slice(i, i + 1)).eta_squared()[0].clamp_min(0).sqrt()) for i in rows]
    return float(np.mean(eta))


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
