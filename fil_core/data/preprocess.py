"""Preprocessing: the affine map from source features to model features, fitted on the training rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from fil_core.data.raw import Raw
from fil_core.dataset import Preprocessing
from fil_core.errors import BadData, BadRequest
from fil_core.specs import Preprocess

_CHUNK = 4096  # rows converted to float64 at a time while norms are computed

Scaling = tuple[np.ndarray, np.ndarray]
"""Scale and centre in `x = (x0 - centre) * scale`, each (d0,) or ()."""


def fill(raw: Raw) -> Raw:
    """The rows with missing numbers replaced by the median of their column over the training rows that have one.

    Args:
        raw: the selected rows; not modified.

    Raises:
        BadData: a column of which no training row has a value.
    """
    if not raw.gaps:
        return raw
    X, X_test, notes = np.array(raw.X), np.array(raw.X_test), []
    for j in raw.gaps:
        name, present = raw.feature_names[j], X[~np.isnan(X[:, j]), j]
        if not present.size:
            raise BadData(
                f"column {name!r}: expected a value in some of the selected training rows; all are missing. Leave the "
                "column out of the data, or select other rows."
            )
        median, missing = float(np.median(present)), 0
        for rows in (X, X_test):
            gap = np.isnan(rows[:, j])
            rows[gap, j], missing = median, missing + int(gap.sum())
        if missing:
            which = f"{missing:,} missing values of {name} are" if missing > 1 else f"1 missing value of {name} is"
            notes.append(f"{which} replaced by the median {median:g} of the training rows.")
    return dataclasses.replace(raw, X=X, X_test=X_test, gaps=(), notes=(*raw.notes, *notes))


def fit(raw: Raw, *, kind: Preprocess, pca: int | None = None) -> Preprocessing:
    """Fit the map `x = ((x0 - centre) * scale) @ basis` on training rows.

    unit-ball: `x = x0 / max_i |x0_i|`. standardise: `x = (x0 - mean) / std` for each continuous column, other columns
    unchanged. none: `x = x0`. For images, x0 is pixel / pixel_max. PCA then subtracts the training mean and projects
    on the directions of largest variance, without whitening.

    Args:
        raw: the selected training rows, X (n, d0); not modified.
        kind: which scaling.
        pca: number k of principal components, 1 <= k <= min(n, d0); None for no PCA.

    Returns:
        The fitted map. With `standardise` a constant column becomes zero and a one-hot column is unchanged.

    Raises:
        BadRequest: pca is larger than min(n, d0).
    """
    limit = min(raw.X.shape)
    if pca is not None and pca > limit:
        n, d0 = raw.X.shape
        raise BadRequest(f"pca: expected at most {limit} directions for {n:,} rows of {d0:,} features; got {pca}.")
    scale, centre = _SCALINGS[kind](raw)
    if pca is None:
        return Preprocessing(scale=scale, centre=centre, unit_ball=kind == "unit-ball")
    mean, basis = principal(Preprocessing(scale=scale, centre=centre).forward(raw.X), pca)
    return Preprocessing(scale=scale, centre=centre + mean / scale, basis=basis, unit_ball=kind == "unit-ball")


def principal(X: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (d,) and first k principal directions (d, k) of X (n, d), orthonormal, in order of decreasing variance.

    Exact: eigenvectors of the covariance when d <= n, else right singular vectors of the centred rows. The sign is
    such that the entry of largest magnitude of each direction is positive.
    """
    n, d = X.shape
    mean = X.mean(axis=0)
    C = X - mean
    V = np.linalg.eigh(C.T @ C / n)[1][:, ::-1] if d <= n else np.linalg.svd(C, full_matrices=False)[2].T
    V = V[:, :k]
    largest = V[np.abs(V).argmax(axis=0), np.arange(k)]
    return mean, np.ascontiguousarray(V * np.where(largest < 0, -1.0, 1.0))


def _none(raw: Raw) -> Scaling:
    return np.asarray(1.0 / (raw.pixel_max or 1.0)), np.asarray(0.0)


def _unit_ball(raw: Raw) -> Scaling:
    starts = range(0, len(raw.X), _CHUNK)
    norms = (np.linalg.norm(raw.X[i : i + _CHUNK].astype(np.float64), axis=1).max() for i in starts)
    # pixel_max cancels: (x0 / p) / (norm / p). If all rows are zero, the scale is 1.
    return np.asarray(1.0 / (max(norms) or 1.0)), np.asarray(0.0)


def _standardise(raw: Raw) -> Scaling:
    std = raw.X.std(axis=0, dtype=np.float64)
    # The std of a constant column can be slightly above zero by rounding, so the values themselves are compared.
    constant = (raw.X.min(axis=0) == raw.X.max(axis=0)) | (std == 0)
    scale = np.where(constant, 1.0 / (raw.pixel_max or 1.0), 1.0 / np.where(constant, 1.0, std))
    centre = np.where(constant, raw.X[0], raw.X.mean(axis=0, dtype=np.float64))
    if raw.continuous is not None:
        fixed = np.setdiff1d(np.arange(raw.X.shape[1]), raw.continuous)
        scale[fixed], centre[fixed] = 1.0, 0.0
    return scale, centre


_SCALINGS: dict[Preprocess, Callable[[Raw], Scaling]] = {
    "unit-ball": _unit_ball,
    "standardise": _standardise,
    "none": _none,
}
