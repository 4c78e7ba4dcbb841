"""The commands `fil` and `data`."""

from __future__ import annotations

import argparse
import math
from typing import Any

from fil_core.analyses.fil.request import FilRequest
from fil_core.cli import blocks
from fil_core.cli.fanning import fan_out_options
from fil_core.cli.options import Run, data_options, data_spec, model_options, names, number, run_options
from fil_core.result import Result


def add(commands: Any) -> None:
    """Declare them."""
    fil = commands.add_parser(
        "fil", help="Fisher information loss of every training example", description=_run_fil.__doc__
    )
    data_options(fil)
    model_options(fil)
    measure_options(fil)
    fil.add_argument("--scores", metavar="FILE", help="scores of your own, a column id and others, to stand beside eta")
    fil.add_argument(
        "--in-blocks",
        action="store_true",
        help="read a .npy matrix of any size block by block; --target and --leave-out are column numbers",
    )
    fan_out_options(fil)
    run_options(fil, "one row per training example")
    fil.set_defaults(run=_run_fil)
    listing = commands.add_parser("data", help="list the data sets", description=_run_data.__doc__)
    listing.add_argument("--data-dir", metavar="DIR", help="folder with the data files (default: FIL_DATA_DIR)")
    listing.set_defaults(run=_run_data)


def measure_options(parser: Any) -> None:
    """What is asked about every training example; see `request_of`."""
    parser.add_argument("--attribute", metavar="NAME[,NAME]", type=names, default=(), help="only what an attacker of these attributes (names or column numbers) learns")  # noqa: E501 # fmt: skip
    parser.add_argument("--simplex", action="store_true", help="the attribute is one-hot with all levels: only directions that sum to zero")  # noqa: E501 # fmt: skip
    parser.add_argument("--sigma", type=number, default=1.0, help="standard deviation of the output noise (default 1)")


def _run_fil(options: argparse.Namespace) -> int:
    """Fisher information loss, and what stands beside it, of every training example."""
    run = Run(options)
    if options.in_blocks:
        result = blocks.measure(options, run)
        return run.finish(result.table, *_line(result))
    result = run.answer(request_of(options, run))
    return run.finish(run.with_scores(result.table), *_line(result))


def request_of(options: argparse.Namespace, run: Run) -> FilRequest:
    """What is asked about every training example."""
    data = data_spec(options)
    return FilRequest(
        data=data,
        model=run.model_spec(data),
        attribute=options.attribute,
        simplex=options.simplex,
        sigma=options.sigma,
        device=options.device,
    )


def _line(result: Result) -> tuple[dict[str, Any], str]:
    """What the command reports, for --json and in words."""
    wanted = (
        "n", "d", "eta_mean", "eta_std", "eta_min", "eta_median", "eta_max", "train_score", "test_score", "converged",
        "score",
    )  # fmt: skip
    line = {name: result.summary[name] for name in wanted} | {"device": result.provenance["device"]}
    return line, _in_words(line)


def _run_data(options: argparse.Namespace) -> int:
    """List the data sets, and whether their files are there."""
    from fil_core.data import catalogue, data_directory
    from fil_core.data.own import registered

    folder = data_directory(options.data_dir)
    for name, source in catalogue().items():
        missing = [f for f in source.files if not (folder / f).exists()]
        state = "ready" if not missing else "downloads on first use" if source.downloadable else "files missing"
        print(f"{name:14} {state:23} {source.description}")
    print(f"Files are looked for in {folder}.")
    for entry in registered():
        print(f"{entry.name:30} {entry.title}: {entry.rows:,} rows, {entry.features:,} features")
    print("A file or folder of your own: --data ./patients.csv --target COLUMN, or --data ./images.zip.")
    return 0


def _in_words(line: dict[str, Any]) -> str:
    tested = "no test rows" if math.isnan(line["test_score"]) else f"{line['test_score']:.4g} test"
    return (
        f"{line['n']:,} training examples, {line['d']:,} features. eta: mean {line['eta_mean']:.4g}, "
        f"standard deviation {line['eta_std']:.4g}, median {line['eta_median']:.4g}, maximum {line['eta_max']:.4g}.\n"
        f"{line['score'].capitalize()}: {line['train_score']:.4g} train, {tested}."
    )
