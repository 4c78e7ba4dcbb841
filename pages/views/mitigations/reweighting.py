"""Reweighting on a page: round by round, who leaks more and who less, what it costs, and an attack before and after."""

from __future__ import annotations

import dataclasses

import pandas as pd
import streamlit as st

from fil_core import METHODS, Dataset, FilError, FilRequest, Irfil, IrfilRequest, Result
from fil_core.analyses import ranking
from fil_core.analyses.irfil import figures as irfil_figures
from fil_core.analyses.irfil import words as irfil_words
from fil_core.display import charts
from pages.common import compute, text, tiles, widgets
from pages.views.mitigations import attack_change, release

_STRIP = 8
WHAT = """
**IRFIL** trains again and again, each time with weights divided by what every example just leaked, until all leak the
same. *sample* weighs each example by itself, *class* gives a class the mean weight of its examples (which does not even
out the class), *hybrid* multiplies the two. Clamps hold weights back, which are then scaled to a mean of 1 again. With
*sample* and *hybrid* the largest η falls as a rule; the mean may rise, and who was well hidden leaks more than before.

**What its η does not count.** The weights are taken as constants. They were computed from the examples themselves, so
that who sees them, or could tell them from the parameters, learns a little more than η says.
"""


def view(asked: FilRequest, data: Dataset) -> None:
    """The whole section."""
    sentence = st.container()  # the answer stands above the controls that change it
    request = _request(asked, data)
    found = compute.result(request)
    last = len(found.summary["eta_mean"]) - 1
    shown = last
    if last:
        # The name carries the range: a slider keeps its value when another run has fewer rounds.
        shown = st.slider(
            "Round",
            0,
            last,
            last,
            key=f"round-{last}",
            bind="query-params",
            help="0 = equal weights. Step through them.",
        )
    table = _table(data, found, shown)
    said = irfil_words.evened(found, shown, table["change"])
    sentence.markdown(said if shown else f"{said} Move the round to see what reweighting does.")
    sentence.caption("η takes the weights as constants; they were computed from the examples, which η does not count.")
    if not found.summary["converged"]:
        sentence.warning(text.safe(found.summary["why"]), icon=":material/warning:")
    _figures(found, shown)
    _use(request, shown, last)
    left, right = st.columns(2)
    with left:
        st.subheader("Round by round", anchor=False)
        widgets.chart(
            irfil_figures.rounds(found.summary, shown, widgets.mode()),
            "Largest, mean and spread of eta in each round of reweighting, on a logarithmic axis",
            "round-by-round",
        )
        columns = ("eta_mean", "eta_std", "eta_min", "eta_median", "eta_max", "train_score", "test_score")
        rounds = pd.DataFrame({name: found.summary[name] for name in columns}).rename_axis("round")
        widgets.table_twin(rounds, key="round-numbers")
    with right:
        st.subheader("Before and after", anchor=False)
        if widgets.tells_class(request.weights):
            st.info("Hidden while redacted: with weights by class the change tells the class.", icon=":material/info:")
        else:
            _scatter(table)
    if not widgets.tells_class(request.weights):
        _people(data, table)
    left, right = st.columns(2)
    with left:
        _classes(data, table)
    with right:
        st.subheader("The price", anchor=False)
        s = found.summary
        widgets.chart(
            irfil_figures.price(s["train_score"], s["test_score"], shown, s["score"], widgets.mode()),
            f"Train and test {s['score']} in each round of reweighting",
            "price",
        )
    st.subheader("An attack, before and after", anchor=False)
    try:
        attack_change.view(asked, request, _weighting(request, shown, last) if shown else None, table)
    except FilError as error:  # a side question must not take the page with it
        st.error(text.safe(error), icon=":material/error:")
    with st.expander("What this is"):
        st.markdown(WHAT)
    with st.expander("Weights of your own"):
        _own_weights(asked)
    widgets.provenance(request, found)


def _request(asked: FilRequest, data: Dataset) -> IrfilRequest:
    """The controls above the figures."""
    one, two, three, four, stop, five = st.columns([4, 2, 2, 2, 2, 3], vertical_alignment="bottom")
    methods = list(METHODS) if data.class_names else ["sample"]
    if st.session_state.get("method") not in (None, *methods):
        del st.session_state["method"]
    method = one.segmented_control("Weights by", methods, default="sample", key="method", bind="query-params", required=True)  # noqa: E501 # fmt: skip
    rounds = two.number_input("Rounds", 1, 200, 15, key="rounds", bind="query-params", help="At most this many.")
    least = three.number_input("Least weight", 0.0, 0.99, 0.0, step=0.1, key="min-weight", bind="query-params", help="Weights are clamped, then scaled back to mean 1, so that they may lie a little outside.")  # noqa: E501 # fmt: skip
    most = four.number_input("Largest weight", 0.0, 1e6, 0.0, step=1.0, key="max-weight", bind="query-params", help="More than 1, or 0 for no limit; see the least weight.")  # noqa: E501 # fmt: skip
    spread = stop.number_input("Stop at std / mean", 0.0, 1.0, 0.0, step=0.01, format="%.3g", key="spread", bind="query-params", help="Of η; 0 runs all rounds.")  # noqa: E501 # fmt: skip
    with five:
        attribute = release.at_risk(asked, data)
    how = Irfil(
        method=method or "sample",
        iterations=int(rounds),
        attribute=(attribute,) if attribute else (),
        min_weight=float(least) or None,
        max_weight=float(most) or None,
        spread=float(spread),
    )
    return IrfilRequest(data=asked.data, model=asked.model, weights=how, device=asked.device)


