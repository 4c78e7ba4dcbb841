"""The audit: a lower bound on epsilon beside what the noise promises, and before and after each mitigation."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fil_core import Dataset
from fil_core.analyses.audit.request import AuditRequest
from fil_core.analyses.audits.request import AuditsRequest
from fil_core.analyses.network_audit.request import NetworkAuditRequest
from fil_core.specs import AuditSpec, NetworkSpec
from fil_core.specs.audit import CANARIES
from fil_core.specs.ensemble import LOSSES
from pages.common import analysis_view, sidebar
from pages.views.influence import controls

MODEL, NETWORK = "model", "network"
_PIXELS = 132
_DEFAULT = AuditSpec()


def view(data: Dataset) -> None:
    """Does an attack stay below what the noise promises?"""
    st.subheader("Does the attack stay below the promise?", anchor=False)
    st.caption(
        "Rows, the canaries, are put into the training data by fair coins. Whoever guesses more coins from the trained "
        "model than an (ε, δ)-private training allows has refuted that ε, with the confidence that is asked for."
    )
    request = _asked(data)
    analysis_view.view(request, data, key="audit", label="Run the audit")
    if isinstance(request, AuditRequest) and request.model == request.model.equally_weighted:
        st.subheader("Before and after each mitigation", anchor=False)
        asked = AuditsRequest(
            data=request.data, model=request.model, audit=request.audit, release_sigma=request.release_sigma,
            device=request.device,
        )  # fmt: skip
        analysis_view.view(asked, data, key="audits", label="Audit each mitigation")


def _asked(data: Dataset) -> AuditRequest | NetworkAuditRequest:
    of = st.segmented_control(
        "Audit of", [MODEL, NETWORK], default=MODEL, key="audit-of", bind="query-params", required=True,
        help="model: the one of the sidebar, whose parameters are released, with noise. network: trained by gradient "
        "descent, whose outputs are seen.",
    )  # fmt: skip
    audit = _audit()
    common: dict[str, Any] = {"data": sidebar.data_spec(), "device": st.session_state["device"], "audit": audit}
    if of == NETWORK:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            made = controls.of_ensemble(data)
            loss = st.selectbox("Loss", LOSSES, key="loss", bind="query-params", width=_PIXELS)
        return NetworkAuditRequest(**common, network=NetworkSpec(**made), loss=loss)
    sigma = st.number_input(
        "Output noise σ (0 = none)", min_value=0.0, value=0.0, step=0.01, format="%.4g", key="release-noise",
        bind="query-params", width=200, help="Gaussian noise that is added to the parameters before they are released.",
    )  # fmt: skip
    st.caption("The model, its λ, intercept and training weights are those of the sidebar.")
    return AuditRequest(**common, model=sidebar.model_spec(), release_sigma=float(sigma) or None)


def _audit() -> AuditSpec:
    with st.container(horizontal=True):
        canaries = st.number_input(
            "Canaries", min_value=1, value=_DEFAULT.canaries, step=50, key="canaries", bind="query-params",
            width=_PIXELS, help="More of them can show a larger ε.",
        )  # fmt: skip
        kind = st.selectbox(
            "Made as", CANARIES, key="canary-kind", bind="query-params", width=160,
            help="mislabelled: copies of training rows with another class; noise; rows: training rows themselves.",
        )  # fmt: skip
        delta = st.number_input(
            "δ", min_value=0.0, max_value=0.1, value=_DEFAULT.delta, step=1e-6, format="%.3g", key="delta",
            bind="query-params", width=_PIXELS,
        )  # fmt: skip
        confidence = st.number_input(
            "Confidence", min_value=0.5, max_value=0.999, value=_DEFAULT.confidence, step=0.01, format="%.3g",
            key="confidence", bind="query-params", width=_PIXELS,
        )  # fmt: skip
        runs = st.number_input(
            "Runs", min_value=1, value=_DEFAULT.runs, step=16, key="runs", bind="query-params", width=_PIXELS,
            help="Trainings with other coins; the first gives the bound of one run.",
        )  # fmt: skip
        seed = st.number_input(
            "Seed of the audit", min_value=0, value=0, key="audit-seed", bind="query-params", width=_PIXELS
        )
    return AuditSpec(
        canaries=int(canaries), kind=kind, delta=float(delta), confidence=float(confidence), runs=int(runs),
        seed=int(seed),
    )  # fmt: skip
