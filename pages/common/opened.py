"""A link that asks for what is not here: what it asks for, and what a person can choose instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import streamlit as st

from fil_core import source_of
from fil_core.data.registry import Source
from fil_core.specs import Preprocess
from fil_core.specs.data import MOST_EXTRACTOR_STEPS, MOST_LABEL_NOISE, MOST_PUBLIC, MOST_RESIZED
from pages.common import features, models, sidebar, text

_ANSWER = "link-answer"
_KEPT = "link-kept"
_LISTS = {"pre": ["default", *get_args(Preprocess)], "device": list(sidebar.DEVICES)}
_NUMBERS: dict[str, tuple[Callable[[str], float], float, float]] = {
    "l2": (float, 0, sidebar.MOST_L2),
    "subset": (int, 0, 1e15),
    "label-noise": (float, 0, MOST_LABEL_NOISE),
    "pca": (int, 0, 1e15),
    "vocabulary": (int, 0, 1e15),
    "public": (float, features.LEAST_PUBLIC, MOST_PUBLIC),
    "extractor-steps": (int, 1, MOST_EXTRACTOR_STEPS),
    "features-resize": (int, 0, MOST_RESIZED),
}
NUMBERS = tuple(_NUMBERS)  # names of the numbers that `fault` looks at
_USUAL = {"classes": "all classes", "features": "the data as they are"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a link.

    Attributes:
        control: the control of the sidebar that cannot have the value of the link.
        message: what the link asks for and what is here, in Markdown.
    """

    control: str
    message: str


def fault() -> Fault | None:
    """What is wrong with the link that was opened; None once the sidebar has taken its values."""
    if sidebar.is_drawn():
        return None
    _keep()
    found = _data() or _classes() or _model() or _pictures() or _other()
    if found is not None:
        st.session_state[_KEPT] = {name: st.query_params.get_all(name) for name in _kept_names()}
    return found


def _kept_names() -> list[str]:
    return [name for name in sidebar.LINKED if name in st.query_params and name != "redact"]


def _keep() -> None:
    """On another page than that of the link: what the link would have if the sidebar had been drawn.

    That is what a button has chosen meanwhile, else what the link had. Only controls that are drawn carry it along.
    """
    if _kept_names():
        return
    kept: dict[str, Any] = st.session_state.get(_KEPT, {})
    if "data" in st.session_state:
        kept = {
            name: st.session_state[name] for name in sidebar.LINKED if name in st.session_state and name != "redact"
        }
    # A control that these data do not have, such as that of the vocabulary, would never take its default out again.
    told = {name: value for name, value in kept.items() if value not in (None, "", [], sidebar.UNTOUCHED.get(name))}
    if told:
        st.query_params.update({name: _written(value) for name, value in told.items()})
        st.rerun()  # see `settle`


def _written(value: Any) -> str | list[str]:
    return [str(part) for part in value] if isinstance(value, list) else str(value)


def settle() -> None:
    """First of all: put what was chosen into the link, in place of what is not here.

    A control that is drawn for the first time takes its value from the link as it was when the run began.
    """
    if (values := st.session_state.pop(_ANSWER, None)) is None:
        return
    st.session_state.pop(_KEPT, None)
    # Another data set starts afresh: the rest of the link is about the one that is not here.
    for name in [name for name in st.query_params if name in values or ("data" in values and name != "redact")]:
        del st.query_params[name]
    st.query_params.update({name: value for name, value in values.items() if value})
    st.rerun()


def view(found: Fault) -> None:
    """What is wrong, and the controls with which a person can choose something else."""
    st.warning(found.message, icon=":material/link_off:")
    if found.control == "data":
        _other_data()
    elif found.control == "model":
        name, classes = _linked_data()
        kinds = [*models.possible(name, classes), *filter(None, [st.query_params.get("model")])]
        models.offer(kinds, name, classes, key="link", choose=_choose_model)
    else:
        usual = _USUAL.get(found.control, "the usual value")
        st.button(f"Use {usual}", key="link-usual", on_click=_answer, args=({found.control: ""},))


