"""Comparison of two stored results."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import BadRequest, Dataset, FilError, FilRequest, Result, agreement
from fil_core.display import charts
from pages.common import compute, tables, text, widgets
from pages.common.naming import labelled, named
from pages.views.results import table as results_table
from pages.views.results.table import Stored

_LINK = "compare"
_DIGITS = 16  # of a key in a link
_SHOWN = 1000
_NOT_COMPARED = {"iterations", "tolerance", "converged"}


def link(runs: list[Stored]) -> None:
    """Name two results in the link; a button's callback."""
    st.query_params[_LINK] = ",".join(run.entry.key[:_DIGITS] for run in runs)


def _unlink() -> None:
    st.query_params.pop(_LINK, None)


def view() -> None:
    """The comparison named in the link, if there is one."""
    if not (wanted := st.query_params.get(_LINK)):
        return
    st.subheader("Comparison", anchor=False)
    try:
        pair = _pair(wanted)
    except FilError as error:
        st.error(text.safe(error), icon=":material/error:")
    else:
        _compare(*pair)
    st.button("Close the comparison", icon=":material/close:", key="compare-close", on_click=_unlink)
    st.divider()


def _pair(wanted: str) -> tuple[tuple[Stored, Result], tuple[Stored, Result]]:
    """Both results.

    Raises:
        BadRequest: a key that no stored result has.
    """
    prefixes = wanted.split(",")
    if len(prefixes) != 2:
        raise BadRequest(f"compare: expected two keys with a comma between them; got {wanted}.")
    store = compute.engine().store
    runs = [Stored(store.entry(prefix)) for prefix in prefixes]
    entries = [(run, store.get(run.entry.key)) for run in runs]
    read = [(run, result) for run, result in entries if result is not None]
    if len(read) != 2:
        raise BadRequest("compare: expected two results that can be read; one of these is damaged. Compute it again.")
    return read[0], read[1]


def _compare(one: tuple[Stored, Result], other: tuple[Stored, Result]) -> None:
    names = ("A", "B")
    for column, name, (run, _) in zip(st.columns(2), names, (one, other), strict=True):
        with column:
            st.markdown(f"**{name}** · {text.safe(run.name)}")
            if run.request is not None:
                st.caption(text.safe(results_table.chosen_data(run.request, results_table.targets())))
    if isinstance(one[0].request, FilRequest) and isinstance(other[0].request, FilRequest):
        _two_fil(one, other)
    numbers = _numbers(one[1], other[1])
    tables.table(
        numbers, width="stretch", height="content", column_config=widgets.number_columns(numbers),
        key="compare-numbers", missing="only one of the two results has this number, or it does not exist.",
    )  # fmt: skip
    if one[0].entry.analysis != other[0].entry.analysis:
        st.caption("Different analyses: numbers with the same name may have different meanings.")


def _numbers(one: Result, other: Result) -> pd.DataFrame:
    """The numbers of both summaries, with difference and ratio."""
    a, b = _scalars(one), _scalars(other)
    frame = pd.DataFrame({"A": pd.Series(a, dtype=float), "B": pd.Series(b, dtype=float)})
    frame = frame.loc[[name for name in (*a, *(n for n in b if n not in a)) if name not in _NOT_COMPARED]]
    return frame.assign(**{"B − A": frame["B"] - frame["A"], "B / A": frame["B"] / frame["A"]}).rename_axis("number")


def _scalars(result: Result) -> dict[str, float]:
    """The numbers of a summary; of a series by round the last one."""
    numbers: dict[str, float] = {}
    for name, value in result.summary.items():
        last = value[-1] if isinstance(value, list) and value and name != "columns" else value
        if isinstance(last, int | float) and not isinstance(last, bool) and math.isfinite(last):
            numbers[name] = float(last)
    return numbers


