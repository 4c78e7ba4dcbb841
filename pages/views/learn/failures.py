"""The failure modes of eta: one at a time, each on its usual data or on those of the sidebar."""

from __future__ import annotations

import streamlit as st

from fil_core import FilError
from fil_core.analyses.failure.request import FailureRequest
from fil_core.learn.failures import BY_NAME
from fil_core.learn.mode import Mode, Strength
from fil_core.specs import DataSpec
from pages.common import analysis_view, compute, sidebar
from pages.common.links import keep_in_link

_MODE, _STRENGTH, _HERE = "failure", "strength", "failure-here"


def view() -> None:
    """The answer, above the controls that change it."""
    top = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mode = _mode()
        strength = _strength(mode)
        data = _data(mode)
    request = FailureRequest(data=data, mode=mode.name, strength=strength, device=st.session_state["device"])
    with top:
        st.subheader(mode.title, anchor=False)
        # Most are small enough for the page; those that are not wait for a click.
        if compute.sweep([request], f"Show {mode.name}", key="failure-compute", eager=True)[0] is not None:
            analysis_view.view(request, compute.dataset(data), key=f"failure-{mode.name}")


def _mode() -> Mode:
    names = list(BY_NAME)
    if st.session_state.get(_MODE) not in (None, *names):  # of a link that another version wrote
        del st.session_state[_MODE]
    keep_in_link(_MODE, names[0])
    return BY_NAME[st.selectbox("Failure", names, key=_MODE, bind="query-params", on_change=_forget, width=260)]


def _forget() -> None:
    """A strength of one mode means nothing in another, which begins at its own."""
    st.session_state[_STRENGTH] = f"{BY_NAME[st.session_state[_MODE]].strength.default:g}"


def _strength(mode: Mode) -> float:
    """Its slider, which also has the value of a link that lies between two of its own."""
    strength = mode.strength
    choices, usual = {f"{value:g}": value for value in strength.choices()}, f"{strength.default:g}"
    if (asked := _asked(strength)) is None:
        st.session_state.pop(_STRENGTH, None)
    else:
        choices[f"{asked:g}"] = asked
        if st.session_state.get(_STRENGTH) not in (None, f"{asked:g}"):  # of the page Results, which writes 50.0
            st.session_state[_STRENGTH] = f"{asked:g}"
    keep_in_link(_STRENGTH, usual)
    said = f"{strength.says[0].upper()}{strength.says[1:]}."
    if strength.unchanged is not None:
        said += f" At {strength.unchanged:g} nothing is changed."
    label = f"{strength.label[0].upper()}{strength.label[1:]}"
    options = sorted(choices, key=choices.__getitem__)
    chosen = st.select_slider(
        label, options, value=usual, key=_STRENGTH, bind="query-params", help=said, width=420
    )  # fmt: skip
    return choices[chosen]


def _asked(strength: Strength) -> float | None:
    """What a link or the slider asks for; None where it is nothing that the mode can have."""
    try:
        value = float(st.session_state.get(_STRENGTH, st.query_params.get(_STRENGTH, "")))
    except ValueError:
        return None
    return value if strength.takes(value) else None


def _data(mode: Mode) -> DataSpec:
    """The usual data of the mode, or those of the sidebar where it can use them and that is asked."""
    try:
        here = sidebar.data_spec()
        mode.check(compute.dataset(here))
    except FilError:
        return mode.data
    keep_in_link(_HERE, False)
    asked = st.toggle("On the data set of the sidebar", key=_HERE, bind="query-params")
    return here if asked else mode.data
