"""The section of a report about the joint table."""

from __future__ import annotations

from fil_core.analyses.measures.words import notes
from fil_core.analyses.section import section as usual
from fil_core.analyses.subject import Subject
from fil_core.display import html as e


def section(subject: Subject) -> str:
    """The usual section, and what is to be known of columns that lack values."""
    return usual(subject) + "".join(e.paragraph(note, "note") for note in notes(subject.result.summary))
