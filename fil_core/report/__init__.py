"""Reports: one self-contained HTML file about chosen results.

The file loads nothing from the network, prints on A4, and gives the provenance of every number. It holds a copy of
Plotly, about five megabytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fil_core.analyses.subject import Datasets, Subject, subject
from fil_core.analyses.table import analysis_of
from fil_core.display.about import meanings
from fil_core.engine.store import output
from fil_core.errors import BadRequest
from fil_core.report.document import document
from fil_core.report.provenance import provenance
from fil_core.result import Result
from fil_core.specs import Request
from fil_core.specs.checks import whole

TOP = 24
TITLE = "What this model reveals"
MOST_LISTED = 1000

_PRIVATE = "This report shows training examples and how exposed they are. Treat it like the data itself."
_REDACTED = (
    "Redacted: pictures are coarse, labels and attribute values masked. The leakage of each example is still "
    "shown; it was computed from private records."
)


def report(
    results: Sequence[tuple[Request, Result]],
    datasets: Datasets,
    *,
    redact: bool,
    written: datetime,
    top: int = TOP,
    title: str = "",
) -> str:
    """The report as HTML text, the same for the same arguments.

    Args:
        results: requests with their results, at least one, in the order of the report.
        datasets: the examples of a spec, as `Engine.dataset`; where it raises a `FilError`, or returns other data
            than were measured, the report says so and shows numbers only.
        redact: pictures coarse, labels and attribute values masked.
        written: when, for the report's head.
        top: how many examples each section lists, 1 to 1,000.
        title: of the report; empty for the default.

    Raises:
        BadRequest: no results, one of a kind that is not in the table, or `top` out of range.
    """
    check_top(top)
    if not results:
        raise BadRequest("report: expected at least one result; got none.")
    sections = []
    for request, result in results:
        analysis = analysis_of(request)
        about = subject(request, result, datasets, redact=redact, top=top)
        sections.append((analysis.title, _about(about), analysis.section(about) + provenance(about)))
    meaning = meanings({analysis_of(request).command for request, _ in results})
    return document(title or TITLE, sections, written, _REDACTED if redact else _PRIVATE, meaning)


def _about(subject: Subject) -> str:
    """The request, in a line."""
    request = subject.request
    weights = f", {request.weighting.text}" if request.weighting else ""
    noise = f", σ = {request.sigma:g}" if request.sigma != 1 else ""
    risk = f", {subject.at_risk} at risk" if subject.at_risk else ""
    measured = f" · {request.subject}" if request.subject else ""
    return f"{subject.result.provenance['data']['title']}{measured}{weights}{noise}{risk}"


def check_top(top: int) -> None:
    """Refuse a number of listed examples that is not from 1 to 1,000.

    Raises:
        BadRequest: it is another one.
    """
    whole("top", top, most=MOST_LISTED)


def check_report_path(path: Path | str) -> Path:
    """The path of a report that can be written, before any work is done for it.

    Raises:
        BadRequest: a suffix other than `.html`, or see `output.check_path`.
    """
    return output.check_path(path, (".html",))


def write(content: str, path: Path | str) -> None:
    """Write a report, whole or not at all; a file that is there is replaced.

    Raises:
        BadRequest: see `check_report_path`, or a path that cannot be written.
    """
    output.write(check_report_path(path), content.encode())
