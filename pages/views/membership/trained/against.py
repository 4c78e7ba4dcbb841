"""What closed forms say of each record, beside what the trained networks show."""

from __future__ import annotations

import streamlit as st

from fil_core.analyses.measures.sources import source
from fil_core.analyses.mia_against.request import COMPARED, OFFERED, AgainstRequest
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from fil_core.specs import KernelSpec
from pages.common import analysis_view, sidebar
from pages.views.membership.trained.shown import Shown


def view(shown: Shown) -> None:
    """The section."""
    st.subheader("Do closed forms predict it?", anchor=False)
    request = shown.request
    assert isinstance(request, NetworkMiaRequest)
    offered = [name for name in OFFERED if not source(name).why_not(shown.data)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        of = st.multiselect("Measures", offered, default=["lood"], key="of", bind="query-params", width=360)
        activations = st.multiselect(
            "Activations", COMPARED, key="activations", bind="query-params", width=260,
            help="Networks with each of these, beside the Gaussian process with the same kernel; none takes the "
            "networks above.",
        )  # fmt: skip
        loss = st.selectbox(
            "Loss of the networks", ("squared", "cross-entropy"), key="against-loss", bind="query-params", width=180,
            help="A Gaussian process is about the squared loss.",
        )  # fmt: skip
    if not of:
        st.info("Choose at least one measure.", icon=":material/info:")
        return
    st.caption(
        "The model is that of the sidebar, the Gaussian process has as many layers as the networks, and the noise of "
        "the labels is a tenth of the mean kernel diagonal."
    )
    asked = AgainstRequest(
        data=request.data, model=sidebar.model_spec(), network=request.network, kernel=_kernel(request),
        ensemble=request.ensemble, of=tuple(of), activations=tuple(activations), loss=loss, schedule=request.schedule,
        device=request.device,
    )  # fmt: skip
    analysis_view.view(asked, shown.data, key="against", label="Compare with closed forms")


def _kernel(request: NetworkMiaRequest) -> KernelSpec:
    """The kernel of the networks where they are fully connected, else the usual one."""
    network = request.network
    if network.kind != "mlp" or network.activation not in COMPARED:
        return KernelSpec()
    return KernelSpec(kind=network.activation, depth=network.depth)
