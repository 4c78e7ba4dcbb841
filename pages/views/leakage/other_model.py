"""The same examples under another model: which are leaky under both?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fil_core import Dataset, FilRequest, agreement
from fil_core.display import charts
from pages.common import compute, models, sidebar, text, widgets
from pages.common.naming import labelled


def comparison(request: FilRequest, data: Dataset, table: pd.DataFrame) -> None:
    """The same examples under another model."""
    kinds = [k for k in models.in_use() if k != request.model.kind] or [request.model.kind]
    left, middle, right = st.columns(3)
    kind = left.selectbox("Other model", kinds, key="other", bind="query-params")
    l2 = middle.number_input(
        "Its penalty λ", min_value=0.0, value=1e-2, format="%.3g", step=1e-3, key="other-l2", bind="query-params"
    )
    k = int(right.number_input("Top k", min_value=1, value=min(500, max(1, len(table) // 10)), key="other-k"))
    other = sidebar.with_model(request, kind, l2)
    if other == request:
        st.info("This is the same model; choose another penalty.")
        return
    result = compute.offered(other, f"Measure {kind} with λ = {l2:g}", key="other-measure")
    if result is None:
        return
    other_eta = result.table["eta"]
    shared = agreement(table["eta"].to_numpy(), other_eta.to_numpy(), k=k)
    st.markdown(
        f"**{text.count(shared.overlap)} of the {text.count(shared.k)} leakiest** are the same under both models "
        f"(expected by chance: {text.count(round(shared.k**2 / shared.n))}); Spearman {shared.spearman:.3f}, "
        f"Pearson {shared.pearson:.3f}."
    )
    weights = f", {request.model.weights.text}" if request.model.weights else ""
    names = (f"{request.model.kind}, λ {request.model.penalty:g}{weights}", f"{kind}, λ {l2:g}")
    widgets.chart(
        labelled(charts.ranks(table["eta"], other_eta, names, widgets.mode()), data),
        "Rank under one model against rank under the other",
        "ranks",
    )
    columns = pd.DataFrame({"label": table["label"], "eta": table["eta"], "eta_other": other_eta})
    widgets.export(columns, "two-models", data, key="other-export", label="Export both")
