"""Two stored results side by side."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import streamlit as st

from fil_core import BadRequest, FilError, FilRequest, Result, agreement
from fil_core.display import charts
from pages.common import compute, text, widgets
from pages.views.results import table as results_table
from pages.views.results.table import Stored

_LINK = "compare"
_DIGITS = 16  # of a key in a link
_SHOWN = 1000
_NOT_COMPARED = {"iterations", "tolerance", "converged"}


def link(runs: list[Stored]) -> None:
    """Put two results into the link, as a button's callback."""
    st.query_params[_LINK] = ",".join(run.entry.key[:_DIGITS] for run in runs)


def _unlink() -> None:
    st.query_params.pop(_LINK, None)


def view() -> None:
    """The comparison that the link asks for, if it asks for one."""
    if not (wanted := st.query_params.get(_LINK)):
        return
    st.subheader("Side by side", anchor=False)
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
    runs = [results_table.run_of(store.entry(prefix)) for prefix in prefixes]
    found = [(run, store.get(run.entry.key)) for run in runs]
    read = [(run, result) for run, result in found if result is not None]
    if len(read) != 2:
        raise BadRequest("compare: expected two results that can be read; one of these is damaged. Compute it again.")
    return read[0], read[1]


def _compare(one: tuple[Stored, Result], other: tuple[Stored, Result]) -> None:
    names = ("A", "B")
    for column, name, (run, _) in zip(st.columns(2), names, (one, other), strict=True):
        with column:
            st.markdown(f"**{name}** · {text.safe(run.name)}")
            if run.request is not None:
                st.caption(text.safe(results_table.chosen_data(run.request)))
    if isinstance(one[0].request, FilRequest) and isinstance(other[0].request, FilRequest):
        _two_fil(one, other)
    numbers = _numbers(one[1], other[1])
    st.dataframe(numbers, width="stretch", height="content", column_config=widgets.number_columns(numbers), key="compare-numbers")  # noqa: E501 # fmt: skip
    if one[0].entry.analysis != other[0].entry.analysis:
        st.caption("Different analyses: numbers with the same name need not mean the same.")


def _numbers(one: Result, other: Result) -> pd.DataFrame:
    """What both summaries hold, with the difference."""
    a, b = _scalars(one), _scalars(other)
    frame = pd.DataFrame({"A": pd.Series(a, dtype=float), "B": pd.Series(b, dtype=float)})
    frame = frame.loc[[name for name in (*a, *(n for n in b if n not in a)) if name not in _NOT_COMPARED]]
    return frame.assign(**{"B − A": frame["B"] - frame["A"], "B / A": frame["B"] / frame["A"]}).rename_axis("number")


def _scalars(result: Result) -> dict[str, float]:
    """The numbers of a summary; of a series round by round the last."""
    found: dict[str, float] = {}
    for name, value in result.summary.items():
        last = value[-1] if isinstance(value, list) and value and name != "columns" else value
        if isinstance(last, int | float) and not isinstance(last, bool) and math.isfinite(last):
            found[name] = float(last)
    return found


def _two_fil(one: tuple[Stored, Result], other: tuple[Stored, Result]) -> None:
    """Who is leaky in both."""
    same = one[0].entry.fingerprint == other[0].entry.fingerprint
    theirs = _joined(one, other) if same or _of_one_source(one[0], other[0]) else pd.DataFrame()
    _sentence(one[1], other[1], theirs)
    if not same:
        st.caption(":material/info: Different rows, classes or preprocessing: η has units of 1/feature, so its size compares only under the same preprocessing.")  # noqa: E501 # fmt: skip
    left, right = st.columns(2)
    with left:
        st.markdown("**How η is spread**")
        eta = [found.table["eta"].to_numpy() for _, found in (one, other)]
        figure = charts.two_distributions(eta[0], eta[1], ("A", "B"), widgets.mode())
        widgets.chart(figure, "Two histograms of eta over the same bins", "compare-distributions")
    hidden = any(widgets.tells_class(run.request.model.weights) for run, _ in (one, other) if run.request)
    with right:
        st.markdown("**Rank in A against rank in B**")
        if len(theirs) < 2:
            st.info("They share no examples, so that no ranks can be compared.", icon=":material/info:")
        elif hidden:
            st.info("Hidden while redacted: with weights by class the change tells the class.", icon=":material/info:")
        else:
            figure = charts.ranks(theirs["η in A"], theirs["η in B"], ("A", "B"), widgets.mode())
            widgets.chart(figure, "Rank in A against rank in B", "compare-ranks")
    if len(theirs) >= 2 and not hidden:
        _each(theirs)


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


def _sentence(a: Result, b: Result, theirs: pd.DataFrame) -> None:
    one, other = (float(found.summary["eta_max"]) for found in (a, b))
    what = f"The largest η is **{text.number(one)}** in A and **{text.number(other)}** in B"
    if len(theirs) < 2:
        st.markdown(f"{what}.")
        return
    k = min(500, max(1, len(theirs) // 10))
    found = agreement(theirs["η in A"].to_numpy(), theirs["η in B"].to_numpy(), k=k)
    st.markdown(
        f"{what}. **{text.count(found.overlap)} of the {text.count(found.k)} leakiest** of the "
        f"{text.count(found.n)} examples in both are the same (chance would give "
        f"{text.count(round(found.k**2 / found.n))}); Spearman {found.spearman:.3f}, Pearson {found.pearson:.3f}."
    )


def _each(theirs: pd.DataFrame) -> None:
    shown = theirs.assign(label=widgets.MASK) if widgets.redacted() else theirs
    ranks = {f"rank in {name}": shown[f"η in {name}"].rank(ascending=False).astype(np.int64) for name in ("A", "B")}
    shown = shown.assign(**ranks)
    st.dataframe(shown.head(_SHOWN), width="stretch", height=280, column_config=widgets.number_columns(shown), key="compare-each")  # noqa: E501 # fmt: skip
    if len(shown) > _SHOWN:
        st.caption(f"The leakiest {text.count(_SHOWN)} of {text.count(len(shown))}; the export has them all.")
    widgets.export(shown, "two-results", key="compare-export", label="Export both")
