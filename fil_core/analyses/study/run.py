"""The answers to the entries of a study in one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from fil_core.analyses.analysis import Analysis, Answer, Answers, Inputs
from fil_core.analyses.study.request import StudyRequest
from fil_core.analyses.study.study import Entry
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.dataset import Dataset
from fil_core.display.numbers import count, number
from fil_core.display.plain import visible
from fil_core.errors import FilError
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import Request

COMPUTED, FAILED = "computed", "failed"
_OF_ATTACKS = "accuracy"  # by attacker
_NO_HEADLINE = ("grad_norm", "tolerance", "condition")  # of the fit, not of what leaks


def check(request: StudyRequest, dataset: Dataset) -> None:
    """Nothing to refuse: what an entry's data do not allow stands in its row."""


def parts(request: StudyRequest, dataset: Dataset, answers: Answers) -> Sequence[Request]:
    """The requests of its entries.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return [entry.request for entry in request.entries]


def run(request: StudyRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """One row per entry; the row of one that failed says why.

    Args:
        request: what is asked.
        inputs: the answers to its parts.
        progress: not called.
    """
    rows = [_row(entry, inputs.parts[entry.request]) for entry in request.entries]
    table = pd.DataFrame(rows).set_index("entry")
    failed = int((table["state"] == FAILED).sum())
    summary = {"study": request.name, "entries": len(table), "failed": failed, "rows": rows}
    # The data that its parts are about are not those of the request, by which it is found.
    about = {"title": request.study.title, "fingerprint": inputs.dataset.fingerprint, "notes": []}
    return Result(table, {}, summary, {"data": about})


def _row(entry: Entry, answer: Answer) -> dict[str, Any]:
    analysis = analysis_of(entry.request)
    about = {"entry": entry.name, "shows": entry.label, "analysis": analysis.name}
    if isinstance(answer, FilError):
        return about | {"state": FAILED, "result": None, "numbers": None, "error": str(answer)}
    subject = Subject(entry.request, answer, None, "", False, 1)
    said = analysis.sentence(subject, visible).replace("**", "")
    return about | {"state": COMPUTED, "result": said, "numbers": _numbers(analysis, subject), "error": None}


def _numbers(analysis: Analysis, subject: Subject) -> str:
    """What the command of an entry reports, as text: of a list the first number and the last."""
    summary = subject.result.summary
    line = analysis.printed(subject)[0] if analysis.printed else {name: summary[name] for name in analysis.wanted}
    found = {name: value for name, value in line.items() if name not in _NO_HEADLINE}
    found |= {f"{_OF_ATTACKS} {attacker}": value for attacker, value in line.get(_OF_ATTACKS, {}).items()}
    return ", ".join(f"{name} {said}" for name, value in found.items() if (said := _said(value)))


def _said(value: Any) -> str:
    """A number, or the first and the last of several; empty for anything else."""
    if isinstance(value, list | tuple):
        return " → ".join(dict.fromkeys(map(_said, (value[0], value[-1])))) if value and _said(value[0]) else ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return count(value) if isinstance(value, int) else number(value)
