"""Examples on the page All measures: tiles that lead to the page Examples, or rows where there are no pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from fil_core.analyses.measures.words import title
from pages.common import tables, text, tiles, widgets
from pages.views.measures.shown import ANALYSIS, Shown

_SHOWN = 8
_HIGH = ("high_in", "high in", "number of measures in whose highest 5 % it is")
_NO_NOTES: Mapping[int, str] = {}


def view(
    one: Shown, ids: Sequence[int], columns: Sequence[str], *, key: str, notes: Mapping[int, str] = _NO_NOTES
) -> None:
    """Some examples.

    Args:
        one: the joint table.
        ids: of the examples, in order.
        columns: of the measures that a row shows.
        key: names the element.
        notes: what else a tile says of them.
    """
    if one.data.image_shape is None:
        rows = one.table.loc[list(ids), list(dict.fromkeys(["rank", "high_in", "only_in", "label", *columns]))]
        rows = widgets.with_records(one.data, rows)
        tables.table(rows, width="stretch", column_config=widgets.number_columns(rows, ANALYSIS), key=key)
        return
    picked = tiles.tiles(one.data, one.table, [int(id) for id in ids], key=key, measure=_HIGH, notes=notes)
    if picked is not None:
        st.switch_page("pages/examples.py", query_params={"id": str(picked)})


def extremes(one: Shown) -> None:
    """Who is high in everything, and who in one measure and nowhere else."""
    exposed = one.result.summary["exposure"]
    st.subheader("High in everything", anchor=False)
    high = one.table[one.table["high_in"] > 0].sort_values("rank").head(_SHOWN)
    if len(high):
        st.caption(f"Those among the highest 5 % of most of the {text.counted(len(exposed), 'measure')} of exposure.")
        notes = {int(id): f"high in {many} of {len(exposed)}" for id, many in high["high_in"].items()}
        view(one, list(high.index), exposed[:1], key="measures-high", notes=notes)
    else:
        st.caption("Nobody is among the highest 5 % of any measure: ties leave no order.")
    st.subheader("High in one and nowhere else", anchor=False)
    alone = one.table[one.table["only_in"] != ""].sort_values(["high_in", "rank"], kind="stable")
    if len(alone):
        st.caption(
            f"{text.counted(len(alone), 'example')} in the highest 1 % of one measure and below the median in at least "
            "half of the others; those high in the fewest first."
        )
        first = alone.head(_SHOWN)
        told = {int(id): title(column) for id, column in first["only_in"].items()}
        view(one, list(first.index), sorted(set(first["only_in"])), key="measures-alone", notes=told)
    else:
        st.caption("Nobody.")
