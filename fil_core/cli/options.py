"""Options that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from typing import get_args

from fil_core.cli.derived import add_options, argument_type
from fil_core.data.own.choices import Dates, Missing, TaskChoice
from fil_core.specs import DataSpec, Device
from fil_core.specs.options import places
from fil_core.specs.texts import read_names, read_number, read_whole

number, whole, names = argument_type(read_number), argument_type(read_whole), argument_type(read_names)


def data_options(parser: argparse.ArgumentParser, *, taken: Collection[str] = ()) -> None:
    """Declare the options that choose the examples.

    Args:
        parser: of the command.
        taken: flags that mean something else in this command.
    """
    add_options(parser.add_argument_group("data"), places(DataSpec))
    _own_options(parser, taken)


def _own_options(parser: argparse.ArgumentParser, taken: Collection[str]) -> None:
    own = parser.add_argument_group(
        "own data", "--data FILE: .csv, .parquet, .npy, .npz, .txt, or a .zip or folder of images in class folders"
    )
    column = [f"--{flag}" for flag in ("target", "target-column") if flag not in taken]
    own.add_argument(*column, dest="target_column", metavar="COL", help="the column to predict")
    own.add_argument("--sensitive", metavar="COL[,COL]", type=names, help="attributes whose own eta is reported")
    own.add_argument("--id", metavar="COL", help="the column that names the rows (default: numbers from 0)")
    own.add_argument("--leave-out", metavar="COL[,COL]", type=names, help="columns that are not features")
    own.add_argument("--categorical", metavar="COL[,COL]", type=names, help="columns of categories, also numbers")
    own.add_argument("--missing", choices=get_args(Missing), help="what to do about missing values (default refuse)")
    own.add_argument(
        "--missing-texts",
        metavar="TEXT[,TEXT]",
        help="texts that stand for a missing value, as an empty entry does (default NA, nan, null, None and the like; "
        "'\"\"' for none)",
    )
    own.add_argument("--decimal", metavar="MARK", help="decimal mark of numbers, . or , (default .)")
    own.add_argument("--thousands", metavar="MARK", help="mark between thousands: , . ' or a space (default none)")
    own.add_argument("--dates", choices=get_args(Dates), help="days since the earliest one, or refuse (default refuse)")
    own.add_argument("--task", choices=get_args(TaskChoice), help="kind of the target (default auto)")
    own.add_argument("--test-fraction", metavar="F", type=number, help="share held out; 0 trains on every row")
    own.add_argument("--image-size", metavar="HxW", help="resize images of different sizes")


def run_options(parser: argparse.ArgumentParser, out: str, others: Sequence[str] = ()) -> None:
    """Declare where to compute and what to write.

    Args:
        parser: of the command.
        out: what a row of the file is; empty for no file.
        others: ends of names of further kinds of files.
    """
    run = parser.add_argument_group("run")
    also = [f"pictures or arrays to FILE{one}" for one in others]
    if out:
        run.add_argument("--out", metavar="FILE", help=" or ".join([f"write {out} to FILE.parquet or FILE.csv", *also]))
        parser.set_defaults(files=tuple(others))
    else:
        parser.set_defaults(out=None)
    run.add_argument("--device", choices=get_args(Device), default="auto", help="auto takes CUDA where there is one")
    run.add_argument("--force", action="store_true", help="compute even if the result is stored")
    run.add_argument("--json", action="store_true", help="end with one line of JSON on stdout")
