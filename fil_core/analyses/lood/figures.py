"""Figures of leave-one-out distinguishability: its distribution by class, and who is hidden by a twin."""

from __future__ import annotations

from fil_core.analyses.subject import Drawn, Subject
from fil_core.display.charts import by_class


def figures(subject: Subject) -> list[Drawn]:
    """Distribution of the AUC by class."""
    table = subject.masked(subject.result.table)
    shown = table.assign(eta=table["auc"])[["eta", "label"]] if "label" in table else None
    if shown is None or not subject.result.summary["classes"]:
        return []
    alt = f"Membership AUC of {len(table):,} records by class"
    return [Drawn("By class", alt, by_class(shown, subject.mode, title="membership AUC"))]
