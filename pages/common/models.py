"""Which models fit the data in use, which one they start with, and buttons that switch to another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import streamlit as st

from fil_core import DEFAULT_L2, source_of
from fil_core.specs.families import fitting

BINARY = 2
_TWO_CLASSES_START_WITH = "logistic"
_STARTED_WITH = "model-started-with"


def possible(name: str, classes: Sequence[str] = ()) -> list[str]:
    """The models that fit a data set, the one that it starts with first.

    Args:
        name: of the data set.
        classes: those chosen from it; none for all.
    """
    source = source_of(name)
    if source.task != "classification":
        return fitting(0)  # of a text too, for which every page says that it needs a language model
    # Of two classes one is chosen before the other.
    kinds = fitting(max(BINARY, len(classes or source.classes)))
    return sorted(kinds, key=lambda kind: kind != _TWO_CLASSES_START_WITH)


def chosen_classes() -> list[str]:
    """The classes chosen in the sidebar; empty for all, and where there is nothing to choose from."""
    offered = source_of(st.session_state["data"]).classes
    return list(st.session_state.get("classes") or ()) if len(offered) != BINARY else []


def in_use() -> list[str]:
    """The models that fit the data chosen in the sidebar, the one that they start with first."""
    return possible(st.session_state["data"], chosen_classes())


def first_l2(kind: str) -> float:
    """The penalty that a model starts with."""
    # Image sets have pixels that never change, whose curvature is singular without a penalty.
    return DEFAULT_L2[kind] or 1e-3


def use(kind: str) -> None:
    """Choose a model, with its own penalty where it is another one."""
    if kind != st.session_state.get("model"):
        st.session_state["l2"] = first_l2(kind)
    st.session_state["model"] = kind  # also where it is the same: whether a link must name it depends on the data


def started_with(kind: str) -> None:
    """Remember the model that the data on the screen start with."""
    st.session_state[_STARTED_WITH] = kind


def follow_data() -> None:
    """After a change of the data: the model that a person chose, where it fits, else the one that they start with."""
    kinds, model = in_use(), st.session_state.get("model")
    chosen = model != st.session_state.get(_STARTED_WITH)
    use(model if chosen and model in kinds else kinds[0])


def choose(values: dict[str, Any]) -> None:
    """Choose other classes, or another model; a button's callback."""
    st.session_state.update({name: value for name, value in values.items() if name != "model"})
    use(values["model"])


def offer(
    wanted: Collection[str],
    name: str,
    classes: Sequence[str],
    *,
    key: str,
    choose: Callable[[dict[str, Any]], None] = choose,
) -> None:
    """Buttons that switch to a model, and, where one of them fits two classes only, a choice of two of these.

    Args:
        wanted: the models that would do.
        name: of the data set.
        classes: those chosen from it; none for all.
        key: begins the names of the controls.
        choose: called with the values of the controls of the sidebar that were chosen.
    """
    source, fit = source_of(name), possible(name, classes)
    with st.container(horizontal=True):
        for kind in (kind for kind in fit if kind in wanted):
            st.button(
                f"Use {kind}", icon=":material/play_arrow:", key=f"{key}-{kind}", on_click=choose,
                args=({"model": kind},),
            )  # fmt: skip
    offered = [one for one in source.classes if not classes or one in classes]
    fit_two = [kind for kind in possible(name, offered[:BINARY]) if kind in wanted and kind not in fit]
    if len(offered) > BINARY and fit_two:
        st.multiselect(
            f"Two classes to keep, for {fit_two[0]}", offered, key=f"{key}-classes", max_selections=BINARY,
            placeholder="choose two", on_change=_keep_two, args=(f"{key}-classes", offered, fit_two[0], choose),
        )  # fmt: skip


def _keep_two(key: str, offered: list[str], kind: str, choose: Callable[[dict[str, Any]], None]) -> None:
    if len(kept := st.session_state[key]) == BINARY:
        choose({"classes": [one for one in offered if one in kept], "model": kind})
