"""The shared sidebar. Each control is bound to the URL, so every view is a link."""

from __future__ import annotations

import dataclasses
from typing import cast, get_args

import streamlit as st

from fil_core import (
    BadRequest,
    Dataset,
    DataSpec,
    FilRequest,
    ModelSpec,
    catalogue,
    registered,
    source_of,
    weighting,
)
from fil_core.data.points import PREFIX, parse
from fil_core.specs import ModelKind, Preprocess
from fil_core.specs.data import DEFAULT_VOCABULARY, MOST_LABEL_NOISE
from pages.common import features, models, pretrained, text, uploads
from pages.common.links import keep_in_link

PREPROCESS = ["default", *get_args(Preprocess)]
DEVICES = ["auto", "cpu", "cuda"]
MOST_L2 = 1e6
EQUAL = "equal"
OWN = "own:"  # begins the names of own data
# Names of the sidebar's controls in a link; a page that switches to another leaves them to their widgets.
LINKED = (
    "data", "classes", "model", "l2", "weights", "subset", "pre", "pca", "device", "scores", "parameters", "redact",
    "intercept", "label-noise", "vocabulary", "features", "public", "extractor", "extractor-steps", "features-resize",
)  # fmt: skip
_DRAWN = "data-drawn"
INTERCEPTS = {"default": None, "on": True, "off": False}
UNTOUCHED = {
    "pca": 0,
    "subset": 0,
    "label-noise": 0.0,
    "vocabulary": 0,
    "pre": "default",
    "intercept": "default",
    "weights": EQUAL,
    "id": None,
    **pretrained.NOTHING,
    **features.UNTOUCHED,
}
_BY_CLASS = ["irfil:hybrid:15", "irfil:class:15"]
_WEIGHTS = [EQUAL, "irfil:sample:15", *_BY_CLASS, "drop:10", "drop:100"]


def sidebar() -> None:
    """Draw the controls of data set, model, preprocessing and device; `request()` reads them back."""
    with st.sidebar:
        st.header("What is measured", anchor=False)
        # No format_func on bound controls: the URL shows their options, and a link should read like the command line.
        known = data_options()
        _warn_of_deletion(known)
        keep_in_link("data", known[0])
        before = st.session_state.get(_DRAWN)
        st.selectbox("Data set", known, key="data", bind="query-params", on_change=_new_data)
        st.session_state[_DRAWN] = st.session_state["data"]
        if before not in (None, *known):  # deleted meanwhile: the choices made for it do not apply
            _new_data()
        source = source_of(st.session_state["data"])
        st.caption(f"**{text.safe(source.title)}.** {source.description}")
        if len(source.classes) != models.BINARY and source.task == "classification":
            keep_in_link("classes", [])
            st.multiselect(
                "Classes",
                source.classes,
                key="classes",
                bind="query-params",
                placeholder="all",
                on_change=models.follow_data,
            )
        if has_pictures():
            with st.expander("Features", expanded=st.session_state.get("features", features.PIXELS) != features.PIXELS):
                features.controls(uploads.keep_extractor)
        if not has_text():  # no linear model reads sentences
            _model_controls()
        with st.expander("Rows, preprocessing, device"):
            _detail_controls()
        pretrained.controls(lambda content, title: uploads.keep_scores(data_spec(), content, title))
        _sharing()


def without_data() -> None:
    """The sidebar of a page that needs no data set, while the link's is not here."""
    with st.sidebar:
        _sharing()


def _sharing() -> None:
    keep_in_link("redact", False)
    st.toggle(
        "Redact",
        key="redact",
        bind="query-params",
        help="For sharing a screen: coarsens pictures, and masks labels and attribute values. Numeric ids that you "
        "chose stay visible.",
    )
    st.caption(text.PRIVATE)


def is_drawn() -> bool:
    """Whether the controls have been drawn in this visit, and so have taken their values from the link."""
    return _DRAWN in st.session_state


def data_options() -> list[str]:
    """Built-in data sets, then own data, and points that are written out in the link."""
    known = [*catalogue(), *(entry.name for entry in registered())]
    chosen = st.session_state.get("data") or st.query_params.get("data") or ""
    return [*known, chosen] if is_points(chosen) else known


def is_points(name: str) -> bool:
    """Whether a name writes out points that can be read."""
    try:
        return name.startswith(PREFIX) and bool(parse(name).rows)
    except BadRequest:
        return False


def _warn_of_deletion(known: list[str]) -> None:
    """Back to a link whose data set was deleted in this visit; `opened` says it of a link that is opened."""
    linked = st.query_params.get("data", "")
    if is_drawn() and linked.startswith(OWN) and linked not in known:
        st.warning("The data set of this link has been deleted; see Own data.", icon=":material/warning:")


def use(name: str) -> None:
    """Choose a data set, as a button's callback."""
    st.session_state["data"] = name
    _new_data()


def _model_controls() -> None:
    kinds = models.in_use()
    models.started_with(kinds[0])
    if st.session_state.get("model") not in (None, *kinds):
        models.use(kinds[0])
    keep_in_link("model", kinds[0])
    st.selectbox("Model", kinds, key="model", bind="query-params", on_change=_new_model)
    kind = st.session_state["model"]
    keep_in_link("l2", models.first_l2(kind))
    st.number_input(
        "Penalty λ (l2)",
        min_value=0.0,
        max_value=MOST_L2,
        value=models.first_l2(kind),
        step=1e-4,
        format="%.3g",
        key="l2",
        bind="query-params",
        help="Multiplied by the number of examples: n·λ/2·‖θ‖² is added to the loss.",
    )
    keep_in_link("weights", EQUAL)
    st.selectbox(
        "Training weights",
        _weight_options(),
        key="weights",
        bind="query-params",
        accept_new_options=True,
        help="equal; irfil:METHOD:ROUNDS equalises η; drop:K leaves out the K leakiest. See the Mitigations page.",
    )


