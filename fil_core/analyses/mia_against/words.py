"""What is said and drawn of closed forms beside attacks on trained networks."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.analyses.measures.sources import COLUMNS
from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.charts import INK, OKABE_ITO, drawn, named
from fil_core.display.numbers import count, counted, number
from fil_core.display.plain import visible

AUC = "membership AUC"  # what measures are compared with, but for differences of predictions
_MOST = 3000  # records of a scatter plot


def sentence(subject: Subject, quote: Quote) -> str:
    """Which measure predicts the attacks best, and how the first one does."""
    s, table = subject.result.summary, subject.result.table
    of_auc = table[table["beside"] == AUC]
    if of_auc.empty:
        return "No measure varies over the records, so that none can be compared with the attacks."
    best = of_auc.loc[of_auc["pearson"].idxmax()]
    said = (
        f"Of {counted(len(of_auc), 'comparison')} with the membership AUC of {count(s['models'])} trained networks "
        f"**{best['title']}**{_with(s, best)} agrees best: Pearson **{best['pearson']:.3f}** [{best['low']:.3f}, "
        f"{best['high']:.3f}], Spearman {best['spearman']:.3f}, {counted(int(best['records']), 'record')}. A single "
        f"AUC of these networks has a standard error of about {number(s['auc_error'])}, which lowers every correlation."
    )
    return said + _differences(table, s) + _activations(s)


def _with(s: dict[str, Any], row: Any) -> str:
    return f" ({row['activation']})" if len(s["activations"]) > 1 else ""


def _differences(table: Any, s: dict[str, Any]) -> str:
    rows = table[table["beside"] != AUC]
    told = [
        f"Pearson **{row['pearson']:.3f}** [{row['low']:.3f}, {row['high']:.3f}], slope {number(row['slope'])}"
        f"{_with(s, row)}"
        for _, row in rows.iterrows()
    ]
    return f" The root of the mean LOOD against the difference of the predictions: {'; '.join(told)}." if told else ""


def _activations(s: dict[str, Any]) -> str:
    if len(s["activations"]) < 2:
        return ""
    told = []
    for one in s["activations"]:
        closed = f", by LOOD {one['lood_auc']:.3f}" if "lood_auc" in one else ""
        told.append(f"{one['activation']} {one['auc']:.3f}{closed}")
    return f" Mean membership AUC: {'; '.join(told)}."


def figures(subject: Subject) -> list[Drawn]:
    """Each comparison with an interval, and the best measure against the attacks, record by record."""
    table = subject.result.table
    if table.empty:
        return []
    order = table.sort_values("pearson", kind="stable")
    several = len(subject.result.summary["activations"]) > 1
    names = [
        named(
            " ".join([title, *([f"({activation})"] if several else []), *(["(differences)"] if beside != AUC else [])])
        )
        for title, activation, beside in order[["title", "activation", "beside"]].itertuples(index=False)
    ]
    bars = {
        "type": "scatter", "mode": "markers", "x": order["pearson"], "y": names,
        "marker": {"color": OKABE_ITO[0], "size": 9},
        "error_x": {
            "type": "data", "symmetric": False, "array": order["high"] - order["pearson"],
            "arrayminus": order["pearson"] - order["low"],
        },
        "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
    }  # fmt: skip
    agreed = drawn(
        [bars], subject.mode, x="Pearson's correlation with what the networks show", y="",
        height=max(240, 60 + 26 * len(names)), showlegend=False,
    )  # fmt: skip
    found = [Drawn("Which measure predicts the attacks", "Correlations with 95 % intervals", agreed)]
    return [*found, *(_scatter(subject, row) for _, row in _shown(table) if _may_be_shown(subject, row))]


def _shown(table: Any) -> list[Any]:
    """The best comparison with the AUC, and that of differences where there is one."""
    of_auc, others = table[table["beside"] == AUC], table[table["beside"] != AUC]
    rows = [of_auc.loc[of_auc["pearson"].idxmax()]] if len(of_auc) else []
    rows += [others.loc[others["pearson"].idxmax()]] if len(others) else []
    return list(enumerate(rows))


def _may_be_shown(subject: Subject, row: Any) -> bool:
    """Whether single records may be drawn: not where a measure tells their labels and these are hidden."""
    return not subject.redact or COLUMNS[row["measure"]].reveals == "nothing"


def _scatter(subject: Subject, row: Any) -> Drawn:
    arrays, differences = subject.result.arrays, row["beside"] != AUC
    x, y = arrays[f"{row['activation']}:{row['measure']}"], arrays[f"{row['activation']}:auc"]
    x, y = (np.sqrt(2 * x), arrays[f"{row['activation']}:prediction"]) if differences else (x, y)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(known) > _MOST:  # the top is kept
        top = known[np.argsort(-y[known], kind="stable")]
        known = np.concatenate([top[:500], np.random.default_rng(0).choice(top[500:], _MOST - 500, replace=False)])
    ids = subject.names(arrays["ids"][known].tolist())
    trace = {
        "type": "scatter", "mode": "markers", "x": x[known], "y": y[known], "text": [named(one) for one in ids],
        "marker": {"color": OKABE_ITO[0], "size": 6, "opacity": 0.6},
        "hovertemplate": "record %{text}<br>%{x:.3g}, %{y:.3g}<extra></extra>",
    }  # fmt: skip
    traces = [trace]
    if differences:
        end = float(max(x[known].max(), y[known].max()))
        traces.append(
            {"type": "scatter", "mode": "lines", "x": [0, end], "y": [0, end], "hoverinfo": "skip",
             "line": {"color": INK[subject.mode][2], "dash": "dot"}}
        )  # fmt: skip
    title = "difference of predictions, by LOOD" if differences else str(row["title"])
    beside = "by the trained networks"
    figure = drawn(traces, subject.mode, x=named(title), y=f"{row['beside']}, {beside}", height=380, showlegend=False)
    return Drawn(f"{row['title']} against {row['beside']}", f"One point per record, {len(known):,} of them", figure)


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; the table and the sentence."""
    columns = ["activation", "measure", "beside", "pearson", "low", "high", "spearman", "records"]
    table = subject.result.table[columns].to_string(index=False, float_format="{:.4g}".format)
    return dict(subject.result.summary), f"{table}\n{sentence(subject, visible).replace('**', '')}"
