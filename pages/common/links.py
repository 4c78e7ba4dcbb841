"""Control values in the link."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import StopException

from pages.common import text

# Keys of the controls that take numbers from a link; `round-` begins the keys of one that depends on a result.
NUMBERS = frozenset(
    {
        "l2", "subset", "label-noise", "pca", "id", "trials", "noise-seed", "bins", "releases-drawn", "percentiles",
        "page", "other-l2", "rounds", "min-weight", "max-weight", "spread", "results-page",
        "width", "depth", "init-seed", "lr", "decay", "validation-size", "truth", "draws",
        "vocabulary", "embedding", "batch", "batch-seed", "damping", "candidates", "direction-seed", "similarity",
        "kernel-depth", "weight-std", "bias-std", "length", "noise", "relative-noise", "fpr", "twins",
        "models", "ensemble-seed", "target-model", "gamma", "offline-a", "quantile-level", "prior", "release-noise",
        "canaries", "delta", "confidence", "runs", "audit-seed", "toy-l2", "toy-point", "irfil-rounds", "guess-sigma",
        "public", "extractor-steps", "features-resize",
    }
)  # fmt: skip
ROUND = "round-"
_LARGEST = 1e15  # above it a browser has no whole numbers
_JUDGED = "link-judged"
_SAID = "link-said"
_SEEN = "link-seen"
_NOT_YET = object()
_SHOWN = 40  # characters of a value


@dataclass(slots=True)
class _Said:
    """What a link asks for and does not get: said on its page for as long as the control stays as it was.

    The page is empty until one is drawn that has the control.
    """

    page: str
    name: str
    message: str
    value: Any = _NOT_YET


def keep_in_link(key: str, default: object) -> None:
    """Before a control is drawn: send its value to the browser again, where the link has lost it.

    After a link is opened and the page left before it is drawn, the browser does not know the values of the link: it
    shows the defaults and would send them with the next click. Assigning a value again sends it again.
    """
    state = st.session_state
    if key not in st.query_params and state.get(key, default) != default:
        state[key] = state[key]


def settle(*, but: Collection[str] = ()) -> None:
    """First of all: take numbers that no control can hold, such as 1e309, out of the link, and say so.

    Args:
        but: names that are looked at elsewhere.
    """
    odd = {
        name: values
        for name in st.query_params
        if (name in NUMBERS or name.startswith(ROUND))
        and name not in but
        and not all(map(_can_be_held, values := st.query_params.get_all(name)))
    }
    removed = {name: values for name, values in odd.items() if _removed(name)}
    for name, values in removed.items():
        _say(_Said("", name, _asked(name, values)))
    if removed:
        st.rerun()  # a control that is drawn for the first time takes the link as it was when the run began


def _removed(name: str) -> bool:
    try:
        del st.query_params[name]
    except StreamlitAPIException:  # a control has it already, and keeps its value
        return False
    return True


def _can_be_held(value: str) -> bool:
    try:
        return math.isfinite(number := float(value)) and abs(number) <= _LARGEST
    except ValueError:  # no number at all, which its control leaves alone
        return True


@contextmanager
def judged(page: str) -> Iterator[None]:
    """Around a page: say at its top which values of the link its controls did not take.

    Args:
        page: its title.
    """
    said: list[_Said] = [one for one in st.session_state.get(_SAID, []) if one.page in ("", page)]
    for one in said:
        if one.value is _NOT_YET or st.session_state.get(one.name) == one.value:
            st.warning(one.message, icon=":material/link_off:")
    before = st.session_state.get(_SEEN, {})  # what has changed since came with the link, not from a control
    asked = {name: values for name, values in _linked().items() if values != before.get(name)}
    try:
        yield
    except StopException:
        _judge(page, asked)
        raise
    _judge(page, asked)


def _linked() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _judge(page: str, asked: dict[str, list[str]]) -> None:
    """After a page is drawn: compare what its link asked for with what its controls have; once for each value."""
    state = st.session_state
    state[_SEEN] = {name: values for name, values in _linked().items() if name in state}
    for one in state.get(_SAID, []):
        if one.value is _NOT_YET and one.name in state:
            one.page, one.value = page, state[one.name]
    known: set[tuple[str, ...]] = state.setdefault(_JUDGED, set())
    new = {name: values for name, values in asked.items() if name in state and (name, *values) not in known}
    known |= {(name, *values) for name, values in new.items()}
    refused = {name: values for name, values in new.items() if not _taken(values, state[name])}
    for name, values in refused.items():
        _say(_Said(page, name, _asked(name, values), state[name]))
    if refused:
        st.rerun()  # to say it at the top


def _say(one: _Said) -> None:
    others = [other for other in st.session_state.get(_SAID, []) if other.name != one.name]
    st.session_state[_SAID] = [*others, one]


def _asked(name: str, values: list[str]) -> str:
    shown = ", ".join(values)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    return (
        f"This link asks for {text.safe(name)} = **{text.safe(shown)}**, which is not understood here; "
        "the page goes on with what the control shows."
    )


def _taken(asked: list[str], value: Any) -> bool:
    """Whether a control has the value that a link asks for; an empty one asks for none."""
    if not any(asked):
        return True
    if isinstance(value, bool):
        return asked[-1].lower() == str(value).lower()
    if isinstance(value, list | tuple):
        return len(asked) == len(value) and all(map(_equal, asked, value))
    return _equal(asked[-1], value)


def _equal(asked: str, value: Any) -> bool:
    with suppress(ValueError):
        if isinstance(value, int | float):
            return math.isclose(float(asked), value, rel_tol=1e-9)
    return value is not None and asked == str(value)
