"""What is out of the distribution, and which scores are judged; every control is part of the link."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from fil_core import Dataset, DataSpec, source_of
from fil_core.analyses.ood.request import OF_MODEL, SCORES, VARIANCE, OodRequest
from fil_core.data import data_directory
from fil_core.specs import KernelSpec
from fil_core.specs.outside import OutsideSpec
from pages.common import models, pretrained, sidebar, text, uploads
from pages.views.membership import controls

SAME = "other classes"
WITH_PROBABILITIES = ("logistic", "softmax")
_WIDE = 420
_LEFT_OUT = 2  # classes that are held out at first where the model would have all


def request(data: Dataset) -> OodRequest | None:
    """Draw the controls and return what they ask; None where the model or the data have no such scores.

    Raises:
        BadRequest: values that no score can have.
    """
    spec = sidebar.data_spec()
    if not data.class_names:
        st.info(
            "These scores are about the probabilities of classes, and the target of these data is a number. Choose "
            "data with classes in the sidebar.",
            icon=":material/info:",
        )
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _data(spec)
        spec, classes = _classes(spec, name)
        chosen = st.multiselect(
            "Scores", SCORES, default=list(OF_MODEL), key="ood-scores", bind="query-params", width=_WIDE, help=_SAYS
        )
        resize = data.picture_shape is not None and st.toggle(
            "Scale pictures", key="resize", bind="query-params",
            help="Pictures of another size are scaled to that of the training pictures, colour to grey.",
        )  # fmt: skip
    if _has_no_others(spec, name):
        return None
    kernel = KernelSpec(**controls.kernel(data)) if VARIANCE in chosen else KernelSpec()
    new = _new(spec, data, resize=resize)
    model = sidebar.model_spec()
    if model.kind not in WITH_PROBABILITIES or model.kind not in models.possible(spec.name, spec.classes):
        _other_model(spec, model.kind)
        return None
    return OodRequest(
        data=spec, model=model, device=st.session_state["device"], scores=tuple(chosen), kernel=kernel, new=new,
        outside=OutsideSpec(name=None if name == SAME else name, classes=classes, resize=resize),
    )  # fmt: skip


_PAIRS: dict[str, dict[str, Any]] = {
    "Digits 0, 1 against the others": {"data": "digits", "classes": ["0", "1"]},
    "MNIST 0, 1 against the others": {"data": "mnist", "classes": ["0", "1"], "pca": 20},
    "Digits 0, 1 against MNIST": {"data": "digits", "classes": ["0", "1"], "ood-data": "mnist", "resize": True},
    "MNIST 0, 1 against Fashion-MNIST": {
        "data": "mnist", "classes": ["0", "1"], "pca": 20, "ood-data": "fashion-mnist"
    },
    "CIFAR-10 airplane, automobile against the others": {
        "data": "cifar10", "classes": ["airplane", "automobile"], "pca": 20
    },
}  # fmt: skip


def pairs() -> None:
    """Buttons for pairs of data whose files are at hand."""
    with st.popover("Pairs to try", icon=":material/compare:"):
        for label, values in _PAIRS.items():
            if all(map(_at_hand, (values["data"], values.get("ood-data", values["data"])))):
                st.button(label, key=f"pair-{label}", on_click=_take, args=(values,), width="stretch")


def _at_hand(name: str) -> bool:
    return all((data_directory() / file).exists() for file in source_of(name).files)


def _take(values: dict[str, Any]) -> None:
    """Choose a pair, with a logistic model; a button's callback."""
    st.session_state.update(sidebar.UNTOUCHED | {"ood-data": SAME, "ood-classes": [], "resize": False} | values)
    models.use("logistic")


_SAYS = """
- `fil-...`: η that the example would have, with the predicted label, the least, the expected or the worst
- `leverage`: x′H⁻¹x
- `max-probability`, `energy`: of the model's probabilities and scores
- `mahalanobis`: distance to the nearest class
- `nngp-variance`: posterior variance of a Gaussian process
"""


