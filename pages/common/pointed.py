"""The field beside a menu whose entries name a row, such as `test:3`, or training examples, such as `id:7`."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset
from fil_core.specs.targets import TEST, parts_of


def field(written: str, data: Dataset, *, key: str) -> None:
    """The number of a test row, or what a training example is called; a change of it changes what the menu has.

    Args:
        written: what the menu has.
        data: whose rows and examples are meant.
        key: of the menu.
    """
    kind, names = parts_of(written)
    if kind == TEST and names and names[0].isdecimal() and int(names[0]) < len(data.X_test):
        st.session_state[f"{key}-row"] = int(names[0])
        st.number_input(
            "Test row", min_value=0, max_value=len(data.X_test) - 1, key=f"{key}-row", on_change=_set_row, args=(key,),
            width=132,
        )  # fmt: skip
    elif kind == "id" and names:
        st.session_state[f"{key}-example"] = names[0]
        st.text_input("Training example", key=f"{key}-example", on_change=_set_example, args=(key,), width=132)


def _set_row(key: str) -> None:
    st.session_state[key] = f"test:{st.session_state[f'{key}-row']}"


def _set_example(key: str) -> None:
    if name := st.session_state[f"{key}-example"].strip():
        st.session_state[key] = f"id:{name}"