def _two_fil(one: tuple[Stored, Result], other: tuple[Stored, Result]) -> None:
    """Distributions and ranks of eta in both."""
    same = one[0].entry.fingerprint == other[0].entry.fingerprint
    joined = _joined(one, other) if same or _of_one_source(one[0], other[0]) else pd.DataFrame()
    _sentence(one[1], other[1], joined)
    if not same:
        st.caption(":material/info: Different rows, classes, labels or preprocessing: η has units of 1/feature, so values are comparable only under the same preprocessing.")  # noqa: E501 # fmt: skip
    left, right = st.columns(2)
    with left:
        st.markdown("**Distribution of η**")
        eta = [result.table["eta"].to_numpy() for _, result in (one, other)]
        figure = charts.two_distributions(eta[0], eta[1], ("A", "B"), widgets.mode())
        widgets.chart(figure, "Two histograms of eta over the same bins", "compare-distributions")
    hidden = any(widgets.hides_change(run.request.model.weights) for run, _ in (one, other) if run.request)
    with right:
        st.markdown("**Rank in A against rank in B**")
        if len(joined) < 2:
            st.info("They share no examples, so ranks cannot be compared.", icon=":material/info:")
        elif hidden:
            st.info(
                "Hidden while redacted: with weights by class the change reveals the class.", icon=":material/info:"
            )
        else:
            figure = charts.ranks(joined["η in A"], joined["η in B"], ("A", "B"), widgets.mode())
            widgets.chart(labelled(figure, _examples(one[0])), "Rank in A against rank in B", "compare-ranks")
    if len(joined) >= 2 and not hidden:
        _each(joined, _examples(one[0]))


def _of_one_source(one: Stored, other: Stored) -> bool:
    """Whether an id means the same example in both: it is a row of the source."""
    if one.request is None or other.request is None:
        return False
    return one.request.data.name == other.request.data.name


def _joined(one: tuple[Stored, Result], other: tuple[Stored, Result]) -> pd.DataFrame:
    """eta of the examples that both have, by id."""
    a, b = one[1].table, other[1].table
    both = pd.DataFrame({"label": a["label"], "η in A": a["eta"]}).join(b["eta"].rename("η in B"), how="inner")
    both["B / A"] = both["η in B"] / both["η in A"].where(both["η in A"] > 0)
    return both.sort_values("η in A", ascending=False, kind="stable")


def _sentence(a: Result, b: Result, joined: pd.DataFrame) -> None:
    one, other = (float(result.summary["eta_max"]) for result in (a, b))
    largest = f"The largest η is **{text.number(one)}** in A and **{text.number(other)}** in B"
    if len(joined) < 2:
        st.markdown(f"{largest}.")
        return
    k = min(500, max(1, len(joined) // 10))
    shared = agreement(joined["η in A"].to_numpy(), joined["η in B"].to_numpy(), k=k)
    st.markdown(
        f"{largest}. **{text.count(shared.overlap)} of the {text.count(shared.k)} leakiest** of the "
        f"{text.count(shared.n)} examples in both are the same (expected by chance: "
        f"{text.count(round(shared.k**2 / shared.n))}); Spearman {shared.spearman:.3f}, Pearson {shared.pearson:.3f}."
    )


def _examples(run: Stored) -> Dataset | None:
    try:
        return None if run.request is None else compute.dataset(run.request.data)
    except FilError:  # deleted since; the numbers of the examples are left
        return None


def _each(joined: pd.DataFrame, data: Dataset | None) -> None:
    shown = joined.assign(label=widgets.MASK) if widgets.redacted() else joined
    ranks = {f"rank in {name}": shown[f"η in {name}"].rank(ascending=False).astype(np.int64) for name in ("A", "B")}
    shown = shown.assign(**ranks)
    tables.table(named(shown.head(_SHOWN), data), width="stretch", height=280, column_config=widgets.number_columns(shown), key="compare-each")  # noqa: E501 # fmt: skip
    if len(shown) > _SHOWN:
        st.caption(f"The leakiest {text.count(_SHOWN)} of {text.count(len(shown))}; the export has all of them.")
    widgets.export(shown, "two-results", data, key="compare-export", label="Export both")
