"""What a comparison of mitigations comes to, in one sentence."""

from __future__ import annotations

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, number


def sentence(subject: Subject, quote: Quote) -> str:
    """The mitigation with the smallest largest eta, beside the release as it is."""
    table = subject.result.table
    base, found = table.iloc[0], table[table["eta_max"].notna()]
    best = found.loc[found["eta_max"].idxmin()]
    return (
        f"Of {count(len(found))} releases **{quote(best.name)}** has the smallest largest η: "
        f"**{number(best['eta_max'])}**, against {number(base['eta_max'])} as it is."
    )
