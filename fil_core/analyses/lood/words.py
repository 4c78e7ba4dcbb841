"""What is said of leave-one-out distinguishability."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, counted, number
from fil_core.specs.targets import SELF, TEST, parts_of

_HIGH = 0.75


def sentence(subject: Subject, quote: Quote) -> str:
    """Who is told most surely, how surely, and how many are."""
    s, table = subject.result.summary, subject.result.table
    top = int(np.argmax(table["kl_lood"].to_numpy()))
    who = f"example **{quote(subject.called(int(table.index[top])))}**"
    if subject.classes:
        who += f" ({quote(table['label'].iloc[top])})"
    many = s["auc_above_0.75"]
    times = f", **{number(s['max'] / s['median'])} ×** the median" if s["median"] > 0 else ""
    return (
        f"An attacker who sees {_seen(subject)} of this Gaussian process tells whether {who} was among its training "
        f"data with an AUC of **{table['auc'].iloc[top]:.3f}**; its LOOD is {number(s['max'])} nats{times}. For "
        f"**{count(many)}** of {counted(s['n'], 'record')} the AUC is above {_HIGH:g}; "
        f"the median one has {s['auc_median']:.3f}, where .5 is chance."
    )


def _seen(subject: Subject) -> str:
    """Where outputs are seen."""
    request = subject.request
    if not isinstance(request, LoodRequest) or request.queries == SELF:
        return "one draw of the outputs at the record itself"
    return at_queries(request.queries, subject.result.summary["queries"])


def at_queries(written: str, queries: int) -> str:
    """Where outputs are seen other than at what is left out.

    Args:
        written: as `specs.targets.queries` checks it.
        queries: how many they are.
    """
    kind, names = parts_of(written)
    if kind == TEST and not names:
        return f"one draw of the outputs at all {counted(queries, 'test row')} together"
    if kind == TEST:
        return f"one draw of the outputs at test row {names[0]}"
    return f"one draw of the outputs at {counted(queries, 'training record')}"