def _other_data() -> None:
    left, right = st.columns(2, vertical_alignment="bottom")
    left.selectbox(
        "Another data set", sidebar.data_options(), index=None, key="link-data", placeholder="choose one",
        on_change=_choose_data,
    )  # fmt: skip
    right.page_link("pages/own_data.py", label="Own data: upload a file", icon=":material/upload_file:")


def _answer(values: dict[str, Any]) -> None:
    st.session_state[_ANSWER] = values


def _choose_data() -> None:
    if (name := st.session_state["link-data"]) is not None:
        _answer({"data": name, "classes": sidebar.first_classes(name)})


def _choose_model(values: dict[str, Any]) -> None:
    same = values["model"] == st.query_params.get("model")  # with other classes it may fit as it is
    _answer(values if same else values | {"l2": ""})


def _linked_data() -> tuple[str, list[str]]:
    """The data set and the classes that the link asks for."""
    name = st.query_params.get("data") or sidebar.data_options()[0]
    return name, [one for one in st.query_params.get_all("classes") if one]


def _data() -> Fault | None:
    name, _ = _linked_data()
    if name in sidebar.data_options():
        return None
    again = (
        "It was made from a file on another machine, or has been deleted. Upload the same file under Own data with the "
        "same choices, or register it there with `python -m fil_core fil --data FILE`, and open this link again"
        if name.startswith(sidebar.OWN)
        else "The list below has all that are"
    )
    asked = f"This link is about the data set **{text.safe(name)}**, which is not here."
    return Fault("data", f"{asked} {again}; or choose another data set.")


def _classes() -> Fault | None:
    name, classes = _linked_data()
    source = source_of(name)
    unknown = [one for one in classes if one not in source.classes]
    if not unknown:
        return None
    asked = text.safe(", ".join(unknown))
    return Fault(
        "classes",
        f"This link asks for the classes **{asked}**, which {text.safe(source.title)} does not have. {_has(source)}",
    )


def _has(source: Source) -> str:
    if source.task == "sequences":
        return "It holds sentences, which have no classes."
    return f"Its classes are {text.safe(', '.join(source.classes))}." if source.classes else "Its target is numeric."


def _model() -> Fault | None:
    name, classes = _linked_data()
    kinds, asked, source = models.possible(name, classes), st.query_params.get("model"), source_of(name)
    if not asked or asked in kinds:
        return None
    targets = {"regression": "a numeric target", "sequences": "its sentences, which need a language model"}
    target = targets.get(source.task, f"{len(classes or source.classes)} classes")
    return Fault(
        "model",
        f"This link asks for the model **{text.safe(asked)}**, which does not fit {text.safe(source.title)} with "
        f"{target}. Choose {' or '.join(kinds)}.",
    )


def _pictures() -> Fault | None:
    source, asked = source_of(_linked_data()[0]), st.query_params.get("features")
    if not asked or asked == features.PIXELS or source.kind == "image":
        return None
    return Fault(
        "features",
        f"This link asks for features by the network **{text.safe(asked)}**, which are of pictures; "
        f"{text.safe(source.title)} has none.",
    )


def _other() -> Fault | None:
    for control in (*_LISTS, *_NUMBERS):
        asked = st.query_params.get(control)
        if asked and not _possible(control, asked):
            expected = (
                f"one of {', '.join(_LISTS[control])}"
                if control in _LISTS
                else "a number from {:,.16g} to {:,.16g}".format(*_NUMBERS[control][1:])
            )
            return Fault(control, f"This link asks for {control} = **{text.safe(asked)}**: expected {expected}.")
    return None


def _possible(control: str, asked: str) -> bool:
    if control in _LISTS:
        return asked in _LISTS[control]
    read, least, most = _NUMBERS[control]
    try:
        return least <= read(asked) <= most
    except ValueError:
        return False
