"""The command `report`."""

from __future__ import annotations

import argparse
import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.table import request_of
from fil_core.cli.command import Command
from fil_core.cli.commands import request_options
from fil_core.cli.options import names, whole
from fil_core.cli.outputs import check_is_no_input
from fil_core.display.numbers import counted
from fil_core.engine.uploads import UPLOADS
from fil_core.errors import BadRequest
from fil_core.specs import DataSpec, Device, Request

if TYPE_CHECKING:
    from fil_core.dataset import Dataset
    from fil_core.result import Result

_TOP = 24


def add(commands: Any) -> None:
    """Declare the command."""
    report = commands.add_parser("report", help="write results as one HTML file", description=_run_report.__doc__)
    chosen = report.add_argument_group("report")
    chosen.add_argument("--out", dest="file", metavar="FILE", required=True, help="write the report to FILE.html")
    chosen.add_argument("--key", metavar="KEY[,KEY]", type=names, default=(), help="stored results by their keys on the Results page, or the first 8 or more characters of them, instead of computing one")  # noqa: E501 # fmt: skip
    chosen.add_argument("--redact", action="store_true", help="coarsen pictures, mask labels and attribute values")
    chosen.add_argument("--top", metavar="K", type=whole, default=_TOP, help=f"examples listed (default {_TOP})")
    chosen.add_argument("--title", metavar="TEXT", default="", help="title of the report")
    request_options(report, FilRequest)
    run = report.add_argument_group("run")
    run.add_argument("--device", choices=get_args(Device), default="auto", help="auto takes CUDA where there is one")
    run.add_argument("--force", action="store_true", help="compute even if the result is stored")
    run.add_argument("--json", action="store_true", help="end with one line of JSON on stdout")
    report.set_defaults(run=_run_report, out=None)  # no table


def _run_report(options: argparse.Namespace) -> int:
    """Write one self-contained HTML file: the results, figures, examples, their provenance, and how to reproduce it."""
    from fil_core.report import check_report_path, check_top, report, write

    check_top(options.top)
    check_is_no_input(check_report_path(options.file), options)
    command = Command(options)
    if options.key:
        results = _stored(command, options.key)
    else:
        request = command.request(FilRequest)
        results = [(request, command.answer(request))]

    def datasets(spec: DataSpec) -> Dataset:
        return command.engine.dataset(dataclasses.replace(spec, data_dir=options.data_dir), command.progress)

    written = datetime.now().astimezone()
    content = report(
        results, datasets, redact=options.redact, top=options.top, title=options.title, written=written
    )  # fmt: skip
    write(content, options.file)
    command.progress.close()
    line = {"out": options.file, "results": len(results), "bytes": len(content.encode()), "redacted": options.redact}
    written_results = counted(len(results), "result")
    return command.finish(
        None, line, f"{options.file}: {written_results}, {line['bytes'] / 2**20:.1f} MiB.", done="Written"
    )


def _stored(command: Command, prefixes: tuple[str, ...]) -> list[tuple[Request, Result]]:
    """The requests and results whose keys start with these prefixes, each once.

    Raises:
        BadRequest: there is no such result, or this version cannot read it.
    """
    entries = {entry.key: entry for entry in map(command.engine.store.entry, prefixes)}
    stored: list[tuple[Any, Result]] = []
    for key, entry in entries.items():
        if entry.analysis in UPLOADS:
            raise BadRequest(f"key: expected a result; {key[:16]} are {UPLOADS[entry.analysis]}, a part of results.")
        result = command.engine.store.get(key)
        if result is None:
            raise BadRequest(f"key: expected a result that can be read; {key[:16]} is damaged. Compute it again.")
        stored.append((request_of(entry.request), result))
    return stored
