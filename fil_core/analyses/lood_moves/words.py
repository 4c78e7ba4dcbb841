"""What is said and drawn of the test rows that a record moves."""

from __future__ import annotations

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.charts import OKABE_ITO, drawn
from fil_core.display.numbers import counted, number


def sentence(subject: Subject, quote: Quote) -> str:
    """Which test row the record moves most, and how surely it is told there."""
    s = subject.result.summary
    times = f", {number(s['moved_max'] / s['moved_median'])} × the median one" if s["moved_median"] > 0 else ""
    return (
        f"Of {counted(s['test_rows'], 'test row')}, record **{quote(subject.called(s['id']))}** moves row "
        f"**{s['moved_top']}** most, by {number(s['moved_max'])}{times}. One draw of the outputs at a test row tells "
        f"that it was in with an AUC of at most **{s['auc_max']:.3f}**; at the record itself it is {s['auc_own']:.3f}."
    )


def figures(subject: Subject) -> list[Drawn]:
    """How much of all change the most moved test rows have."""
    moved = subject.result.table["moved"].sort_values(ascending=False).to_numpy()
    trace = {
        "type": "scatter", "x": list(range(1, len(moved) + 1)), "y": moved, "mode": "lines",
        "line": {"color": OKABE_ITO[0], "width": 2}, "hovertemplate": "rank %{x:,}<br>%{y:.3g}<extra></extra>",
    }  # fmt: skip
    figure = drawn(
        [trace], subject.mode, x="test row by rank", y="change of the outputs", xaxis={"type": "log"},
        yaxis={"type": "log"},
    )  # fmt: skip
    alt = f"Change of the outputs at {len(moved):,} test rows in falling order"
    return [Drawn("How many test rows it moves", alt, figure)]