def _data(spec: DataSpec) -> str:
    """Which data are out of the distribution: other classes of the same, or another set of the same kind."""
    kind = source_of(spec.name).kind
    others = [one for one in sidebar.data_options() if source_of(one).kind == kind and not _same(one, spec.name)]
    if st.session_state.get("ood-data") not in (None, SAME, *others):
        del st.session_state["ood-data"]
    return st.selectbox(
        "Out of the distribution", [SAME, *others], key="ood-data", bind="query-params", width=220,
        help="Test rows of classes that the model is not trained on, or of another data set of the same kind.",
    )  # fmt: skip


def _same(one: str, other: str) -> bool:
    return one.partition(":")[0] == other.partition(":")[0] if not one.startswith(sidebar.OWN) else one == other


def _classes(spec: DataSpec, name: str) -> tuple[DataSpec, tuple[str, ...]]:
    """What the model is trained on, and the classes that are out of its distribution; empty for all others.

    Where the sidebar chooses no classes, the model would have all; those chosen here are then held out of it.
    """
    known = list(source_of(spec.name if name == SAME else name).classes)
    own = list(spec.classes) if name == SAME else []
    offered = [one for one in known if one not in own]
    holding_out = name == SAME and not own and len(known) > models.BINARY
    if any(one not in offered for one in st.session_state.get("ood-classes") or []):
        del st.session_state["ood-classes"]
    chosen = st.multiselect(
        "Held-out classes" if holding_out else "Its classes", offered,
        default=offered[-_LEFT_OUT:] if holding_out and len(offered) > 2 * _LEFT_OUT else [], key="ood-classes",
        bind="query-params", placeholder="all", width=_WIDE // 2,
        help="The model is trained without them." if holding_out else "Empty: all of them.",
    )  # fmt: skip
    if holding_out and chosen:
        return dataclasses.replace(spec, classes=tuple(one for one in known if one not in chosen)), tuple(chosen)
    return spec, tuple(chosen)


def _has_no_others(spec: DataSpec, name: str) -> bool:
    """Say where the model has all classes, so that none is out of its distribution."""
    known = source_of(spec.name).classes
    if name != SAME or (spec.classes and len(spec.classes) < len(known)):
        return False
    st.info(
        "The model has all classes of these data, so none is out of its distribution. "
        + (
            "Hold some out above."
            if len(known) > models.BINARY
            else "Choose another data set above, or data with more classes in the sidebar."
        ),
        icon=":material/info:",
    )
    return True


def _new(spec: DataSpec, data: Dataset, *, resize: bool) -> str | None:
    what = "a picture, or a .zip of pictures" if data.picture_shape is not None else "a table with the same columns"
    types = ["png", "jpg", "jpeg", "zip", "npz"] if data.picture_shape is not None else ["csv", "parquet", "npz"]
    with st.expander("Score examples of your own"):
        pretrained.uploader(
            "New examples", types, "new",
            lambda content, title: uploads.keep_records(spec, content, title, resize=resize),
            f"They get the same scores: {what}. At most 1,000; they stay on this server, as everything here does.",
        )  # fmt: skip
    return st.session_state.get("new") or None


def _other_model(spec: DataSpec, kind: str) -> None:
    st.info(
        f"These scores need the probabilities of {len(spec.classes or source_of(spec.name).classes)} classes; "
        f"{text.safe(kind)} has none.",
        icon=":material/info:",
    )
    fit = models.possible(spec.name, spec.classes)
    with st.container(horizontal=True):
        for wanted in (one for one in WITH_PROBABILITIES if one in fit):
            values: dict[str, Any] = {"model": wanted}
            st.button(
                f"Use {wanted}", icon=":material/play_arrow:", key=f"ood-{wanted}", on_click=models.choose,
                args=(values,),
            )  # fmt: skip
