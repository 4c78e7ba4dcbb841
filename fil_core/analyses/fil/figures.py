"""Figures of eta over the training examples."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.fil.words import trained_on
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display import charts
from fil_core.display.numbers import count

MOST_CLASSES = 40  # boxes that fit on one page of paper


def figures(subject: Subject) -> list[Drawn]:
    """The distribution of eta, and eta by class."""
    table = trained_on(subject)
    return [distribution_of_eta(subject, table), *by_class(subject, table)]


def distribution_of_eta(subject: Subject, table: pd.DataFrame) -> Drawn:
    """Histogram of eta."""
    drawn = charts.distribution(table, subject.mode, log=False, sigma=subject.request.sigma)
    return Drawn("Distribution of η", f"Histogram of eta over {count(len(table))} training examples", drawn)


def by_class(subject: Subject, table: pd.DataFrame) -> list[Drawn]:
    """Box plot of eta for each class, the leakiest where there are many; none where labels may not be shown."""
    if not subject.classes:
        return []
    leakiest = table.groupby("label")["eta"].max().nlargest(MOST_CLASSES).index
    shown = table[table["label"].isin(leakiest)]
    less = f", the {MOST_CLASSES} leakiest" if shown["label"].nunique() < table["label"].nunique() else ""
    drawn = charts.by_class(shown, subject.mode)
    return [Drawn(f"By class{less}", "Box plot of eta for each class", drawn)]
