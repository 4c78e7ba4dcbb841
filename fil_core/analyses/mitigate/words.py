"""Which mitigation lowers the largest eta most, in one sentence."""

from __future__ import annotations

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, number


def sentence(subject: Subject, quote: Quote) -> str:
    """The mitigation with the smallest largest eta, beside the release as it is."""
    table = subject.result.table
    base, measured = table.iloc[0], table[table["eta_max"].notna()]
    best = measured.loc[measured["eta_max"].idxmin()]
    others = count(len(measured) - 1)
    if best.name == base.name:
        return f"None of {others} mitigations lowers the largest η of **{number(base['eta_max'])}**."
    return (
        f"Of {others} mitigations **{quote(best.name)}** lowers the largest η most: from "
        f"{number(base['eta_max'])} to **{number(best['eta_max'])}**."
    )
