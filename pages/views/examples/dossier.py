"""Everything that is stored about one example: its measures with their percentiles."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fil_core import Dataset, FilRequest, analysis_of
from fil_core.analyses.measures.described import oriented
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import COLUMNS
from fil_core.analyses.sharing import masked
from pages.common import tables, text, widgets
from pages.views.measures import stored


def view(request: FilRequest, data: Dataset, id: int) -> None:
    """Its measures of all sources that are stored, and how many are not.

    Args:
        request: data and model.
        data: the examples.
        id: of the example.
    """
    st.markdown("**All of its measures**", help="percentile: share of the examples that are at most as exposed")
    found = stored.tables(request, data)
    columns = [source.joined(table) for source, table in found if table is not None]
    lacking = [source.name for source, table in found if table is None]
    if columns:
        told = _table(pd.concat(columns, axis=1), id)
        tables.table(told, width="stretch", column_config=widgets.number_columns(told), key="dossier")
    if lacking:
        said = f"{text.counted(len(lacking), 'source')} of measures not computed: {', '.join(lacking)}."
        st.caption(said)
        st.page_link("pages/measures.py", label="Compute them on the page All measures", icon=":material/join_inner:")


def _table(joined: pd.DataFrame, id: int) -> pd.DataFrame:
    """A row a measure: value, unit, and the share of the examples that are at most as exposed."""
    if widgets.redacted():
        joined = masked(analysis_of(MeasuresRequest()), joined)
    places = 100 * oriented(joined).rank(pct=True, method="max").loc[id]
    return pd.DataFrame(
        {
            "value": [float(joined.loc[id, name]) for name in joined],
            "percentile": places.to_numpy(),
            "unit": [COLUMNS[name].unit for name in joined],
        },
        index=pd.Index([COLUMNS[name].title for name in joined], name="measure"),
    )
