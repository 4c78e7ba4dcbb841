"""Figures of one example."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.subject import Drawn, Subject
from fil_core.display import charts

_BARS = 12


def figures(subject: Subject) -> list[Drawn]:
    """Which features leak, and bounds on the reconstruction error against the noise."""
    arrays, prior_std = subject.result.arrays, subject.result.summary["prior_std"]
    error = [np.sqrt(arrays[name]) / prior_std for name in ("bound_unbiased", "bound_prior")]
    bounds = charts.bounds(arrays["sigmas"], error[0], error[1], subject.mode)
    alt = "Bounds on the reconstruction error against the output noise"
    return [*_features(subject), Drawn("Bounds on the reconstruction error", alt, bounds)]


def _features(subject: Subject) -> list[Drawn]:
    if subject.data is None or subject.redact:  # which features leak depends on their values
        return []
    eta = subject.result.arrays["feature_eta"]
    if subject.data.image_shape is not None:
        rows, columns, *_ = subject.data.image_shape
        drawn = charts.heat_map(eta.reshape(rows, columns, -1).mean(2), subject.mode, signed=False)
        return [Drawn("Which pixels leak", "Heat map of eta over the pixels", drawn)]
    top = np.argsort(-eta, kind="stable")[:_BARS]
    names = [subject.features[j] for j in top]
    drawn = charts.bars(names, eta[top].tolist(), "η of the feature, in 1/feature", subject.mode)
    return [Drawn("Which features leak", "Bars of eta of the most exposed features", drawn)]
