"""Sentences of a text with what each of their tokens adds to the influence, and the sentence that is aimed at."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fil_core import Dataset, FilError, Result
from fil_core.display import tokens
from fil_core.specs.targets import parts_of
from pages.common import text, widgets
from pages.common.naming import called
from pages.views.influence.functions.asked import Asked

_CALLED = {"influence": "influence", "self_influence": "on its own loss"}
_TOKENS = "token_influence"  # among the arrays of a result


def head(request: Asked, data: Dataset, result: Result) -> None:
    """The sentence that is aimed at, if it is one, and what colours and lines mean."""
    if (aimed := _aimed(request.target, data)) is not None:
        name, said = aimed
        st.markdown(f"**The target**, {text.safe(name)}")
        st.html(tokens.coloured(said, None, 1.0, widgets.mode()))
    values = _by_token(data, result)
    if values is None:
        st.caption("What single tokens add was not kept with this result; the sentences are shown without colours.")
        return
    st.caption(
        "A token's colour and line say what it adds to its sentence's influence; hover over it for the number. "
        "The tokens of a sentence add up to its influence on the target, in every list below."
    )
    st.html(tokens.legend(_scale(values), widgets.mode()))


def view(data: Dataset, result: Result, ids: list[int], measure: str, *, key: str) -> None:
    """Some sentences, each under what is known of it.

    Args:
        data: the text.
        result: its influence.
        ids: of the sentences, in order.
        measure: the column that ranks them.
        key: begins the names of the elements.
    """
    values = _by_token(data, result)
    largest = 1.0 if values is None else _scale(values)
    with st.container(border=True, key=key):
        for place, id in enumerate(ids, 1):
            row = data.row(id)
            said = data.tokens(row)
            each = None if values is None else values[row, : len(said)]
            value = f" · {_CALLED[measure]} {text.number(float(result.table.loc[id, measure]))}"
            st.caption(f"**#{place}** · sentence {text.safe(called(data, id))}{value}{_secret(data, row)}")
            st.html(tokens.coloured(said, each, largest, widgets.mode()))


def _secret(data: Dataset, row: int) -> str:
    """How often a planted secret is said; empty for any other sentence."""
    if data.secrets is None or not data.secrets[row]:
        return ""
    return f" · :material/key: planted secret, said {text.counted(int(data.secrets[row]), 'time')}"


def _by_token(data: Dataset, result: Result) -> np.ndarray | None:
    """(n, T) what each token adds; None where the result, such as an older one, does not tell."""
    values = result.arrays.get(_TOKENS)
    return values if values is not None and len(values) == data.n and values.shape[1] <= data.d else None


def _scale(values: np.ndarray) -> float:
    """The largest part of any token of any sentence, so that all sentences share their colours."""
    return float(np.nanmax(np.abs(values), initial=0.0)) or 1.0


def _aimed(written: str, data: Dataset) -> tuple[str, list[str]] | None:
    """The sentence that a target is about and what it is called; None where it is not one sentence."""
    kind, names = parts_of(written)
    if len(names) != 1:
        return None
    if kind == "test":
        codes = data.X_test[int(names[0])].astype(int).tolist()
        return f"test row {names[0]}", [data.vocabulary[code] for code in codes if code >= 0]
    try:
        row = data.row(data.number(names[0]))
    except FilError:  # a target of several sentences that is written in another way
        return None
    return f"sentence {called(data, int(data.ids[row]))}", data.tokens(row)
