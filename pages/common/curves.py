"""What follows from stored results in closed form, under many noises: quick, and kept by what is asked."""

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
)
from fil_core.analyses.attribute.words import success
from pages.common.compute import engine


def expected_score(found: Result, sigma: float) -> float:
    """Expected test accuracy, or squared error, under output noise, in closed form."""
    scores, norms, targets = (found.arrays[f"test_{name}"] for name in ("scores", "norms", "targets"))
    if found.summary["score"] == "accuracy":
        return expected_accuracy(scores, norms, targets, sigma)
    return expected_squared_error(scores - targets, norms, sigma)


@st.cache_data(max_entries=32, show_spinner=False)
def noise_curve(request: FilRequest, sigmas: tuple[float, ...]) -> list[float]:
    """Expected test score of one model under several noises."""
    found = engine().get(request)
    return [expected_score(found, sigma) for sigma in sigmas]


@st.cache_data(max_entries=32, show_spinner=False)
def round_scores(request: IrfilRequest, sigma: float) -> list[float]:
    """Expected test score of every round of a reweighting under output noise."""
    data, found = engine().dataset(request.data), engine().get(request)
    norms, accuracy = np.linalg.norm(data.X_test, axis=1), found.summary["score"] == "accuracy"
    scores = [data.X_test @ theta.T for theta in found.arrays["theta"]]
    if accuracy:
        return [expected_accuracy(z, norms, data.y_test, sigma) for z in scores]
    return [expected_squared_error(z - data.y_test, norms, sigma) for z in scores]


@st.cache_data(max_entries=32, show_spinner=False)
def utility_curve(request: FilRequest) -> tuple[np.ndarray, np.ndarray]:
    """Expected test score from noise that changes nothing to noise that drowns the parameters."""
    found = engine().get(request)
    size = float(np.sqrt(np.mean(np.square(found.arrays["theta"])))) or 1.0
    sigmas = size * np.logspace(-3, 2, 21)
    return sigmas, np.array([expected_score(found, float(sigma)) for sigma in sigmas])


@st.cache_data(max_entries=32, show_spinner=False)
def success_curve(request: AttributeRequest, attacker: str, sigmas: tuple[float, ...]) -> list[float]:
    """Its mean over the examples for each noise."""
    found = engine().get(request)
    return [float(success(found, attacker, sigma).mean()) for sigma in sigmas]


@st.cache_data(max_entries=64, show_spinner=False)
def noise_for_success(request: AttributeRequest, attacker: str, target: float) -> float:
    """Noise that brings a white-box attacker's mean success down to a target, where it has a closed form."""
    arrays = engine().get(request).arrays
    return sigma_for_success(
        arrays["gram"], arrays["codes"], target, arrays["prior"] if attacker == "whitebox-prior" else None
    )
