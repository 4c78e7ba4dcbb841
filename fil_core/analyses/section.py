"""The section of a report that an analysis has unless it makes its own: sentence, figures, and who stands out."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.analysis import Analysis, Column
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.display import html as e
from fil_core.display.numbers import count


def section(subject: Subject) -> str:
    """Sentence, figures, and the examples that stand out by the first column that tells how exposed they are."""
    analysis = analysis_of(subject.request)
    table = subject.masked(subject.result.table)
    shown, ordered_by = standing_out(analysis, table, subject.top)
    what = heading(len(shown), ordered_by) if ordered_by else "The table"
    return "".join(
        [
            e.sentence(analysis.sentence(subject, e.quoted)),
            e.drawn(subject.labelled(analysis.figures(subject))),
            e.heading(what) if len(shown) else "",
            _listed(analysis, subject, shown) if len(shown) else "",
        ]
    )


def _listed(analysis: Analysis, subject: Subject, shown: pd.DataFrame) -> str:
    """The examples under the titles of their columns; targets, such as years, without separators."""
    targets = [one.title for one in analysis.columns if one.targets]
    return e.table(titled(analysis, subject.named(shown)), values=targets)


def standing_out(analysis: Analysis, table: pd.DataFrame, most: int) -> tuple[pd.DataFrame, Column | None]:
    """The most exposed examples of a table, and by which column.

    Args:
        analysis: whose table it is.
        table: as it may be shown.
        most: how many of them.
    """
    orders = [one for one in analysis.columns if one.more]
    column = next((one for one in orders if one.name in table), None)
    if column is None:  # where redaction took the order away, the first rows would stand out by nothing
        return table.head(0 if orders else most), None
    return table.sort_values(column.name, ascending=column.more < 0, kind="stable").head(most), column


def heading(shown: int, column: Column) -> str:
    """What the examples that stand out are called."""
    return f"The {count(shown)} with the {'largest' if column.more > 0 else 'smallest'} {column.title}"


def titled(analysis: Analysis, table: pd.DataFrame) -> pd.DataFrame:
    """The table under the titles of its columns."""
    known = {name: analysis.column(name) for name in table.columns}
    return table.rename(columns={name: column.title for name, column in known.items() if column is not None})
