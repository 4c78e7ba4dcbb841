"""The section of a report about mitigations."""

from __future__ import annotations

from fil_core.analyses.mitigate.figures import figures
from fil_core.analyses.mitigate.words import sentence
from fil_core.analyses.section import titled
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.display import html as e


def section(subject: Subject) -> str:
    """The sentence, leakage against test score, and all mitigations."""
    shown = titled(analysis_of(subject.request), subject.result.table.dropna(axis=1, how="all"))
    return e.sentence(sentence(subject, e.quoted)) + e.drawn(figures(subject)) + e.table(shown, "Every mitigation")
