"""Influence rows: which test rows a record moves, and the way to the records that move one of them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fil_core import Result
from fil_core.analyses.lood_moves.request import LoodMovesRequest
from fil_core.display import pictures
from pages.common import analysis_view, text, widgets
from pages.views.membership.shown import Shown

_ROWS, _WIDTH = 8, 90


def view(shown: Shown) -> None:
    """The section; nothing for data without test rows."""
    if shown.id not in shown.table.index or not len(shown.data.X_test):
        return
    st.subheader("Which test rows it moves", anchor=False)
    request = LoodMovesRequest(
        data=shown.request.data, kernel=shown.request.kernel, device=shown.request.device, id=shown.id
    )
    result = analysis_view.view(request, shown.data, key="lood-moves", label="Compare the outputs at all test rows")
    if result is None:
        return
    if shown.data.image_shape is not None:
        order = result.table["moved"].sort_values(ascending=False, kind="stable").index[:_ROWS]
        _most_moved(shown, order.to_numpy())
    _back(result)


def _most_moved(shown: Shown, rows: np.ndarray) -> None:
    """Pictures of the test rows that are moved most, the first first."""
    data = shown.data
    values = data.preprocessing.backward(data.X_test[rows])
    images = [pictures.pixels(data, one) for one in values]
    images = [pictures.coarse(image) for image in images] if widgets.redacted() else images
    for place, image, row in zip(st.columns(_ROWS), images, rows, strict=False):
        large = pictures.enlarged(image, _WIDTH)
        place.image(large, caption=f"test row {row}", output_format="PNG", alt=f"Test row {row}")
    if data.preprocessing.basis is not None:
        st.caption("Of the pictures their principal components are kept, and these are shown.")


def _back(result: Result) -> None:
    """The way to the records that move the row that this one moves most."""
    row = result.summary["moved_top"]
    st.button(
        f"Which records move test row {text.count(row)}?", icon=":material/swap_horiz:", key="lood-moves-back",
        on_click=_ask, args=(row,),
    )  # fmt: skip


def _ask(row: int) -> None:
    st.session_state["queries"] = f"test:{row}"
