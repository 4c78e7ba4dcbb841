"""The user's choices on how to read an uploaded file."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fil_core.data.own import Choices, OwnData
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Missing, TaskChoice, image_size
from pages.common import text, uploads
from pages.views.own_data import register as register_view

_ROW_NUMBER = "row number"
_MISSING = {
    "refuse": "stop with an error",
    "drop": "leave out rows with missing values",
    "fill": "use the median, or a level of their own",
}
_FEATURES = {"number", "category"}  # kinds of columns
_MAX_CODES = 100  # different values up to which a numeric column is offered as categorical


def choices(content: dict[str, Any], entries: Choices) -> Choices:
    """The controls for a file, and the choices made.

    Args:
        content: from `fil_core.data.own.reading.preview`.
        entries: how the entries of a table are read.
    """
    if content["form"] == "text":
        return Choices(test_fraction=_test_fraction(st))
    return _image_choices(content) if content["form"] == "image" else _table_choices(content, entries)


def _image_choices(content: dict[str, Any]) -> Choices:
    left, right = st.columns(2)
    size = left.text_input("Resize to (height × width)", placeholder="no resizing", key="own-size")
    has_split = any(c["split"] == "test" for c in content["classes"])
    fraction = None if has_split else _test_fraction(right)
    return Choices(test_fraction=fraction, image_size=image_size(size) if size.strip() else None)


def _test_fraction(column: Any) -> float | None:
    """The share that is chosen; None for the usual one, as on the command line: the same data set is stored once."""
    chosen = column.slider(
        "Test fraction",
        0.0,
        0.9,
        DEFAULT_TEST_FRACTION,
        0.05,
        key="own-fraction",
        help="Share of the rows held out for testing. With 0 every row is a training row and there is no test score.",
    )
    return None if chosen == DEFAULT_TEST_FRACTION else float(chosen)


def _table_choices(content: dict[str, Any], entries: Choices) -> Choices:
    columns = {str(c["name"]): c for c in content["columns"]}
    names = list(columns)
    first, second, third = st.columns(3)
    # In a .npz file the target is always y.
    index = names.index("y") if "y" in names else None
    target = first.selectbox("Target", names, index=index, placeholder="column to predict", key="own-target")
    id_ = second.selectbox("Id", [_ROW_NUMBER, *(n for n in names if n != target)], key="own-id")
    id_column = "" if id_ == _ROW_NUMBER else id_
    rest = [n for n in names if n not in (target, id_column)]
    default = [n for n in rest if columns[n]["kind"] not in _FEATURES]
    days = "-days" if entries.dates == "days" else ""
    left_out = third.multiselect(
        "Columns to leave out", rest, default=default, key=f"own-left-out-{target}-{id_column}{days}"
    )
    features = [n for n in rest if n not in left_out]
    sensitive = first.multiselect(
        "Sensitive",
        features,
        key=f"own-sensitive-{target}-{id_column}",
        help="Columns whose η is reported beside the η of the whole row.",
    )
    codes = [n for n in features if _may_be_category(columns[n])]
    categorical = second.multiselect(
        "Columns to treat as categories",
        [*codes, *(n for n in st.session_state.get("own-categorical", ()) if n in features and n not in codes)],
        key="own-categorical",
    )
    task = third.selectbox("Target type", ["auto", "classification", "regression"], key="own-task")
    incomplete = sum(columns[n]["missing"] > 0 for n in [*features, *([target] if target else [])])
    return dataclasses.replace(
        entries, target=target or "", id=id_column, left_out=tuple(left_out), sensitive=tuple(sensitive),
        categorical=tuple(categorical), missing=_missing(first, incomplete), task=cast(TaskChoice, task),
        test_fraction=None if content.get("test_rows") else _test_fraction(third),
    )  # fmt: skip


def _may_be_category(column: dict[str, Any]) -> bool:
    code = column["kind"] == "number" or bool(column["non_numeric"]) or column["kind"] == "date"
    return code and column["distinct"] <= _MAX_CODES


def _missing(place: DeltaGenerator, incomplete: int) -> Missing:
    """What becomes of missing values, asked where some columns have them."""
    if not incomplete:
        return "refuse"
    unit = "column" if incomplete == 1 else "columns"
    chosen = place.selectbox(
        f"How to handle missing values ({text.count(incomplete)} {unit})",
        list(_MISSING),
        format_func=_MISSING.__getitem__,
        key="own-missing",
    )
    return cast(Missing, chosen)


def checked(name: str, choices: Choices, *, form: str) -> OwnData | None:
    """The data set made from a file, once the user has clicked Check with these choices; None before.

    Args:
        name: name of the saved upload.
        choices: how to read it.
        form: `table`, `image` or `text`; a table needs a target first.
    """
    complete = form != "table" or choices.target
    current = (name, choices)

    def remember() -> None:
        st.session_state["own-checked"] = current

    st.button(
        "Check", type="primary", icon=":material/fact_check:", on_click=remember, disabled=not complete, key="own-check"
    )
    if st.session_state.get("own-checked") != current:
        return None
    return uploads.add_own(name, choices, register_view.title())
