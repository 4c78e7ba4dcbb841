"""What a person chooses about a file of their own."""

from __future__ import annotations

from typing import Any

import streamlit as st

from fil_core.data.own import Choices, OwnData
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, image_size
from pages.common import text
from pages.common import uploads as handed_in
from pages.views.own_data import register as own_register

_ROWS = "the row's number"
_MISSING = {"refuse": "stop and say so", "drop": "leave those rows out", "fill": "fill them in"}
_NO_FEATURES = {"text", "date", "empty"}
_FEW = 100  # different numbers that may be names of categories


def choices(found: dict[str, Any]) -> Choices:
    """The controls for a file, and what they say."""
    return _of_images(found) if found["form"] == "image" else _of_table(found)


def _of_images(found: dict[str, Any]) -> Choices:
    left, right = st.columns(2)
    size = left.text_input("Resize to (height × width)", placeholder="leave them as they are", key="own-size")
    split = any(c["split"] == "test" for c in found["classes"])
    fraction = None if split else _fraction(right)
    return Choices(test_fraction=fraction, image_size=image_size(size) if size.strip() else None)


def _fraction(place: Any) -> float:
    return place.slider(
        "Held out for testing",
        0.0,
        0.9,
        DEFAULT_TEST_FRACTION,
        0.05,
        key="own-fraction",
        help="0 trains on every row; what the model is worth then cannot be measured.",
    )


def _of_table(found: dict[str, Any]) -> Choices:
    columns = {str(c["name"]): c for c in found["columns"]}
    names = list(columns)
    first, second, third = st.columns(3)
    # Arrays of a .npz have their target named.
    usual = names.index("y") if "y" in names else None
    target = first.selectbox("Target", names, index=usual, placeholder="what is predicted", key="own-target")
    id_ = second.selectbox("Id", [_ROWS, *(n for n in names if n != target)], key="own-id")
    id_name = "" if id_ == _ROWS else id_
    rest = [n for n in names if n not in (target, id_name)]
    unfit = [n for n in rest if columns[n]["kind"] in _NO_FEATURES]
    left_out = third.multiselect("Left out", rest, default=unfit, key=f"own-left-out-{target}-{id_name}")
    features = [n for n in rest if n not in left_out]
    sensitive = first.multiselect(
        "Sensitive",
        features,
        key=f"own-sensitive-{target}-{id_name}",
        help="Their own η stands beside the whole row's.",
    )
    coded = [n for n in features if columns[n]["kind"] == "number" and columns[n]["distinct"] <= _FEW]
    categorical = second.multiselect(
        "Numbers that name categories",
        [*coded, *(n for n in st.session_state.get("own-categorical", ()) if n in features and n not in coded)],
        key="own-categorical",
    )
    task = third.selectbox("Target is", ["auto", "classification", "regression"], key="own-task")
    gaps = sum(columns[n]["missing"] > 0 for n in [*features, *([target] if target else [])])
    missing = "refuse"
    if gaps:
        missing = first.selectbox(
            f"Missing entries ({text.count(gaps)} columns)",
            list(_MISSING),
            format_func=_MISSING.__getitem__,
            key="own-missing",
        )
    return Choices(
        target=target or "", id=id_name, left_out=tuple(left_out), sensitive=tuple(sensitive),
        categorical=tuple(categorical), missing=missing, task=task, test_fraction=_fraction(third),
    )  # fmt: skip


def checked(name: str, chosen: Choices, *, form: str) -> OwnData | None:
    """The data set that the choices make of a file, after a click."""
    ready = form == "image" or chosen.target
    asked = (name, chosen)

    def ask() -> None:
        st.session_state["own-asked"] = asked

    st.button("Check", type="primary", icon=":material/fact_check:", on_click=ask, disabled=not ready, key="own-check")
    if st.session_state.get("own-asked") != asked:
        return None
    return handed_in.add_own(name, chosen, own_register.title())