def _weight_options() -> list[str]:
    """The usual options, and the one that was typed, linked to or set by the Mitigations page."""
    usual = [option for option in _WEIGHTS if has_classes() or option not in _BY_CLASS]
    chosen = st.session_state.get("weights") or st.query_params.get("weights") or EQUAL
    return usual if chosen in usual else [*usual, chosen]


def _detail_controls() -> None:
    for key, default in (("subset", 0), ("pre", "default"), ("pca", 0), ("device", "auto")):
        keep_in_link(key, default)
    st.number_input(
        "Training rows (0 = all)",
        min_value=0,
        value=0,
        step=500,
        key="subset",
        bind="query-params",
        help="A random sample with seed 0.",
    )
    if has_classes():
        _label_noise()
    if has_text():
        _vocabulary()
    st.selectbox(
        "Preprocessing", PREPROCESS, key="pre", bind="query-params", help="default: the usual one for this data set"
    )
    st.number_input(
        "Principal components (0 = all features)", min_value=0, value=0, step=5, key="pca", bind="query-params"
    )
    if not has_text():
        _intercept()
    st.selectbox(
        "Device",
        DEVICES,
        key="device",
        bind="query-params",
        help="auto uses a CUDA GPU where there is one.",
    )


def _intercept() -> None:
    keep_in_link("intercept", "default")
    st.selectbox(
        "Intercept",
        list(INTERCEPTS),
        key="intercept",
        bind="query-params",
        help="A constant term of the model. It is not penalised, and it is never at risk. default: on for a table of "
        "your own with classes or with a target far from zero, else off.",
    )


def _label_noise() -> None:
    keep_in_link("label-noise", 0.0)
    st.number_input(
        "Label noise, share (0 = none)",
        min_value=0.0,
        max_value=MOST_LABEL_NOISE,
        value=0.0,
        step=0.05,
        format="%.3g",
        key="label-noise",
        bind="query-params",
        help="This share of the training labels is replaced at random by another class, with seed 0. Test labels stay.",
    )


def _vocabulary() -> None:
    keep_in_link("vocabulary", 0)
    st.number_input(
        f"Vocabulary, tokens (0 = {DEFAULT_VOCABULARY:,})",
        min_value=0,
        value=0,
        step=500,
        key="vocabulary",
        bind="query-params",
        help="The commonest tokens of the training rows, <unk> and <eos> included; all others become <unk>.",
    )


def has_text() -> bool:
    """Whether the chosen data set holds sentences."""
    return source_of(st.session_state["data"]).task == "sequences"


def has_pictures() -> bool:
    """Whether the chosen data set holds pictures, of which a network can make features."""
    return source_of(st.session_state["data"]).kind == "image"


def has_classes() -> bool:
    """Whether the chosen data set has classes, whose labels can be replaced."""
    return source_of(st.session_state["data"]).task == "classification"


def first_classes(name: str) -> list[str]:
    """The classes that a data set starts with; none for all."""
    return list(source_of(name).default_classes) if name != "digits" else []


def _new_data() -> None:
    st.session_state["classes"] = first_classes(st.session_state["data"])
    for name, value in UNTOUCHED.items():
        st.session_state[name] = value
    st.session_state.pop("selection", None)
    models.follow_data()


def _new_model() -> None:
    st.session_state["l2"] = models.first_l2(st.session_state["model"])


def data_spec() -> DataSpec:
    """The data set chosen in the sidebar."""
    state = st.session_state
    return DataSpec(
        name=state["data"],
        classes=tuple(state.get("classes") or ()),
        subset=int(state["subset"]) or None,
        label_noise=float(state.get("label-noise") or 0.0) if has_classes() else None,
        preprocess=None if state["pre"] == "default" else state["pre"],
        pca=int(state["pca"]) or None,
        vocabulary=int(state.get("vocabulary") or 0) or None if has_text() else None,
        **(features.chosen() if has_pictures() else {}),
    )


def model_spec() -> ModelSpec:
    """The model chosen in the sidebar; of a text, for which none is offered, the one that pages say does not fit."""
    if has_text():
        return ModelSpec(kind=cast(ModelKind, models.in_use()[0]))
    return ModelSpec(
        kind=st.session_state["model"],
        l2=float(st.session_state["l2"]),
        intercept=INTERCEPTS[st.session_state["intercept"]],
        weights=weighting(st.session_state["weights"] or EQUAL),
        parameters=st.session_state.get("parameters") or None,
    )


def request(attribute: tuple[str, ...] = ()) -> FilRequest:
    """The request of the sidebar, for the whole example or one attribute."""
    return FilRequest(data=data_spec(), model=model_spec(), attribute=attribute, device=st.session_state["device"])


def at_risk(data: Dataset) -> list[str]:
    """The attributes that a page offers one by one: those marked as sensitive, then the others."""
    return list(dict.fromkeys([*data.sensitive, *data.groups]))


def with_model(request: FilRequest, kind: str, l2: float) -> FilRequest:
    """The same request for another model, with equal weights."""
    model = ModelSpec(kind=cast(ModelKind, kind), l2=l2, intercept=request.model.intercept)
    return dataclasses.replace(request, model=model)
