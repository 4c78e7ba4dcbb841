"""The sidebar's choice of features of pictures: pixels, or what the last hidden layer of a frozen network puts out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from fil_core.specs.data import (
    MOST_EXTRACTOR_STEPS,
    MOST_PUBLIC,
    MOST_RESIZED,
    USUAL_EXTRACTOR_STEPS,
    USUAL_PUBLIC,
    trained_here,
)
from pages.common import pretrained
from pages.common.links import keep_in_link

PIXELS = "pixels"
UNTOUCHED: dict[str, Any] = {
    "features": PIXELS,
    "public": USUAL_PUBLIC,
    "extractor-steps": USUAL_EXTRACTOR_STEPS,
    "features-resize": 0,
}
LEAST_PUBLIC = 0.05


def controls(keep: Callable[[bytes, str], tuple[str, str]]) -> None:
    """The controls, for data of pictures.

    Args:
        keep: stores the weights of an uploaded file, and returns their name and that of the network they are of.
    """
    choice, training = st.container(), st.container()  # drawn after the file, which may set what is chosen
    pretrained.uploader(
        "Weights of a network of your own",
        ["safetensors"],
        "extractor",
        lambda content, title: _kept(keep, content, title),
        "A state_dict of a classifier of torchvision, such as a resnet18 trained elsewhere, or of cnn or mlp. It must "
        "not have seen rows that are measured.",
    )
    own = bool(st.session_state.get("extractor"))
    with choice:
        _choice(own)
    with training:
        if own:
            _resized()
        elif st.session_state["features"] != PIXELS:
            _public()
            _steps()


def _kept(keep: Callable[[bytes, str], tuple[str, str]], content: bytes, title: str) -> str:
    name, network = keep(content, title)
    st.session_state["features"] = network
    return name


def _choice(own: bool) -> None:
    chosen = st.session_state.get("features") or st.query_params.get("features") or PIXELS
    known = [PIXELS, *trained_here()]
    if chosen not in known and not own:
        st.session_state["features"] = PIXELS
    keep_in_link("features", PIXELS)
    st.selectbox(
        "Features",
        known if chosen in known or not own else [*known, chosen],
        key="features",
        bind="query-params",
        help="Pixels, or the last hidden layer of a frozen network. One that is not uploaded is trained on a public "
        "part of the training rows, which are then not measured; η is that of the head on the features. Features that "
        "were computed elsewhere are read as a table or a .npz file: page Own data.",
    )


def _public() -> None:
    keep_in_link("public", USUAL_PUBLIC)
    st.number_input(
        "Public share of the training rows",
        min_value=LEAST_PUBLIC,
        max_value=MOST_PUBLIC,
        value=USUAL_PUBLIC,
        step=0.05,
        format="%.3g",
        key="public",
        bind="query-params",
        help="The network is trained on these rows, drawn at random with seed 0. They are not measured.",
    )


def _steps() -> None:
    usual = UNTOUCHED["extractor-steps"]
    keep_in_link("extractor-steps", usual)
    st.number_input(
        "Mini-batches of its training", 1, MOST_EXTRACTOR_STEPS, usual, 500, key="extractor-steps", bind="query-params"
    )


def _resized() -> None:
    usual = UNTOUCHED["features-resize"]
    keep_in_link("features-resize", usual)
    st.number_input(
        "Pictures scaled to (0 = as they are)", 0, MOST_RESIZED, usual, 32, key="features-resize", bind="query-params"
    )


def chosen() -> dict[str, Any]:
    """The fields of a `DataSpec` that these controls choose."""
    state = st.session_state
    network, own = state.get("features") or PIXELS, state.get("extractor") or None
    if network == PIXELS:
        return {}
    return {
        "features_from": network,
        "extractor": own,
        "public_fraction": float(state.get("public") or USUAL_PUBLIC),
        "extractor_steps": int(state.get("extractor-steps") or USUAL_EXTRACTOR_STEPS),
        "features_resize": int(state.get("features-resize") or 0) or None,
    }
