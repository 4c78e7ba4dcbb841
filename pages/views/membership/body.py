"""The page: the answer, the controls that change it, and the sections."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from fil_core import Dataset
from pages.common import widgets
from pages.views.membership import (
    answer,
    architectures,
    controls,
    everyone,
    figures,
    groups,
    landscape,
    moves,
    query,
    ranked,
    record,
)
from pages.views.membership.shown import Shown, shown

# Each in its own module; an error in one must not hide the others.
_SECTIONS: tuple[Callable[[Shown], None], ...] = (
    ranked.view, figures.view, record.view, query.view, landscape.view, moves.view, groups.view, architectures.view,
    everyone.view,
)  # fmt: skip


def view(data: Dataset) -> None:
    """Could an attacker tell that a record was in?"""
    st.subheader("Could an attacker tell that this record was in?", anchor=False)
    top = st.container()  # the answer is above the controls that change it
    request = controls.request(data)
    st.caption(
        "Data set, rows and preprocessing are those of the sidebar; its model, λ and training weights are not used "
        "here: the model is the Gaussian process of this kernel."
    )
    if data.image_shape is not None and data.preprocessing.unit_ball:
        st.caption("The kernel sees pixels from 0 to 1: the division by the longest row is undone for it.")
    with top:
        result = answer.found(request, data)
        one = shown(request, data, result)
        answer.view(one)
    widgets.sections(_SECTIONS, one)
    widgets.provenance(request, result)