def _table(data: Dataset, found: Result, shown: int) -> pd.DataFrame:
    """Everyone before and in the round that is shown."""
    before, after = found.arrays["eta"][0], found.arrays["eta"][shown]
    table = pd.DataFrame(
        {
            "label": data.labels,
            "eta": after,
            "eta_before": before,
            "eta_after": after,
            "change": after / before,
            "weight": found.arrays["weights"][shown],
        },
        index=found.table.index,
    )
    rank = table["eta_before"].rank(ascending=False, method="first").astype(int)
    return widgets.masked(ranking.ranked(table)).assign(rank_before=rank)


def _figures(found: Result, shown: int) -> None:
    s, weights = found.summary, found.arrays["weights"][shown]
    facts = {
        "Largest η": (text.number(s["eta_max"][shown]), f"before {text.number(s['eta_max'][0])}"),
        "Mean η": (text.number(s["eta_mean"][shown]), f"before {text.number(s['eta_mean'][0])}"),
        "Spread (std)": (text.number(s["eta_std"][shown]), f"before {text.number(s['eta_std'][0])}"),
        f"Test {s['score']}": (
            text.score(s["test_score"][shown], s["score"]),
            f"before {text.score(s['test_score'][0], s['score'])}",
        ),
        "Largest weight": (f"{weights.max():.2f}", f"least {text.number(weights.min())}"),
    }
    for column, (name, (value, note)) in zip(st.columns(5), facts.items(), strict=True):
        column.metric(name, value, note, delta_color="off", delta_arrow="off", border=True)


def _weighting(request: IrfilRequest, shown: int, last: int) -> Irfil:
    """The weights of the round that is shown, as every other page can name them."""
    return request.weights if shown == last else dataclasses.replace(request.weights, iterations=shown)


def _use(request: IrfilRequest, shown: int, last: int) -> None:
    if not shown:
        return
    text_of = _weighting(request, shown, last).text
    st.button(
        "Use these weights on every page", icon=":material/done_all:", key="use-weights", on_click=_set_weights,
        args=(text_of,),
        help=f"Sets the sidebar's training weights to {text.safe(text_of)}; gallery and attacks follow.",
    )  # fmt: skip
    if st.session_state.get("weights") == text_of:
        st.caption("The sidebar's model is trained with these weights. The gallery can sort by the change.")


def _set_weights(how: str) -> None:
    st.session_state["weights"] = how


def _scatter(table: pd.DataFrame) -> None:
    drawn = charts.thinned(table)
    event = widgets.chart(
        irfil_figures.before_and_after(drawn, widgets.mode()),
        f"Scatter of eta after against eta before for {len(drawn):,} examples",
        "before-after",
        on_select="rerun",
        selection_mode=("box", "lasso", "points"),
    )
    less = f"{text.count(len(drawn))} of {text.count(len(table))} points are drawn. " if len(drawn) < len(table) else ""
    picked = [int(point["customdata"]) for point in event["selection"]["points"] if "customdata" in point]
    if picked:
        ids = table.loc[table.index.intersection(picked)].sort_values("change", ascending=False).index
        st.session_state["selection"] = [int(i) for i in ids]
        if st.button(f"Open these {text.count(len(ids))} in the gallery", icon=":material/grid_view:"):
            st.switch_page("pages/examples.py", query_params={})
    else:
        st.caption(f"{less}Above the dotted line: leaks more than with equal weights. Drag a box to pick examples.")


def _people(data: Dataset, table: pd.DataFrame) -> None:
    """Who pays and who gains."""
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
            st.dataframe(shown, width="stretch", column_config=widgets.number_columns(shown), key=f"{key}-rows")
            continue
        factor = [f"{label} · {change:.2f} ×" for label, change in zip(rows["label"], rows["change"], strict=True)]
        # Ranks after are those of rounding; whoever was #1 is what a person wants to know.
        shown = table.assign(label=pd.Series(factor, rows.index), rank=table["rank_before"])
        clicked = tiles.tiles(data, shown, list(rows.index), key=key)
        if clicked is not None:
            st.session_state["open"] = clicked
            st.switch_page("pages/examples.py", query_params={})
    columns = [c for c in ("eta_before", "eta_after", "change", "weight") if c in table]
    with st.expander("Everyone"):
        shown = by_change[["label", *columns]].head(1000)
        st.dataframe(shown, width="stretch", column_config=widgets.number_columns(shown), key="everyone-changed")
        more = f" The first 1,000 of {text.count(len(table))}; the export has them all." if len(table) > 1000 else ""
        st.caption(f"By change, largest rise first.{more}")
        # What `--weights` and "Weights of your own" read again.
        widgets.export(
            table[[c for c in columns if c != "change"]], "weights", key="weights-export", label="Export weights"
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


def _own_weights(asked: FilRequest) -> None:
    """A file of weights, checked and then at every page's service."""
    st.caption("A CSV or Parquet file with the columns id and weight, one row for each training example.")
    file = st.file_uploader("Weights", type=["csv", "parquet"], key="own-weights", max_upload_size=100)
    if file is None:
        return
    try:
        given = compute.given_weights(asked.data, file.name, file.getvalue())
    except FilError as error:
        st.error(text.safe(error), icon=":material/error:")
        return
    st.success(f"Weights of {text.safe(file.name)} fit the training examples.", icon=":material/check:")
    st.button("Train with these on every page", key="use-own", on_click=_set_weights, args=(given.text,))
