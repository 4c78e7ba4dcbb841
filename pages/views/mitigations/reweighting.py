"""Reweighting on a page: eta by round and by example, the test score, and an attack before and after."""

from __future__ import annotations

import dataclasses

import pandas as pd
import streamlit as st

from fil_core import METHODS, Dataset, FilError, FilRequest, Irfil, IrfilRequest, Result
from fil_core.analyses import ranking
from fil_core.analyses.irfil import words as irfil_words
from pages.common import compute, text, uploads, widgets
from pages.views.mitigations import attack_change, changes, release

METHOD_TEXT = """
**IRFIL** trains repeatedly, each time with weights divided by the η of each example in the last round, until all
examples have the same η. *sample* weights each example by itself. *class* gives each class the mean weight of its
examples, which does not equalise η within a class. *hybrid* multiplies the two, so that its weights need not have a
mean of 1. Limits clamp the weights of single examples, which are then scaled to a mean of 1 again. With *sample* and
*hybrid* the largest η usually falls; the mean may rise, and examples with a low η before leak more.

**What its η does not count.** η takes the weights as constants. They were computed from the examples, so an attacker
who sees them, or can derive them from the parameters, learns a little more than η says.
"""


def view(model_request: FilRequest, data: Dataset) -> None:
    """The whole section."""
    sentence = st.container()  # the answer is above the controls that change it
    request = _request(model_request, data)
    result = compute.result(request)
    last = len(result.summary["eta_mean"]) - 1
    shown = _round(last)
    table = _table(data, result, shown)
    message = irfil_words.reweighted(result, shown, table["change"])
    sentence.markdown(message if shown else f"{message} Move the slider to see the effect of each round.")
    sentence.caption("η takes the weights as constants; that they were computed from the examples is not counted.")
    if not result.summary["converged"]:
        sentence.warning(text.safe(result.summary["why"]), icon=":material/warning:")
    _metrics(result, shown)
    weights = _weighting(request, shown, last) if shown else None
    if weights is not None:
        _use(weights)
    changes.view(data, request, result, table, shown)
    st.subheader("An attack, before and after", anchor=False)
    try:
        attack_change.view(model_request, request, weights, table)
    except FilError as error:  # an error here must not hide the rest of the page
        st.error(text.safe(error), icon=":material/error:")
    with st.expander("The method"):
        st.markdown(METHOD_TEXT)
    with st.expander("Weights of your own"):
        _own_weights(model_request)
    widgets.provenance(request, result)


def _round(last: int) -> int:
    if not last:
        return 0
    # The key holds the range: a slider keeps its value when another result has fewer rounds.
    return st.slider("Round", 0, last, last, key=f"round-{last}", bind="query-params", help="0 = equal weights.")


def _request(model_request: FilRequest, data: Dataset) -> IrfilRequest:
    """The controls above the figures."""
    one, six = st.columns([3, 2], vertical_alignment="bottom")
    two, three, four, five = st.columns(4, vertical_alignment="bottom")
    methods = list(METHODS) if data.class_names else ["sample"]
    if st.session_state.get("method") not in (None, *methods):
        del st.session_state["method"]
    method = one.segmented_control("Weights by", methods, default="sample", key="method", bind="query-params", required=True)  # noqa: E501 # fmt: skip
    rounds = two.number_input(
        "Rounds", 1, 200, 15, key="rounds", bind="query-params", help="The largest number of rounds."
    )
    least = three.number_input("Smallest weight", 0.0, 0.99, 0.0, step=0.1, key="min-weight", bind="query-params", help="The weights of single examples are clamped, then scaled to mean 1, so they may end a little outside the limit. Hybrid multiplies them by the mean of their class after that.")  # noqa: E501 # fmt: skip
    most = four.number_input("Largest weight", 0.0, 1e6, 0.0, step=1.0, key="max-weight", bind="query-params", help="More than 1, or 0 for no limit. See the smallest weight.")  # noqa: E501 # fmt: skip
    spread = five.number_input("Stop at std / mean", 0.0, 1.0, 0.0, step=0.01, format="%.3g", key="spread", bind="query-params", help="Of η; 0 runs all rounds.")  # noqa: E501 # fmt: skip
    with six:
        attribute = release.at_risk(model_request, data)
    weights = Irfil(
        method=method or "sample",
        iterations=int(rounds),
        attribute=(attribute,) if attribute else (),
        min_weight=float(least) or None,
        max_weight=float(most) or None,
        spread=float(spread),
    )
    return IrfilRequest(
        data=model_request.data, model=model_request.model, weights=weights, device=model_request.device
    )


def _table(data: Dataset, result: Result, shown: int) -> pd.DataFrame:
    """All examples, with equal weights and in the round that is shown."""
    before, after = result.arrays["eta"][0], result.arrays["eta"][shown]
    table = pd.DataFrame(
        {
            "label": data.labels,
            "eta": after,
            "eta_before": before,
            "eta_after": after,
            "change": after / before,
            "weight": result.arrays["weights"][shown],
        },
        index=result.table.index,
    )
    rank = table["eta_before"].rank(ascending=False, method="first").astype(int)
    return widgets.masked(ranking.ranked(table)).assign(rank_before=rank)


def _metrics(result: Result, shown: int) -> None:
    s, weights = result.summary, result.arrays["weights"][shown]
    facts = {
        "Largest η": (text.number(s["eta_max"][shown]), f"before {text.number(s['eta_max'][0])}"),
        "Mean η": (text.number(s["eta_mean"][shown]), f"before {text.number(s['eta_mean'][0])}"),
        "Spread (std)": (text.number(s["eta_std"][shown]), f"before {text.number(s['eta_std'][0])}"),
        f"Test {s['score']}": (
            text.score(s["test_score"][shown], s["score"]),
            f"before {text.score(s['test_score'][0], s['score'])}",
        ),
        "Largest weight": (f"{weights.max():.2f}", f"smallest {text.number(weights.min())}"),
    }
    widgets.metrics(facts)


def _weighting(request: IrfilRequest, shown: int, last: int) -> Irfil:
    """The weights of the round that is shown, as every page can name them."""
    return request.weights if shown == last else dataclasses.replace(request.weights, iterations=shown)


def _use(weights: Irfil) -> None:
    st.button(
        "Use these weights on every page", icon=":material/done_all:", key="use-weights", on_click=_set_weights,
        args=(weights.text,),
        help=f"Sets the training weights in the sidebar to {text.safe(weights.text)}; all pages use them.",
    )  # fmt: skip
    if st.session_state.get("weights") == weights.text:
        st.caption("The model in the sidebar uses these weights. The Examples page can sort by the change.")


def _set_weights(weights: str) -> None:
    st.session_state["weights"] = weights


def _own_weights(model_request: FilRequest) -> None:
    """Upload a file of weights; once checked, all pages can use it."""
    st.caption("A CSV or Parquet file with the columns id and weight, one row for each training example.")
    file = st.file_uploader("Weights", type=["csv", "parquet"], key="own-weights", max_upload_size=100)
    if file is None:
        return
    try:
        weights = uploads.uploaded_weights(model_request.data, file.name, file.getvalue())
    except FilError as error:
        st.error(text.safe(error), icon=":material/error:")
        return
    st.success(f"The weights in {text.safe(file.name)} fit the training examples.", icon=":material/check:")
    st.button("Train with these on every page", key="use-own", on_click=_set_weights, args=(weights.text,))
