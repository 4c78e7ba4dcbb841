"""Tables on a page: cells that can be copied into a spreadsheet, and a dash for what is missing."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from fil_core.engine.store.export import harmless
from pages.common import text

MISSING = "–"


def table(frame: pd.DataFrame, *, missing: str = "", **options: Any) -> Any:
    """A table to look at, to select rows of, and to copy cells of; the result is that of `st.dataframe`.

    A spreadsheet would compute copied text that begins like a formula, so such text has an apostrophe, as in exports.

    Args:
        frame: the table.
        missing: why values are missing, said below the table where some are; empty for what their columns say.
        options: of `st.dataframe`.
    """
    event = st.dataframe(harmless(frame), placeholder=MISSING, **options)
    lacking = [name for name, column in frame.items() if column.isna().any()]
    if lacking:
        st.caption(f"{MISSING}: {missing or text.safe(_reasons(lacking, options.get('column_config', {})))}")
    return event


def fitting(rows: int, *, most: int = 320) -> int:
    """The height in pixels of a table of so many rows: no emptier than they need, and no higher than `most`.

    >>> fitting(4), fitting(1000)
    (177, 320)
    """
    return min(most, 35 * (rows + 1) + 2)


def _reasons(names: Sequence[Hashable], config: Mapping[Any, Any]) -> str:
    """What the settings of columns say of them."""
    said = []
    for name in names:
        column = config.get(name) or {}
        title, says = column.get("label") or str(name), column.get("help")
        said.append(f"{title} ({says})" if says else title)
    return f"no value of {', '.join(said)}."


def editor(frame: pd.DataFrame, *, editable: Collection[str], **options: Any) -> pd.DataFrame:
    """A table some of whose columns can be changed; the others are as in `table`."""
    shown = harmless(frame)
    for name in editable:
        shown[name] = frame[name]  # what a person writes is theirs
    disabled = [name for name in frame.columns if name not in editable]
    return st.data_editor(shown, disabled=disabled, placeholder=MISSING, **options)
