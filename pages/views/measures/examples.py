"""Examples on the page All measures: tiles that lead to the page Examples, or rows where there are no pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from fil_core.analyses.measures.words import title
from pages.common import tables, text, tiles, widgets
from pages.views.measures.shown import ANALYSIS, Shown

_SHOWN = 8
_VALUE = "value"  # column of the measure in which an example is high alone
_NO_NOTES: Mapping[int, str] = {}


def view(
    one: Shown,
    ids: Sequence[int],
    columns: Sequence[str],
    *,
    key: str,
    measure: pd.Series,
    notes: Mapping[int, str] = _NO_NOTES,
) -> None:
    """Some examples.

    Args:
        one: the joint table.
        ids: of the examples, in order.
        columns: of the measures that a row shows.
        key: names the element.
        measure: what a tile says of them; its name is that of the measure.
        notes: what else a tile says of them.
    """
    if one.data.picture_shape is None:
        rows = one.table.loc[list(ids), list(dict.fromkeys(["rank", "high_in", "only_in", "label", *columns]))]
        rows = widgets.with_records(one.data, rows)
        tables.table(rows, width="stretch", column_config=widgets.number_columns(rows, ANALYSIS), key=key)
        return
    table, said = one.table.assign(**{_VALUE: measure}), (_VALUE, "", title(str(measure.name)))
    picked = tiles.tiles(one.data, table, [int(id) for id in ids], key=key, measure=said, notes=notes)
    if picked is not None:
        st.switch_page("pages/examples.py", query_params={"id": str(picked)})


def extremes(one: Shown) -> None:
    """Who is high in everything, and who in one measure and nowhere else."""
    exposed, half = one.result.summary["exposure"], one.result.summary["high_half"]
    of = f"of the {text.counted(len(exposed), 'measure')} of exposure"
    st.subheader("High in everything", anchor=False)
    ordered = one.table[one.table["high_in"] > 0].sort_values("rank")
    often = ordered[ordered["high_in"] >= half]
    high = (often if len(often) else ordered).head(_SHOWN)
    if len(often):
        st.caption(f"Those among the highest 5 % of at least {half} {of}, those in the most first.")
    elif len(high):
        st.caption(f"Nobody is among the highest 5 % of at least {half} {of}; these are among that of the most.")
    else:
        st.caption("Nobody is among the highest 5 % of any measure: ties leave no order.")
    if len(high):
        notes = {int(id): f"high in {many} of {len(exposed)}" for id, many in high["high_in"].items()}
        view(one, list(high.index), exposed[:1], key="measures-high", measure=one.table[exposed[0]], notes=notes)
    st.subheader("High in one and nowhere else", anchor=False)
    alone = one.table[one.table["only_in"] != ""].sort_values(["high_in", "rank"], kind="stable")
    if len(alone):
        st.caption(
            f"{text.counted(len(alone), 'example')} in the highest 1 % of one measure and below the median in at least "
            "half of the others; those high in the fewest first."
        )
        first = alone.head(_SHOWN)
        told = {int(id): title(column) for id, column in first["only_in"].items()}
        values = {id: one.table.loc[id, column] for id, column in first["only_in"].items()}
        value = pd.Series(values, name="value")
        columns = sorted(set(first["only_in"]))
        view(one, list(first.index), columns, key="measures-alone", measure=value, notes=told)
    else:
        st.caption("Nobody.")
