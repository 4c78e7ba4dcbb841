"""The user's choices on how the entries of a table are read: notation of numbers, missing values, dates."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fil_core.data.own import Choices
from fil_core.data.own.numerals import DECIMALS, THOUSANDS

_MARKS = {".": "point", ",": "comma", " ": "space", "'": "apostrophe", "": "nothing"}
_DATES = {"refuse": "no features", "days": "days since the earliest"}


def as_suggested(suggested: dict[str, Any]) -> Choices:
    """How the entries are read before anything is chosen; `suggested` is a preview without choices."""
    if suggested["form"] != "table":
        return Choices()
    return Choices(decimal=suggested["decimal"], thousands=suggested["thousands"])


def chosen(suggested: dict[str, Any]) -> Choices | None:
    """How the entries are to be read as chosen in `controls`; None as long as that is how the file suggests."""
    usual = as_suggested(suggested)
    state = st.session_state
    found = _missing_texts(suggested)
    missing = state.get(_key("missing-texts", suggested), found)
    choices = Choices(
        decimal=state.get(_key("decimal", suggested), usual.decimal),
        thousands=state.get(_key("thousands", suggested), usual.thousands),
        missing_texts=None if set(missing) == set(found) else tuple(missing),
        dates=state.get("own-dates", usual.dates),
        categorical=tuple(state.get("own-categorical", ())),
    )
    return None if choices == usual else choices


def controls(suggested: dict[str, Any]) -> None:
    """The controls, where the file has texts that they are about."""
    if suggested["form"] != "table" or not any(_has_texts(column) for column in suggested["columns"]):
        return
    first, second, third, fourth = st.columns(4)
    for column, title, options, name in (
        (first, "Decimal mark", DECIMALS, "decimal"), (second, "Between thousands", THOUSANDS, "thousands"),
    ):  # fmt: skip
        column.selectbox(
            title, options, index=options.index(suggested[name]), format_func=_MARKS.__getitem__,
            key=_key(name, suggested),
        )  # fmt: skip
    found = _missing_texts(suggested)
    third.multiselect(
        "Texts that stand for a missing value",
        found,
        default=found,
        accept_new_options=True,
        placeholder="only empty entries",
        key=_key("missing-texts", suggested),
        help="An empty entry always does. Among numbers, NA, nan, null and the like do so too.",
    )
    if any(column["kind"] == "date" for column in suggested["columns"]):
        fourth.selectbox("Dates", list(_DATES), format_func=_DATES.__getitem__, key="own-dates")


def _key(name: str, suggested: dict[str, Any]) -> str:
    """The key of a control; another one for a file that suggests something else."""
    texts = ",".join(_missing_texts(suggested)) if name == "missing-texts" else ""
    return f"own-{name}-{suggested.get('decimal')}{suggested.get('thousands')}{texts}"


def _has_texts(column: dict[str, Any]) -> bool:
    return column["kind"] not in ("number", "rows") or bool(column["missing_texts"])


def _missing_texts(suggested: dict[str, Any]) -> list[str]:
    """Texts that were taken for a missing value."""
    columns = suggested.get("columns", [])
    return list(dict.fromkeys(text for column in columns for text in column["missing_texts"] if text))
