"""The commands: one for each analysis, declared from the fields of its request, and the list of data sets."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import inspect
from typing import TYPE_CHECKING, Any

from fil_core.analyses.analysis import Analysis
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.measures.described import with_columns
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.mia.request import MiaRequest
from fil_core.analyses.study.request import StudyRequest
from fil_core.analyses.table import ANALYSES
from fil_core.cli import blocks, study, terminal
from fil_core.cli.command import Command
from fil_core.cli.derived import add_options, kernel_places, model_places, network_places, own_places
from fil_core.cli.fan_out import FanOut, fan_out_options
from fil_core.cli.options import data_options, run_options
from fil_core.dataset import Dataset
from fil_core.display.plain import visible
from fil_core.engine.joint import at_hand
from fil_core.errors import BadRequest
from fil_core.result import Result
from fil_core.specs import Request
from fil_core.specs.options import places
from fil_core.specs.presets import PRESETS

if TYPE_CHECKING:
    from fil_core.analyses.subject import Subject

_WITH_SCORES = (FilRequest, MeasuresRequest)

# Options by which the analyses of one command are told apart: what it is about without the option, and with it.
_TELLING = {
    "network": ("a model", "a network"),
    "group": ("single records", "groups"),
    "signals": ("models that are trained here", "models of your own"),
}


def add(commands: Any) -> None:
    """Declare the commands."""
    for name, analyses in by_command().items():
        analysis = analyses[0]
        description = inspect.getdoc(analysis.request) or analysis.title
        parser = commands.add_parser(
            name, help=_lower(analysis.title), description=description.split("\n\n")[0].replace("%", "%%")
        )
        request_options(parser, *(each.request for each in analyses))
        if analysis.request in _WITH_SCORES:
            _scores_option(parser)
        if analysis.request is FilRequest:
            _blocks_option(parser)
        if analysis.request is MiaRequest:
            _preset_option(parser)
        fan_out_options(parser)
        run_options(parser, analysis.row, tuple(analysis.files))
        parser.set_defaults(run=functools.partial(_run, analyses))
    listing = commands.add_parser("data", help="list the data sets", description=_list_data.__doc__)
    listing.add_argument("--data-dir", metavar="DIR", help="folder with the data files (default: FIL_DATA_DIR)")
    listing.set_defaults(run=_list_data)


def by_command() -> dict[str, list[Analysis]]:
    """The analyses of each command: one, or several of which options ask for all but one, see `asked_by`."""
    found: dict[str, list[Analysis]] = {}
    for analysis in ANALYSES:
        found.setdefault(analysis.command, []).append(analysis)
    return found


def request_options(parser: argparse.ArgumentParser, *kinds: type[Request]) -> None:
    """Declare the options of types of request: those of data, of model or network, and of their own fields.

    Args:
        parser: of the command.
        kinds: one, or several; an option that more than one has is declared once, with the widest choice.
    """
    groups = {
        "model": [place for kind in kinds for place in model_places(kind)],
        "network": [place for kind in kinds for place in network_places(kind)],
        "gaussian process": [place for kind in kinds for place in kernel_places(kind)],
        "measure": [place for kind in reversed(kinds) for place in own_places(kind)],
    }
    data_options(parser, taken={place.option.flag for place in groups["measure"]})
    declared: set[str] = set()
    for title, fields in groups.items():
        new = {place.option.flag: place for place in reversed(fields) if place.option.flag not in declared}
        if new:
            add_options(parser.add_argument_group(title), reversed(new.values()))
        declared |= set(new)


def asked_by(analyses: list[Analysis]) -> dict[str, Analysis]:
    """Which analyses of a command are asked for by an option that no other of them has, by that option.

    >>> {option: analysis.name for option, analysis in asked_by(by_command()["lood"]).items()}
    {'group': 'lood of groups'}

    Args:
        analyses: of one command, two or more, one of which is asked for by none of these options.
    """
    flags = [{place.option.flag for place in places(each.request)} for each in analyses]
    found = {
        flag: analysis
        for flag in _TELLING
        for analysis, own in zip(analyses, flags, strict=True)
        if flag in own and sum(flag in other for other in flags) == 1
    }
    if len(found) != len(analyses) - 1:
        raise TypeError(f"commands: expected options that tell {' and '.join(each.name for each in analyses)} apart.")
    return found


def meant(analyses: list[Analysis], options: argparse.Namespace) -> Analysis:
    """The analysis of a command that the options ask for.

    Raises:
        BadRequest: they ask for a model and for a network, or one of them is about another analysis than the others.
    """
    if len(analyses) == 1:
        return analyses[0]
    by_option = asked_by(analyses)
    asked = [flag for flag in by_option if _given(options, flag) is not None]
    if len(asked) > 1:
        raise BadRequest(f"{asked[0]}: expected --{' or --'.join(asked)}; got both.")
    if asked == ["network"] and options.model is not None:
        raise BadRequest(f"network: expected --model or --network; got --model {options.model} beside it.")
    chosen = by_option[asked[0]] if asked else next(each for each in analyses if each not in by_option.values())
    own = {place.option.flag: place.option.kind.choices for place in places(chosen.request)}
    for analysis in analyses:
        for option in (place.option for place in places(analysis.request)):
            value = _given(options, option.flag)
            if option.flag not in own and value is not None:
                there = _where(analysis, by_option, asked)
                raise BadRequest(f"{option.flag}: expected nothing, since it is about {there}.")
            if (choices := own.get(option.flag)) and value in option.kind.choices and value not in choices:
                there = _where(analysis, by_option, asked)
                raise BadRequest(
                    f"{option.flag}: expected one of {', '.join(choices)}, since {value} is about {there}."
                )
    return chosen


def _given(options: argparse.Namespace, flag: str) -> Any:
    return getattr(options, flag.replace("-", "_"), None)


def _where(analysis: Analysis, by_option: dict[str, Analysis], asked: list[str]) -> str:
    """What an option of another analysis of the same command is about, and how it is asked for."""
    if asked:
        return f"{_TELLING[asked[0]][0]}; leave it out beside --{asked[0]}"
    flag = next(flag for flag, each in by_option.items() if each is analysis)
    return f"{_TELLING[flag][1]}; name one with --{flag}"


def _check_has_part(request: Request, options: argparse.Namespace) -> None:
    """Refuse options of a model, a network or a Gaussian process, or some of them, that the request is not about.

    Raises:
        BadRequest: there is one.
    """
    for name, found in (("model", model_places), ("network", network_places), ("kernel", kernel_places)):
        whole = request.unused_spec(name)
        for place in found(type(request)):
            why = whole or request.unused(f"{name}.{place.path[0]}")
            value = getattr(options, place.option.flag.replace("-", "_"))
            if value is not None and why and (whole or value != place.value(getattr(request, name))):
                raise BadRequest(f"{place.option.flag}: expected nothing, since {why}; got {value}.")


def _scores_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scores",
        metavar="FILE",
        help="your own scores, shown beside eta: a column id and columns of numbers",
    )


def _blocks_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--in-blocks",
        action="store_true",
        help="read a .npy matrix of any size block by block; --target and --leave-out are column numbers",
    )


def _preset_option(parser: argparse.ArgumentParser) -> None:
    said = "; ".join(f"{name}: {preset.says}" for name, preset in PRESETS.items())
    parser.add_argument(
        "--preset", choices=tuple(PRESETS), help=f"an ensemble of networks; other options come first. {said}"
    )


def _fill(options: argparse.Namespace) -> None:
    """Options that a preset stands for, where the command line does not name them."""
    if (name := getattr(options, "preset", None)) is None:
        return
    for flag in ("model", "signals"):
        if _given(options, flag) is not None:
            raise BadRequest(f"preset: expected no --{flag} beside it, since {name} stands for networks; got both.")
    if (kind := options.network) not in (None, PRESETS[name].network["kind"]):
        raise BadRequest(
            f"preset: expected --network {PRESETS[name].network['kind']}, or none, beside {name}; got {kind}."
        )
    for flag, value in PRESETS[name].options.items():
        if _given(options, flag) is None:
            setattr(options, flag.replace("-", "_"), value)


def _run(analyses: list[Analysis], options: argparse.Namespace) -> int:
    """Answer the request that the options ask for, and print its result."""
    _fill(options)
    analysis, command = meant(analyses, options), Command(options)
    if getattr(options, "in_blocks", False):
        result = blocks.measure(options, command)
        return command.finish(result.table, *reported(analysis, FilRequest(), result))
    request = command.request(analysis.request)
    if isinstance(request, MeasuresRequest) and options.of is None:
        request = dataclasses.replace(request, of=at_hand(request, command.engine, command.progress))
    elif isinstance(request, StudyRequest) and options.of is None:
        request = study.at_hand(request, command)
    else:
        _check_has_part(request, options)
    command.check_out(command.engine.dataset(request.source_data, command.progress))
    with FanOut(command) as fan_out:
        result = command.answer(request, fan_out.answer_all)
    if analysis.request in _WITH_SCORES:
        table = command.with_scores(result.table)
        joint = isinstance(request, MeasuresRequest)
        result = with_columns(result, table) if joint else dataclasses.replace(result, table=table)
    about = _subject(request, result, command.engine.dataset(request.source_data))
    return command.finish(result.table, *told(analysis, about), analysis=analysis, subject=about)


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
    return told(analysis, _subject(request, result, dataset))


def _subject(request: Request, result: Result, dataset: Dataset | None) -> Subject:
    from fil_core.analyses.subject import Subject

    return Subject(request, result, dataset, "", False, 0)


def told(analysis: Analysis, subject: Subject) -> tuple[dict[str, Any], str]:
    """What a command prints about a result with its data, as `reported`."""
    result = subject.result
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
    from fil_core.data.absent import missing_files
    from fil_core.data.own import registered
    from fil_core.display.numbers import counted

    folder, lines = data_directory(options.data_dir), []
    for name, source in catalogue().items():
        missing = missing_files(source, folder)
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
