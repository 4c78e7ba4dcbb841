"""The most exposed example and its class, in one sentence.

Sentences are Markdown whose only marks are `**`, the same on a page and in a report. Names out of the data go through
`quote`, which takes from them what has a meaning where the sentence is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from fil_core.analyses.ranking import even, ranked
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, number


def sentence(subject: Subject, quote: Quote) -> str:
    """Which example is most exposed."""
    return headline(trained_on(subject), quote, classes=subject.classes, called=subject.called)


def scale_sentence(
    summary: Mapping[str, Any], quote: Quote, *, eta: pd.Series, called: Callable[[int], str] = str
) -> str:
    """Which rows set the scale of the features, and their eta through it; nothing where no row does.

    Args:
        summary: of a `FilRequest`.
        quote: see the module.
        eta: of the examples, by id.
        called: what an example is called, by its id.
    """
    scale = summary["scale"]
    if scale is None:
        return ""
    rows = [
        f"{quote(called(id))} (η = {number(through)} through the scale as well, {number(eta[id])} with the scale held)"
        for id, through in zip(scale["ids"], scale["eta"], strict=True)
    ]
    longest = "row" if len(rows) == 1 else "rows"
    return f"The scale of the features is set by the longest {longest}: {' and '.join(rows)}."


def trained_on(subject: Subject) -> pd.DataFrame:
    """The ranked table of the examples that the model was trained on, as it may be shown."""
    table = subject.result.table
    trained = table[table["eta"] > 0]
    return subject.masked(ranked(trained if len(trained) else table))


def headline(table: pd.DataFrame, quote: Quote, *, classes: bool, called: Callable[[int], str] = str) -> str:
    """Which example is most exposed, and how much more than the median.

    Args:
        table: `eta`, `rank` and `label` of the examples the model is trained on.
        quote: see the module.
        classes: the labels are classes, and may be told.
        called: what an example is called, by its id.
    """
    top = table.nsmallest(1, "rank").iloc[0]
    if even(table):
        return f"All {count(len(table))} training examples leak the same amount: η is **{number(top.eta)}**."
    times = top.eta / table["eta"].median()
    leakiest = table.nsmallest(max(1, len(table) // 10), "rank")["label"]
    most = leakiest.mode().iloc[0]
    share = float((leakiest == most).mean())
    by_class = f" Of the leakiest 10 %, {100 * share:.0f} % are of class {quote(most)}." if classes else ""
    return (
        f"**Example {quote(called(top.name))}** is the most exposed: its η is **{number(top.eta)}**, "
        f"**{times:.1f} × the median** of the {count(len(table))} training examples.{by_class}"
    )
