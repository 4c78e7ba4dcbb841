"""Whole groups left out: near-duplicates, classes."""

from __future__ import annotations

import streamlit as st

from fil_core.analyses.lood_groups.request import CLASSES, TWINS, LoodGroupsRequest
from fil_core.specs.checks import DIGEST
from pages.common import analysis_view
from pages.views.membership.shown import Shown


def view(shown: Shown) -> None:
    """The section."""
    st.subheader("Left out together", anchor=False)
    offered = [TWINS, *([CLASSES] if shown.data.class_names else [])]
    chosen = st.session_state.get("group") or st.query_params.get("group")
    if chosen and DIGEST.fullmatch(chosen):  # a stored result of groups from a file
        offered.append(chosen)
    if st.session_state.get("group") not in (None, *offered):
        del st.session_state["group"]
    with st.container(horizontal=True):
        group = st.selectbox(
            "Groups", offered, key="group", bind="query-params", width=160,
            format_func=lambda name: f"file {name[:8]}…" if DIGEST.fullmatch(name) else name,
            help="twins: records that the kernel finds nearly the same; classes: each class. Groups of your own, such "
            "as the records of one person, come from a file: lood --group FILE on the command line.",
        )  # fmt: skip
        similarity = _similarity() if group == TWINS else None
    request = LoodGroupsRequest(
        data=shown.request.data, kernel=shown.request.kernel, device=shown.request.device, group=group,
        queries=shown.request.queries, **({} if similarity is None else {"similarity": similarity}),
    )  # fmt: skip
    analysis_view.view(request, shown.data, key="groups", label="Leave each group out")


def _similarity() -> float:
    value = st.number_input(
        "Kernel correlation, at least", min_value=0.0, max_value=1.0, value=0.99, step=0.01, format="%.4g",
        key="similarity", bind="query-params", width=200,
    )  # fmt: skip
    return float(value)
