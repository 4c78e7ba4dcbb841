"""The selected mitigation: which examples leak more, and which take the place of those left out."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fil_core import Dataset, Dropping, Mitigation, Result, successors
from fil_core.analyses import ranking
from fil_core.display.numbers import counted, verb
from pages.common import sidebar, tables, text, tiles, widgets
from pages.common.naming import called, named

_SUCCESSORS = 8


def view(data: Dataset, mitigation: Mitigation, result: Result, before: Result) -> None:
    """How eta changes under one mitigation at its own noise, and which examples succeed those left out."""
    sigma, model = mitigation.release.sigma, mitigation.release.model
    eta_before, eta_after = before.table["eta"] / sigma, result.table["eta"]
    st.subheader(mitigation.name, anchor=False)
    more = int((eta_after > eta_before * (1 + 1e-12)).sum())
    kept = int((eta_after > 0).sum())
    st.markdown(
        f"**{text.count(more)} of {text.count(kept)}** training examples {verb(more, 'leaks', 'leak')} more than in "
        f"the original model with the same noise; the largest η is **{text.number(eta_after.max())}**, of example "
        f"{text.safe(called(data, int(eta_after.idxmax())))} (before: {text.number(eta_before.max())}, of example "
        f"{text.safe(called(data, int(eta_before.idxmax())))})."
    )
    if isinstance(model.weights, Dropping):
        _next_leakiest(data, eta_before, eta_after, model.weights.k)
    if model.weights is not None or mitigation.family == "larger penalty":
        st.button(
            "Use this model on every page", icon=":material/done_all:", key="use-model", on_click=_set_model,
            args=(model.weights.text if model.weights else sidebar.EQUAL, model.penalty),
        )  # fmt: skip


def _next_leakiest(data: Dataset, eta_before: pd.Series, eta_after: pd.Series, k: int) -> None:
    next_leakiest = successors(eta_before, eta_after, k)
    threshold = eta_before.nlargest(k).iloc[-1]
    above = int((eta_after > threshold).sum())
    st.markdown(
        f"Without the {counted(k, 'leakiest example')}, "
        + ("**others take their place**" if above else "no other example takes their place")
        + f": {text.count(above)} of the remaining examples leak more than the least leaky of those removed did "
        f"(η = {text.number(threshold)}). The leakiest now:"
    )
    top = next_leakiest.head(_SUCCESSORS)
    if data.image_shape is not None:
        table = widgets.masked(
            ranking.ranked(pd.DataFrame({"label": data.labels, "eta": eta_after}, index=eta_after.index))
        )
        notes = [f"{table.loc[id, 'label']} · was #{rank:,}" for id, rank in top["rank_before"].items()]
        clicked = tiles.tiles(data, table.assign(label=pd.Series(notes, top.index)), list(top.index), key="successors")
        if clicked is not None:
            st.session_state["open"] = clicked
            st.switch_page("pages/examples.py", query_params={})
        widgets.table_twin(named(next_leakiest.head(1000), data), key="successor-numbers")
    else:
        shown = widgets.with_records(data, top)
        tables.table(shown, width="stretch", column_config=widgets.number_columns(shown), key="successor-rows")


def _set_model(weights: str, l2: float) -> None:
    st.session_state["weights"], st.session_state["l2"] = weights, l2
