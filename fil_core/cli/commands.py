"""The commands: one for each analysis, declared from the fields of its request, and the list of data sets."""

from __future__ import annotations

import argparse
import functools
import inspect
from typing import Any

from fil_core.analyses.analysis import Analysis
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.table import ANALYSES
from fil_core.cli import blocks, terminal
from fil_core.cli.command import Command
from fil_core.cli.derived import add_options, model_places, network_places, own_places
from fil_core.cli.fan_out import FanOut, fan_out_options
from fil_core.cli.options import data_options, run_options
from fil_core.dataset import Dataset
from fil_core.display.plain import visible
from fil_core.result import Result
from fil_core.specs import Request


def add(commands: Any) -> None:
    """Declare the commands."""
    for analysis in ANALYSES:
        description = inspect.getdoc(analysis.request) or analysis.title
        parser = commands.add_parser(
            analysis.command, help=_lower(analysis.title), description=description.split("\n\n")[0].replace("%", "%%")
        )
        request_options(parser, analysis.request)
        if analysis.request is FilRequest:
            _fil_options(parser)
        fan_out_options(parser)
        run_options(parser, analysis.row)
        parser.set_defaults(run=functools.partial(_run, analysis))
    listing = commands.add_parser("data", help="list the data sets", description=_list_data.__doc__)
    listing.add_argument("--data-dir", metavar="DIR", help="folder with the data files (default: FIL_DATA_DIR)")
    listing.set_defaults(run=_list_data)


def request_options(parser: argparse.ArgumentParser, kind: type[Request]) -> None:
    """Declare the options of a type of request: those of its data, of its model or network, and of its own fields."""
    data_options(parser)
    groups = {"model": model_places(kind), "network": network_places(kind), "measure": own_places(kind)}
    for title, fields in groups.items():
        if fields:
            add_options(parser.add_argument_group(title), fields)


def _fil_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scores",
        metavar="FILE",
        help="your own scores, shown beside eta: a column id and columns of numbers",
    )
    parser.add_argument(
        "--in-blocks",
        action="store_true",
        help="read a .npy matrix of any size block by block; --target and --leave-out are column numbers",
    )


def _run(analysis: Analysis, options: argparse.Namespace) -> int:
    """Answer the request that the options ask for, and print its result."""
    command = Command(options)
    if getattr(options, "in_blocks", False):
        result = blocks.measure(options, command)
        return command.finish(result.table, *reported(analysis, FilRequest(), result))
    request = command.request(analysis.request)
    with FanOut(command) as fan_out:
        result = command.answer(request, fan_out.answer_all)
    table = command.with_scores(result.table) if analysis.request is FilRequest else result.table
    dataset = command.engine.dataset(request.data)
    return command.finish(table, *reported(analysis, request, result, dataset), analysis=analysis)


def reported(
    analysis: Analysis, request: Request, result: Result, dataset: Dataset | None = None
) -> tuple[dict[str, Any], str]:
    """What a command prints about a result: the values for --json, and a text.

    Args:
        analysis: the entry of the request's type.
        request: the request.
        result: its result.
        dataset: its examples, for the names of features and of examples; None goes without.
    """
    from fil_core.analyses.subject import Subject

    subject = Subject(request, result, dataset, "", False, 0)
    if analysis.printed is not None:
        line, words = analysis.printed(subject)
    else:
        line = {name: result.summary[name] for name in analysis.wanted}
        words = analysis.sentence(subject, visible).replace("**", "")
    return line | {"device": result.provenance["device"]}, words


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def _list_data(options: argparse.Namespace) -> int:
    """List the data sets, and whether their files are present."""
    from fil_core.data import catalogue, data_directory
    from fil_core.data.own import registered
    from fil_core.display.numbers import counted

    folder, lines = data_directory(options.data_dir), []
    for name, source in catalogue().items():
        missing = [f for f in source.files if not (folder / f).exists()]
        state = "ready" if not missing else "downloads on first use" if source.downloadable else "files missing"
        lines.append(f"{name:14} {state:23} {source.description}")
    lines.append(f"Files are looked for in {folder}.")
    for entry in registered():
        wide = counted(entry.features, "token" if entry.form == "text" else "feature")
        lines.append(f"{entry.name:30} {entry.title}: {counted(entry.rows, 'row')}, {wide}")
    lines.append(
        "A file or folder of your own: --data ./patients.csv --target COLUMN, --data ./images.zip or --data ./text.txt."
    )
    terminal.out("\n".join(map(visible, lines)))
    return 0
