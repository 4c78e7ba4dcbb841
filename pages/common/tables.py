"""Tables on a page: cells that can be copied into a spreadsheet, and a dash for what is missing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd
import streamlit as st

from fil_core.engine.store.export import harmless

MISSING = "–"


def table(frame: pd.DataFrame, **options: Any) -> Any:
    """A table to look at, to select rows of, and to copy cells of; the options are those of `st.dataframe`.

    A spreadsheet would compute copied text that begins like a formula, so such text has an apostrophe, as in exports.
    """
    return st.dataframe(harmless(frame), placeholder=MISSING, **options)


def editor(frame: pd.DataFrame, *, editable: Collection[str], **options: Any) -> pd.DataFrame:
    """A table some of whose columns can be changed; the others are as in `table`."""
    shown = harmless(frame)
    for name in editable:
        shown[name] = frame[name]  # what a person writes is theirs
    disabled = [name for name in frame.columns if name not in editable]
    return st.data_editor(shown, disabled=disabled, placeholder=MISSING, **options)
