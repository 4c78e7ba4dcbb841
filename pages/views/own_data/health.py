"""Results of the data checks."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from fil_core.data.own import OwnData
from pages.common import sidebar, tables, text, widgets
from pages.common.site import first_page


def report(entry: OwnData) -> None:
    """Sizes, classes, warnings and notes, and the button that goes to the measured data."""
    h = entry.health
    facts = {
        "Training rows": text.count(h["rows"]),
        "Test rows": text.count(h["test_rows"]),
        "Features": text.count(h["features"]),
        "Classes": text.count(len(h["classes"])) if h["classes"] else "regression",
        "Condition number": _condition(h["condition"]),
    }
    if h["form"] == "text":
        facts = {name: facts[name] for name in ("Training rows", "Test rows")}
        facts["Longest line, tokens"] = text.count(h["features"])
    widgets.metrics({name: (value, "") for name, value in facts.items()})
    for warning in h["warnings"]:
        st.warning(text.safe(warning), icon=":material/warning:")
    if not h["warnings"]:
        looked_for = "" if h["form"] == "text" else ": no constant or duplicate columns, no id among the features"
        st.success(f"No problems found{looked_for}.", icon=":material/check:")
    left, right = st.columns(2)
    with left:
        if h["classes"]:
            st.caption(f"Classes of {text.safe(h['target'])}")
            tables.table(pd.DataFrame(h["classes"]), key="own-health-classes", hide_index=True)
    with right:
        if h["groups"]:
            st.caption("Categories and their baseline levels")
            groups = pd.DataFrame(h["groups"]).rename(columns={"dropped": "baseline level"})
            tables.table(groups, key="own-health-groups", hide_index=True)
    for note in h["notes"]:
        st.caption(text.safe(note))
    if st.button(
        "Measure it",
        type="primary",
        icon=":material/arrow_forward:",
        key="own-use",
        on_click=sidebar.use,
        args=(entry.name,),
    ):
        st.switch_page(first_page(h["form"]), query_params={})


def _condition(value: float | None) -> str:
    if value is None:
        return "not computed"
    return f"{value:.2g}" if math.isfinite(value) else "∞"
