"""The section of a report about reweighting."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.irfil.figures import figures
from fil_core.analyses.irfil.words import sentence
from fil_core.analyses.listing import examples
from fil_core.analyses.ranking import ranked
from fil_core.analyses.subject import Subject
from fil_core.display import html as e
from fil_core.display.numbers import number, score
from fil_core.display.redaction import weights_tell_class


def section(subject: Subject) -> str:
    """What reweighting changed, by round and by example."""
    result, s = subject.result, subject.result.summary
    change = result.table["eta_after"] / result.table["eta_before"]
    table = ranked(result.table.assign(eta=result.table["eta_before"], change=change))
    reveals_class = subject.redact and weights_tell_class(subject.request.weighting)
    return "".join(
        [
            e.sentence(sentence(subject, e.quoted)),
            "" if s["converged"] else e.paragraph(s["why"], "warning"),
            e.metrics(_metrics(subject, len(s["eta_mean"]) - 1)),
            e.drawn(subject.labelled(figures(subject))),
            e.paragraph("Hidden while redacted: with weights by class the change reveals the class.", "note")
            if reveals_class
            else _most_changed(subject, subject.masked(table)),
        ]
    )


def _metrics(subject: Subject, last: int) -> dict[str, tuple[str, str]]:
    s, weights = subject.result.summary, subject.result.arrays["weights"][last]
    named = {"Largest η": "eta_max", "Mean η": "eta_mean", "Spread (std)": "eta_std"}
    numbers = {title: (number(s[name][last]), f"before {number(s[name][0])}") for title, name in named.items()}
    before = f"before {score(s['test_score'][0], s['score'])}"
    return numbers | {
        f"Test {s['score']}": (score(s["test_score"][last], s["score"]), before),
        "Largest weight": (f"{weights.max():.2f}", f"smallest {number(weights.min())}"),
    }


def _most_changed(subject: Subject, table: pd.DataFrame) -> str:
    columns = [c for c in ("label", "eta_before", "eta_after", "change", "weight") if c in table]
    parts = [e.paragraph("Ranks and percentile bars are those with equal weights.", "note")]
    for title, rows in (
        ("Leak more than before", table[table["change"] > 1].nlargest(subject.top, "change")),
        ("The leakiest with equal weights", table.nsmallest(subject.top, "rank")),
    ):
        if len(rows):
            notes = rows["label"].astype(str) + [f" · {change:.2f} ×" for change in rows["change"]]
            parts += [e.heading(title), examples(subject, rows.assign(eta=rows["eta_after"]), columns, notes=notes)]
    return "".join(parts)
