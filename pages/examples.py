"""Which examples are leaky? Sort, filter, and open one."""

import pandas as pd
import streamlit as st

from fil_core import Dataset, NeighboursRequest
from pages.common import analysis_view, frame, text, widgets
from pages.common.naming import called, opener
from pages.views.examples import example, grid, review


def jump(data: Dataset, table: pd.DataFrame) -> None:
    """Open an example by its id, by its row where ids are texts, or by its rank."""
    by_id, by_rank, by_name = st.columns(3)
    opener(by_name, by_id, data, "example")
    by_rank.number_input(
        "Open by rank (1 = leakiest)",
        min_value=1,
        max_value=len(table),
        value=None,
        step=1,
        key="rank",
        placeholder="none",
        on_change=_open_rank,
        args=(table["rank"],),
    )


def _open_rank(ranks: pd.Series) -> None:
    if (rank := st.session_state["rank"]) is not None:
        st.session_state["id"] = int(ranks.index[ranks == rank][0])


frame.required()
st.title("Examples", anchor=False)
request, data, result, table = widgets.measured()
leakiest = table.nsmallest(1, "rank").iloc[0]
st.markdown(
    f"The leakiest example is **{text.safe(called(data, int(leakiest.name)))}**"
    + (f" (class {text.safe(leakiest.label)})" if data.class_names and not widgets.redacted() else "")
    + f", with η = **{text.number(leakiest.eta)}**. Open an example to see which parts leak most."
)
jump(data, table)
if (chosen := st.session_state.get("id")) is not None:
    example.panel(request, data, table, int(chosen))
shown = grid.filtered(table)
if len(shown):
    grid.view(data, table, shown, chosen=chosen)
    widgets.export(shown, "examples", data, key="gallery-export", label="Export these")
else:
    st.info("No example matches. Widen the percentiles, choose more classes, or switch the selection off.")
review.panel(request, data, table)
with st.expander("Nearest neighbours", key="neighbours", on_change="rerun", bind="query-params"):
    analysis_view.view(NeighboursRequest(data=request.data, device=request.device), data, key="neighbours")
widgets.provenance(request, result)
