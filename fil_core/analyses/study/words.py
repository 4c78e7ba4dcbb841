"""What is said and drawn of a study."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.study.run import COMPUTED
from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.numbers import counted
from fil_core.display.plain import visible


def sentence(subject: Subject, quote: Quote) -> str:
    """How many entries are answered, and which are not."""
    table = subject.result.table
    failed = table.loc[table["state"] != COMPUTED, "shows"]
    which = "" if failed.empty else f"; **{len(failed)}** failed: {'; '.join(map(quote, failed))}"
    done = f"**{len(table) - len(failed)}** of {counted(len(table), 'result')} computed"
    return f"{subject.request.subject}: {done}{which}."


def figures(subject: Subject) -> list[Drawn]:
    """None: every entry has its own."""
    return []


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; in words a line for each entry."""
    lines = [
        f"{row.shows}: {row.result if row.state == COMPUTED else f'failed: {row.error}'}"
        for row in subject.result.table.itertuples()
    ]
    return dict(subject.result.summary), "\n".join([*lines, sentence(subject, visible).replace("**", "")])
