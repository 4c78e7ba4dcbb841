"""Which model's examples are asked about, by which curvature, and on whose loss; every control is part of the link."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from fil_core import Dataset
from fil_core.analyses.influence.request import CURVATURES, UNDAMPED, InfluenceRequest
from fil_core.analyses.influence.words import CURVATURES as WORDS
from fil_core.analyses.ladder.request import LadderRequest
from fil_core.analyses.network_influence.request import NETWORK_CURVATURES, NetworkInfluenceRequest
from fil_core.analyses.network_ladder.request import NetworkLadderRequest
from fil_core.specs import NetworkSpec
from fil_core.specs.options import places
from pages.common import sidebar, text
from pages.views.influence import controls
from pages.views.influence.functions import target

Asked = InfluenceRequest | NetworkInfluenceRequest
MODEL, NETWORK = "model", "network"
_PIXELS = 132
_WIDE = 190
_LEFT_OUT = 20  # examples
_SMALL = {"width": 12, "embedding": 8, "lr": 1.0, "time": "150", "subset": 60}  # of a text: an answer in seconds


def request(data: Dataset) -> Asked:
    """Draw the controls and return what they ask, without the truth.

    Raises:
        BadRequest: a value that no model or target can have.
    """
    place = st.container(horizontal=True)
    of = NETWORK
    if not data.vocabulary:
        with place:
            of = _of()
    kind = NetworkInfluenceRequest if of == NETWORK else InfluenceRequest
    if of == NETWORK:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            made, validation = controls.network(data)
            made |= controls.batches()
    with place:
        curvature, damping, aimed = _curvature(kind), _damping(kind), target.control(data)
        if of == MODEL:
            validation = controls.validation_rows() or None
    common: dict[str, Any] = {
        "data": sidebar.data_spec(), "curvature": curvature, "damping": damping, "target": aimed,
        "validation_size": validation, "device": st.session_state["device"],
    }  # fmt: skip
    _explain(of, curvature)
    if of == NETWORK:
        return NetworkInfluenceRequest(**common, network=NetworkSpec(**made))
    return InfluenceRequest(**common, model=sidebar.model_spec())


def truth(data: Dataset) -> tuple[bool, int | None]:
    """Draw the switch of the truth, and the number of examples.

    Returns:
        Whether the truth is asked for beside the prediction, and how many examples are left out, None for each.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        examples = st.number_input(
            "Examples to leave out, drawn at random (0 = every one)", min_value=0, value=_LEFT_OUT, key="truth",
            bind="query-params", width=340,
        )  # fmt: skip
        wanted = st.toggle(
            "Also leave out and train again", key="truth-too", bind="query-params",
            help="The model is really trained without each of some examples, and the true change is shown beside.",
        )  # fmt: skip
    return wanted, int(examples) if 0 < examples < data.n else None


def ladder(request: Asked, examples: int | None) -> LadderRequest | NetworkLadderRequest:
    """Draw the choice of curvatures and return the ladder of the same question.

    Raises:
        BadRequest: too few curvatures or examples.
    """
    of_network = isinstance(request, NetworkInfluenceRequest)
    kind = NetworkLadderRequest if of_network else LadderRequest
    offered = list(NETWORK_CURVATURES if of_network else CURVATURES)
    if not set(st.session_state.get("curvatures") or ()) <= set(offered):
        del st.session_state["curvatures"]
    chosen = st.multiselect(
        "Curvatures that are compared", offered, default=offered, key="curvatures", bind="query-params"
    )
    own = {field.name for field in dataclasses.fields(kind)} & {field.name for field in dataclasses.fields(request)}
    same = {name: getattr(request, name) for name in own - {"examples"}}
    return kind(**same, curvatures=tuple(chosen), examples=examples)


def _of() -> str:
    chosen = st.segmented_control(
        "Influence in", [MODEL, NETWORK], default=MODEL, key="influence-of", bind="query-params", required=True,
        on_change=_usual, help="model: the one of the sidebar, at its optimum. network: trained by gradient descent.",
    )  # fmt: skip
    return chosen or MODEL


def _default(kind: type, name: str) -> Any:
    """What a request has where nothing else is asked."""
    return next(place.default for place in places(kind) if place.path[-1] == name)


def _usual() -> None:
    """After the change of the model: curvature and damping as that model starts with."""
    kind = NetworkInfluenceRequest if st.session_state["influence-of"] == NETWORK else InfluenceRequest
    for name in ("curvature", "damping"):
        st.session_state[name] = _default(kind, name)
    if "curvatures" in st.session_state:
        st.session_state["curvatures"] = list(NETWORK_CURVATURES if kind is NetworkInfluenceRequest else CURVATURES)


def _curvature(kind: type) -> str:
    offered = list(NETWORK_CURVATURES if kind is NetworkInfluenceRequest else CURVATURES)
    if st.session_state.get("curvature") not in (None, *offered):
        del st.session_state["curvature"]
    said = "\n".join(f"- `{name}`: {WORDS[name]}" for name in offered)
    return st.selectbox(
        "Curvature", offered, index=offered.index(_default(kind, "curvature")), key="curvature", bind="query-params",
        width=_WIDE, help=said,
    )  # fmt: skip


def _damping(kind: type) -> float:
    usual, undamped = float(_default(kind, "damping")), st.session_state["curvature"] in UNDAMPED
    damping = st.number_input(
        "Damping", min_value=0.0, value=usual, step=0.001, format="%.3g", key="damping",
        bind="query-params", width=_PIXELS, disabled=undamped,
        help="Added to the curvature of the mean loss. It has no part in metagradient, tracin and identity.",
    )  # fmt: skip
    return usual if undamped else float(damping)


def _explain(of: str, curvature: str) -> None:
    unused = "." if sidebar.has_text() else "; its model, λ and training weights are not used here."
    which = (
        f"Data set and rows are those of the sidebar{unused}"
        if of == NETWORK
        else "Data set, rows, model, λ and training weights are those of the sidebar."
    )
    st.caption(f"`{curvature}`: {text.safe(WORDS[curvature])}. {which}")


def offer_small(data: Dataset) -> None:
    """Of a text, a button that sets rows and network to what takes seconds.

    Args:
        data: what takes long.
    """
    now = {name: st.session_state.get(name) for name in _SMALL}
    if data.vocabulary and now != _SMALL:
        st.caption("The work grows with rows × tokens × steps. Quicker:")
        st.button("60 sentences, a small network", icon=":material/play_arrow:", key="quick-small", on_click=_choose)


def _choose() -> None:
    for name, value in _SMALL.items():
        st.session_state[name] = value
