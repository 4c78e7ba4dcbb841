"""Closed-form curves over the noise, computed from stored results and cached by request."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fil_core import (
    AttributeRequest,
    FilRequest,
    IrfilRequest,
    Result,
    expected_accuracy,
    expected_squared_error,
    sigma_for_success,
    success_range,
)
from fil_core.analyses.attribute.words import success
from pages.common.compute import engine


def expected_score(result: Result, sigma: float) -> float:
    """Expected test accuracy, or squared error, under output noise, in closed form."""
    scores, norms, targets = (result.arrays[f"test_{name}"] for name in ("scores", "norms", "targets"))
    if result.summary["score"] == "accuracy":
        return expected_accuracy(scores, norms, targets, sigma)
    return expected_squared_error(scores - targets, norms, sigma)


@st.cache_data(max_entries=32, show_spinner=False)
def noise_curve(request: FilRequest, sigmas: tuple[float, ...]) -> list[float]:
    """Expected test score of one model at several noise levels."""
    result = engine().get(request)
    return [expected_score(result, sigma) for sigma in sigmas]


@st.cache_data(max_entries=32, show_spinner=False)
def round_scores(request: IrfilRequest, sigma: float) -> list[float]:
    """Expected test score of every round of a reweighting under output noise."""
    data, result = engine().dataset(request.data), engine().get(request)
    norms, accuracy = np.linalg.norm(data.X_test, axis=1), result.summary["score"] == "accuracy"
    scores = [data.X_test @ theta.T for theta in result.arrays["theta"]]
    if accuracy:
        return [expected_accuracy(z, norms, data.y_test, sigma) for z in scores]
    return [expected_squared_error(z - data.y_test, norms, sigma) for z in scores]


@st.cache_data(max_entries=32, show_spinner=False)
def utility_curve(request: FilRequest) -> tuple[np.ndarray, np.ndarray]:
    """Expected test score over noise levels from negligible to far above the parameters."""
    result = engine().get(request)
    size = float(np.sqrt(np.mean(np.square(result.arrays["theta"])))) or 1.0
    sigmas = size * np.logspace(-3, 2, 21)
    return sigmas, np.array([expected_score(result, float(sigma)) for sigma in sigmas])


@st.cache_data(max_entries=32, show_spinner=False)
def success_curve(request: AttributeRequest, attacker: str, sigmas: tuple[float, ...]) -> list[float]:
    """Mean success over the examples at each noise level."""
    result = engine().get(request)
    return [float(success(result, attacker, sigma).mean()) for sigma in sigmas]


@st.cache_data(max_entries=64, show_spinner=False)
def noise_for_success(request: AttributeRequest, attacker: str, target: float) -> float:
    """Noise at which a white-box attacker's mean success equals a target, where success has a closed form."""
    gram, codes, prior = _candidates(request, attacker)
    return sigma_for_success(gram, codes, target, prior)


@st.cache_data(max_entries=64, show_spinner=False)
def range_of_success(request: AttributeRequest, attacker: str) -> tuple[float, float]:
    """Mean success of a white-box attacker under endless noise, and its largest."""
    return success_range(*_candidates(request, attacker))


def _candidates(request: AttributeRequest, attacker: str) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Inner products of the candidates' shifts, the true values, and the shares for an attacker who uses them."""
    arrays = engine().get(request).arrays
    return arrays["gram"], arrays["codes"], arrays["prior"] if attacker == "whitebox-prior" else None
