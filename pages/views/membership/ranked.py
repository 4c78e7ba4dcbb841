"""The records ranked: tiles of images or rows of a table; a click opens one."""

from __future__ import annotations

import streamlit as st

from pages.common import text
from pages.common.naming import opener
from pages.views.examples import grid
from pages.views.membership.shown import ANALYSIS, KL, Shown, fewer, ordered, title

_PAGE = 16
_ROW = ("rank", "label", "kl_lood", "auc", "memorisation", "leverage")


def view(shown: Shown) -> None:
    """The controls, and one page of records."""
    st.subheader("Whose membership shows", anchor=False)
    sort, by_class, by_id, by_name = st.columns(4)
    with sort:
        measure = _measure(shown)
    opener(by_name, by_id, shown.data, "record")
    table = ordered(shown.table, measure)
    left = table
    if shown.subject.classes:
        left = grid.of_classes(table, by_class)
    st.caption(
        f"The {'smallest' if fewer(measure) else 'largest'} {title(measure)} first. A click opens a record in "
        "[the section below](#record)."
    )
    if not len(left):
        st.info("No record is of these classes.", icon=":material/info:")
        return
    columns = dict.fromkeys([*_ROW[:2], measure, *_ROW[2:]])
    grid.view(
        shown.data, table, left, size=_PAGE, measure=(measure, "", title(measure)), columns=list(columns),
        analysis=ANALYSIS, chosen=shown.id,
    )  # fmt: skip


def _measure(shown: Shown) -> str:
    offered = shown.measures
    if st.session_state.get("lood-by") not in (None, *offered):
        del st.session_state["lood-by"]
    named = "\n".join(f"- `{name}`: {text.safe(title(name))}" for name in offered)
    return st.selectbox("Ranked by", offered, index=offered.index(KL), key="lood-by", bind="query-params", help=named)
