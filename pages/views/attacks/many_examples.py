"""The error of many reconstructions beside their bounds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import Dataset, ReconstructionRequest
from fil_core.analyses.reconstruction import figures as reconstruction_figures
from fil_core.display.numbers import counted
from pages.common import compute, tables, text, widgets
from pages.common.naming import labelled, named

_BATCH = 10  # examples that are computed, and stored, together


def view(request: ReconstructionRequest, data: Dataset, sigma: float, suffix: str) -> None:
    """Measured error against the bound for a seeded sample of examples."""
    one, two = st.columns(2)
    n = int(one.selectbox("Examples", [20, 50, 100, 200], key="many"))
    trials = int(two.number_input("Releases for each", 10, 1000, 50, step=10, key="many-trials"))
    if sigma == 0:
        st.info("Without noise both bounds are 0, so there is nothing to compare. Choose a noise above.")
        return
    ids = np.random.default_rng(0).choice(data.ids, min(n, data.n), replace=False)
    batches = [tuple(int(i) for i in ids[k : k + _BATCH]) for k in range(0, len(ids), _BATCH)]
    requests = [dataclasses.replace(request, ids=batch, sigmas=(sigma,), trials=trials) for batch in batches]
    results = compute.sweep(
        requests, f"Attack {counted(len(ids), 'example')} at σ = {text.number(sigma)}", key="many-run"
    )
    tables = [result.table for result in results if result is not None]
    if not tables:
        st.caption("Attack many examples at this noise to compare the error of each with its bound.")
        return
    points = pd.concat(tables).query("eta > 0")
    _compare(data, points[np.isfinite(points["bound_unbiased"])], prior=bool(suffix))


def _compare(data: Dataset, points: pd.DataFrame, *, prior: bool) -> None:
    bound, mse = ("bound_prior", "mse_prior") if prior else ("bound_unbiased", "mse")
    widgets.chart(
        labelled(reconstruction_figures.error_and_bound(points, bound, mse, widgets.mode()), data),
        f"Measured error against the bound for {counted(len(points), 'example')}",
        "promised",
    )
    below = points[points[mse] < points[bound]]
    clear = int((below[mse] + 2 * below[f"{mse}_error"] < below[bound]).sum())
    st.caption(
        f"{text.count(len(below))} of {counted(len(points), 'example')} lie below their bound, {text.count(clear)} of "
        "them by more than two standard errors; the text below explains why this is possible."
    )
    tables.table(
        named(points[["eta", bound, mse, "explained"]].sort_values(bound), data), height=200, width="stretch",
        column_config=widgets.number_columns(points), key="many-rows",
    )  # fmt: skip
    widgets.export(points.drop(columns="label"), "reconstruction", data, key="many-export")
