"""What reweighting changed: eta by round, by example and by class, and the train and test score."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from fil_core import Dataset, IrfilRequest, Result
from fil_core.analyses.irfil import figures as irfil_figures
from fil_core.display import charts
from pages.common import tables, text, tiles, widgets
from pages.common.naming import labelled, named

_STRIP = 8
_ROWS = 1000


def view(data: Dataset, request: IrfilRequest, result: Result, table: pd.DataFrame, shown: int) -> None:
    """All figures and tables of one round.

    Args:
        data: the examples.
        request: the reweighting.
        result: its result.
        table: the examples with `eta_before`, `eta_after`, `change` and `weight`.
        shown: the round.
    """
    hidden = widgets.hides_change(request.weights)
    left, right = st.columns(2)
    with left:
        _rounds(result, shown)
    with right:
        st.subheader("Before and after", anchor=False)
        if hidden:
            st.info(
                "Hidden while redacted: with weights by class the change reveals the class.", icon=":material/info:"
            )
        else:
            _scatter(data, table)
    if not hidden:
        _most_changed(data, table)
        _all_examples(data, table)
    left, right = st.columns(2)
    with left:
        _classes(data, table)
    with right:
        _scores(result, shown)


def _rounds(result: Result, shown: int) -> None:
    st.subheader("η by round", anchor=False)
    widgets.chart(
        irfil_figures.rounds(result.summary, shown, widgets.mode()),
        "Largest, mean and standard deviation of eta in each round of reweighting, on a logarithmic axis",
        "round-by-round",
    )
    columns = ("eta_mean", "eta_std", "eta_min", "eta_median", "eta_max", "train_score", "test_score")
    rounds = pd.DataFrame({name: result.summary[name] for name in columns}).rename_axis("round")
    widgets.table_twin(rounds, key="round-numbers")


def _scores(result: Result, shown: int) -> None:
    st.subheader("Train and test score", anchor=False)
    s = result.summary
    widgets.chart(
        irfil_figures.scores(s["train_score"], s["test_score"], shown, s["score"], widgets.mode()),
        f"Train and test {s['score']} in each round of reweighting",
        "price",
    )


def _scatter(data: Dataset, table: pd.DataFrame) -> None:
    drawn = charts.thinned(table)
    event = widgets.chart(
        labelled(irfil_figures.before_and_after(drawn, widgets.mode()), data),
        f"Scatter of eta after against eta before for {len(drawn):,} examples",
        "before-after",
        on_select="rerun",
        selection_mode=("box", "lasso", "points"),
    )
    picked = [int(point["customdata"]) for point in event["selection"]["points"] if "customdata" in point]
    if picked:
        ids = table.loc[table.index.intersection(picked)].sort_values("change", ascending=False).index
        st.session_state["selection"] = [int(i) for i in ids]
        if st.button(f"Open these {text.count(len(ids))} in Examples", icon=":material/grid_view:"):
            st.switch_page("pages/examples.py", query_params={})
        return
    sampled = len(drawn) < len(table)
    note = f"{text.count(len(drawn))} of {text.count(len(table))} points are drawn. " if sampled else ""
    st.caption(f"{note}Above the diagonal: leaks more than with equal weights. Drag a box to select examples.")


def _most_changed(data: Dataset, table: pd.DataFrame) -> None:
    """The examples whose eta rose and fell most."""
    by_change = table.sort_values("change", ascending=False, kind="stable")
    for title, rows, key in (
        ("Leak more than before", by_change[by_change["change"] > 1].head(_STRIP), "worse"),
        ("Leak less than before", by_change[by_change["change"] < 1][::-1].head(_STRIP), "better"),
    ):
        if not len(rows):
            continue
        st.subheader(title, anchor=False)
        if data.image_shape is None:
            shown = widgets.with_records(data, rows.drop(columns=["eta", "rank", "percentile"]))
            tables.table(shown, width="stretch", column_config=widgets.number_columns(shown), key=f"{key}-rows")
            continue
        labels = [f"{label} · {change:.2f} ×" for label, change in zip(rows["label"], rows["change"], strict=True)]
        # The ranks before: those after differ by rounding only once all eta are equal.
        shown = table.assign(label=pd.Series(labels, rows.index), rank=table["rank_before"])
        clicked = tiles.tiles(data, shown, list(rows.index), key=key)
        if clicked is not None:
            st.session_state["open"] = clicked
            st.switch_page("pages/examples.py", query_params={})


def _all_examples(data: Dataset, table: pd.DataFrame) -> None:
    by_change = table.sort_values("change", ascending=False, kind="stable")
    columns = [c for c in ("eta_before", "eta_after", "change", "weight") if c in table]
    with st.expander("All examples"):
        shown = named(by_change[["label", *columns]].head(_ROWS), data)
        tables.table(shown, width="stretch", column_config=widgets.number_columns(shown), key="everyone-changed")
        total = text.count(len(table))
        more = f" The first {text.count(_ROWS)} of {total}; the export has all of them." if len(table) > _ROWS else ""
        st.caption(f"By change, largest rise first.{more}")
        # `--weights` and "Weights of your own" can read this file.
        widgets.export(
            table[[c for c in columns if c != "change"]], "weights", data, key="weights-export", label="Export weights"
        )


def _classes(data: Dataset, table: pd.DataFrame) -> None:
    if widgets.redacted():
        st.info("By class: hidden while redacted.", icon=":material/info:")
        return
    if not data.class_names:
        st.subheader("Weights", anchor=False)
        figure = irfil_figures.weights(table["weight"].to_numpy(), widgets.mode())
        widgets.chart(figure, "Histogram of the training weights", "weight-histogram")
        return
    st.subheader("By class", anchor=False)
    groups = table.groupby("label")
    classes = pd.DataFrame(
        {
            "examples": groups.size(),
            "mean before": groups["eta_before"].mean(),
            "mean after": groups["eta_after"].mean(),
            "largest before": groups["eta_before"].max(),
            "largest after": groups["eta_after"].max(),
            "mean weight": groups["weight"].mean(),
            "leak more": groups["change"].apply(lambda c: int((c > 1).sum())),
        }
    )
    figure = irfil_figures.by_class(classes, widgets.mode())
    widgets.chart(figure, "Mean and largest eta of each class, before and after", "class-means")
    widgets.table_twin(classes, key="class-numbers")
