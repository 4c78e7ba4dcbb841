"""The section of a report about planted secrets, and their list on a page."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.canaries.figures import figures
from fil_core.analyses.canaries.words import sentence
from fil_core.analyses.section import titled
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.display import html as e
from fil_core.display.numbers import count
from fil_core.display.redaction import MASK


def section(subject: Subject) -> str:
    """Sentence, figure, and a row for each secret."""
    shown = secrets(subject)
    return "".join(
        [
            e.sentence(sentence(subject, e.quoted)),
            e.drawn(figures(subject)),
            e.heading(f"The {count(len(shown))} planted secrets"),
            e.table(titled(analysis_of(subject.request), shown)),
        ]
    )


def secrets(subject: Subject) -> pd.DataFrame:
    """A row for each secret, the most exposed first; what it says is masked while redacted."""
    table = subject.result.table.drop_duplicates("secret").set_index("secret")
    table = table.sort_values("exposure", ascending=False, kind="stable")
    return table.assign(sentence=MASK) if subject.redact else table
