"""What is said and drawn of an ensemble."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.charts import OKABE_ITO, drawn
from fil_core.display.numbers import counted, score


def sentence(subject: Subject, quote: Quote) -> str:
    """How many models, and how they do."""
    s, table = subject.result.summary, subject.result.table
    kind = s["score"]
    test = table["test_score"].mean()
    beside = f", {score(test, kind)} on test rows" if np.isfinite(test) else ""
    return (
        f"**{counted(s['models'], 'model')}** on random halves of {counted(s['n'], 'example')}: mean "
        f"{kind} {score(table['train_score'].mean(), kind)} on its own half{beside}."
    )


def figures(subject: Subject) -> list[Drawn]:
    """Scores of the models on their halves and on test rows."""
    table = subject.result.table
    traces = [
        {"type": "box", "y": table[column], "name": name, "boxpoints": "all", "marker": {"color": colour}}
        for column, name, colour in (
            ("train_score", "own half", OKABE_ITO[0]),
            ("test_score", "test rows", OKABE_ITO[1]),
        )
        if table[column].notna().any()
    ]
    figure = drawn(traces, subject.mode, x="", y=subject.result.summary["score"], showlegend=False)
    return [Drawn("Scores of the models", f"Scores of {len(table)} models on their own half and on test rows", figure)]
