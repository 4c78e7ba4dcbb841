"""How the LOOD of a record changes as the query moves away from it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fil_core import FilError
from fil_core.analyses.lood_landscape.request import LandscapeRequest
from pages.common import analysis_view, text, widgets
from pages.views.membership.shown import Shown

_TWIN, _EXAMPLE, _RANDOM, _FEATURE = "its nearest record", "another record", "a random direction", "one feature"

_SAYS = {"direction-seed": _RANDOM, "pixel": _FEATURE, "towards": _EXAMPLE}


def view(shown: Shown) -> None:
    """The section."""
    if shown.id not in shown.table.index:
        return
    st.subheader("What shows of it around it", anchor=False)
    try:
        request = _asked(shown)
    except FilError as error:
        st.error(text.safe(error), icon=":material/error:")
        return
    analysis_view.view(request, shown.data, key="landscape", label="Draw the landscape")


def _asked(shown: Shown) -> LandscapeRequest:
    """The controls of the direction.

    Raises:
        BadData: a record or feature that is not there.
    """
    ways = [*([_TWIN] if "twin_id" in shown.table else []), _EXAMPLE, _RANDOM, _FEATURE]
    if st.session_state.get("along") not in (None, *ways):
        del st.session_state["along"]
    if "along" not in st.session_state and "along" not in st.query_params:
        for name, way in _SAYS.items():  # a result that was opened says what it goes along by its own fields alone
            if st.session_state.get(name) is not None:
                st.session_state["along"] = way
    with st.container(horizontal=True):
        way = st.selectbox("Along", ways, key="along", bind="query-params", width=200)
        chosen = _direction(shown, str(way))
        plane = st.checkbox(
            "Plane", key="plane", bind="query-params", help="Also along a second, random direction, orthogonal to it."
        )
    return LandscapeRequest(
        data=shown.request.data, kernel=shown.request.kernel, device=shown.request.device, id=shown.id, plane=plane,
        **chosen,
    )  # fmt: skip


def _direction(shown: Shown, way: str) -> dict[str, Any]:
    data = shown.data
    if way == _TWIN:
        return {"towards": int(shown.table.loc[shown.id, "twin_id"])}
    if way == _EXAMPLE:
        first = next(int(id) for id in data.ids if id != shown.id)
        named = not widgets.redacted()
        written = st.text_input("Record", value=data.written(first, named=named), key="towards", bind="query-params", width=160)  # noqa: E501 # fmt: skip
        return {"towards": data.number(written.strip())}
    if way == _FEATURE:
        names = list(data.feature_names)
        if st.session_state.get("pixel") not in (None, *names):
            del st.session_state["pixel"]
        middle = names[len(names) // 2] if data.image_shape is not None else names[0]
        feature = st.selectbox("Feature", names, index=names.index(middle), key="pixel", bind="query-params", width=200)
        return {"pixel": feature}
    seed = st.number_input("Seed", min_value=0, value=0, key="direction-seed", bind="query-params", width=100)
    return {"direction_seed": int(seed)}
