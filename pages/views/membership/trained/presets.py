"""Buttons that set all controls to an ensemble that is known by a name."""

from __future__ import annotations

import streamlit as st

from fil_core.specs.presets import PRESETS, Preset
from pages.common import models, sidebar
from pages.views.influence.controls import LINKS
from pages.views.membership.trained.asked import NETWORK


def view() -> None:
    """One button for each."""
    with st.container(horizontal=True):
        for name, preset in PRESETS.items():
            st.button(
                preset.title, icon=":material/tune:", key=f"preset-{name}", on_click=_choose, args=(preset,),
                help=preset.says,
            )  # fmt: skip


def _choose(preset: Preset) -> None:
    state = st.session_state
    if preset.data:
        sidebar.use(preset.data["name"])
        state["classes"] = list(preset.data["classes"])
        state["pre"] = preset.data["preprocess"]
        models.follow_data()
    state["mia-of"] = NETWORK
    for name, link in LINKS.items():
        if name in preset.network:
            value = preset.network[name]
            state[link] = str(value) if name == "time" else value
    state.update(preset.training)
    state["models"] = preset.models
