"""The file that a command writes: never one that it reads."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from fil_core.cli.data import is_path
from fil_core.data.own.directory import own_directory
from fil_core.data.private import is_ours
from fil_core.data.registry import data_directory
from fil_core.errors import BadRequest
from fil_core.specs.paths import user_path

_FILES = (
    "scores",
    "weights",
    "parameters",
    "initial",
    "group",
    "signals",
    "new",
    "extractor",
)  # options that may name a file


def check_is_no_input(out: Path, options: argparse.Namespace) -> None:
    """Refuse to replace what the command reads, by whichever name, link or case it is called.

    Args:
        out: the file that the command writes.
        options: of the command line.

    Raises:
        BadRequest: it is a file that an option names, or lies in a folder of data.
    """
    _check_is_not_stored(out)
    for option, path in _inputs(options):
        if _is_within(out, path):
            raise BadRequest(
                f"out: expected another file than those that are read; {out} is in {path}, which {option} names. "
                "Choose another place."
                if path.is_dir()
                else f"out: expected another file than those that are read; {out} is the one that {option} names. "
                "Choose another name."
            )


def _check_is_not_stored(out: Path) -> None:
    from fil_core.engine.store.store import default_root

    target = Path(os.path.realpath(out))
    for place in (Path(os.path.realpath(default_root())), Path(os.path.realpath(own_directory())).parent):
        if is_ours(place, target):
            raise BadRequest(
                f"out: expected a place outside what is stored; {out} is among it, in {place}. Choose another place."
            )


def _inputs(options: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """The files and folders that a command reads, and what names them."""
    data = getattr(options, "data", None)
    if data is not None and is_path(data):
        yield "--data", user_path("data", data)
    outside = getattr(options, "ood_data", None)
    if outside is not None and is_path(outside):
        yield "--ood-data", user_path("ood-data", outside)
    if isinstance(features := getattr(options, "features_from", None), Path):
        yield "--features-from", user_path("features-from", features)
    for name in _FILES:
        if isinstance(path := getattr(options, name, None), str | Path):
            yield f"--{name}", user_path(name, path)
    if isinstance(path := getattr(options, "group", None), Path):  # else classes, twins, or ids of another command
        yield "--group", user_path("group", path)
    if getattr(options, "in_blocks", False) and options.target_column:
        yield "--target", user_path("target", options.target_column)
    named = getattr(options, "data_dir", None)
    yield "--data-dir" if named else "FIL_DATA_DIR", data_directory(named)


def _is_within(out: Path, path: Path) -> bool:
    """Whether a file is another one, lies in a folder, or is there in it under another name (a hard link)."""
    target = Path(os.path.realpath(out))
    if not path.is_dir():
        return _same(target, path)
    if any(_same(parent, path) for parent in target.parents):
        return True
    if not target.exists() or target.stat().st_nlink == 1:
        return False
    return any(_same(target, Path(folder, name)) for folder, _, names in os.walk(path) for name in names)


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:  # one of them is not there, or cannot be seen; whoever reads it says so
        return False
