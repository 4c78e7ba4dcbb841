"""What is said of leave-one-out distinguishability of groups."""

from __future__ import annotations

from fil_core.analyses.lood.words import at_queries
from fil_core.analyses.lood_groups.request import LoodGroupsRequest
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, counted, number, verb
from fil_core.specs.targets import SELF

_HIGH = 0.75


def sentence(subject: Subject, quote: Quote) -> str:
    """Which group is told most surely, how its records do alone, and how many groups are told."""
    s, top = subject.result.summary, subject.masked(subject.result.table).loc[subject.result.summary["top"]]
    many = counted(int(top["records"]), "record")
    if "name" in top:
        who = f"group **{quote(top['name'])}** ({many})"
    else:
        who = f"the group of example **{quote(subject.called(int(top['first_id'])))}** ({many})"
    alone = (
        f"its {count(int(top['records']))} records left out one by one have {number(top['kl_alone_sum'])} together"
        if top["records"] > 1
        else "it is one record"
    )
    high, k = s["auc_above_0.75"], s["groups"]
    return (
        f"An attacker who sees {_seen(subject)} of this Gaussian process tells whether {who} was among its training "
        f"data with an AUC of **{top['auc']:.3f}**; its LOOD is {number(s['max'])} nats, and {alone}. Of "
        f"{counted(k, 'group')} **{count(high)}** {verb(high, 'has', 'have')} an AUC above {_HIGH:g}; "
        f"{count(s['more_together'])} {verb(s['more_together'], 'shows', 'show')} more together than the sum of "
        f"{verb(s['more_together'], 'its', 'their')} records alone."
    )


def _seen(subject: Subject) -> str:
    """Where outputs are seen."""
    request = subject.request
    if not isinstance(request, LoodGroupsRequest) or request.queries == SELF:
        return "one draw of the outputs at all records of the group together"
    return at_queries(request.queries, subject.result.summary["queries"])
