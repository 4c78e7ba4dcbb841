"""The records ranked: tiles of images or rows of a table; a click opens one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from fil_core import Dataset
from fil_core.analyses.analysis import Analysis
from pages.common import text
from pages.common.naming import opener
from pages.views.examples import grid
from pages.views.membership.measure import fewer, measures, ordered, title
from pages.views.membership.shown import ANALYSIS, KL, Shown

_PAGE = 16
_ROW = ("rank", "label", "kl_lood", "auc", "memorisation", "leverage")


def view(shown: Shown) -> None:
    """The controls, and one page of records."""
    ranking(
        ANALYSIS, shown.data, shown.table, first=KL, key="lood-by", row=_ROW, chosen=shown.id,
        classes=shown.subject.classes,
    )  # fmt: skip


def ranking(
    analysis: Analysis, data: Dataset, table: pd.DataFrame, *, first: str, key: str, row: Sequence[str], chosen: int,
    classes: bool,
) -> None:  # fmt: skip
    """The records ranked by a column that a person chooses.

    Args:
        analysis: whose table it is.
        data: the records.
        table: as it may be shown.
        first: the column that they are ranked by at first.
        key: of the control.
        row: columns of a row where the data are not images, `rank` and `label` first.
        chosen: the record that is open.
        classes: whether labels are classes that may be shown.
    """
    st.subheader("Whose membership shows", anchor=False)
    sort, by_class, by_id, by_name = st.columns(4)
    with sort:
        column = _column(analysis, measures(analysis, table), first, key)
    opener(by_name, by_id, data, "record")
    table = ordered(analysis, table, column)
    left = grid.of_classes(table, by_class) if classes else table
    st.caption(
        f"The {'smallest' if fewer(analysis, column) else 'largest'} {title(analysis, column)} first. A click opens a "
        "record in [the section below](#record)."
    )
    if not len(left):
        st.info("No record is of these classes.", icon=":material/info:")
        return
    columns = dict.fromkeys([*row[:2], column, *row[2:]])
    grid.view(
        data, table, left, size=_PAGE, measure=(column, "", title(analysis, column)), columns=list(columns),
        analysis=analysis, chosen=chosen,
    )  # fmt: skip


def _column(analysis: Analysis, offered: list[str], first: str, key: str) -> str:
    if st.session_state.get(key) not in (None, *offered):
        del st.session_state[key]
    named = "\n".join(f"- `{name}`: {text.safe(title(analysis, name))}" for name in offered)
    return st.selectbox("Ranked by", offered, index=offered.index(first), key=key, bind="query-params", help=named)
