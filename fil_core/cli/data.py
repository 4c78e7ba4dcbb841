"""The data set that the options ask for: one of the catalogue, or a file or folder of the user's own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from fil_core.cli.derived import data_values
from fil_core.cli.progress import Reporter
from fil_core.data.own.choices import Choices, image_size, read_missing_texts
from fil_core.data.own.reading import SUFFIXES
from fil_core.data.registry import catalogue
from fil_core.errors import BadRequest, DataUnavailable
from fil_core.specs import DataSpec
from fil_core.specs.paths import user_path

_OWN = (
    "target_column", "sensitive", "id", "leave_out", "categorical", "missing", "missing_texts", "decimal", "thousands",
    "dates", "task", "test_fraction", "image_size",
)  # fmt: skip


def data_spec(options: argparse.Namespace, note: Callable[[str], None]) -> DataSpec:
    """The data that the options ask for; a file or folder of own data is read and registered first.

    Args:
        options: of the command line.
        note: told the warnings about own data.
    """
    values = data_values(options)
    name = values.get("name", DataSpec().name)
    return DataSpec(
        **values | {"name": _own_data(options, name, note) if is_path(name) else _of_catalogue(options, name)}
    )


def outside_name(options: argparse.Namespace, note: Callable[[str], None]) -> str | None:
    """The data set that --ood-data names; a file or folder is read as --data is, and registered. None for none.

    Args:
        options: of the command line.
        note: told the warnings about own data.
    """
    name: str | None = getattr(options, "ood_data", None)
    if name is None or not is_path(name):
        return name
    return _own_data(options, name, note, called="ood-data")


def existing_file(option: str, written: str | Path) -> Path:
    """The path of a file that exists.

    Args:
        option: that names it.
        written: the path as a person wrote it.

    Raises:
        BadRequest: no path of this system.
        DataUnavailable: there is no such file.
    """
    file = user_path(option, written)
    if not file.is_file():
        there = "it is a folder" if file.is_dir() else "there is none"
        raise DataUnavailable(f"{written}: expected a file; {there}. Check the path.")
    return file


def is_path(name: str) -> bool:
    """Whether --data is the path of a file or folder rather than a name in the catalogue."""
    return os.sep in name or Path(name).suffix.lower() in SUFFIXES


def _of_catalogue(options: argparse.Namespace, name: str) -> str:
    if own := [option for option in _OWN if getattr(options, option) is not None]:
        raise BadRequest(
            f"--{_flag(own[0], options)}: expected with a file of your own; the columns of --data {name} are fixed. "
            "A file or folder is named by its path, such as ./patients.csv."
        )
    if name.partition(":")[0] not in catalogue() and os.path.exists(name):
        raise DataUnavailable(f"--data: expected a path with a slash for a file or folder; write ./{name}.")
    return name


def _flag(name: str, options: argparse.Namespace) -> str:
    """What the command calls an option of own data: the target's column is `--target` unless that means another one."""
    if name == "target_column" and not hasattr(options, "target"):
        return "target"
    return name.replace("_", "-")


def _own_data(options: argparse.Namespace, path: str, note: Callable[[str], None], called: str = "data") -> str:
    """Read and register a file or folder of own data as the options say; returns its name in the register."""
    from fil_core.data.own import add

    reporter = Reporter()
    entry = add(user_path(called, path), choices(options), progress=reporter)
    reporter.close()
    for warning in entry.health["warnings"]:
        note(warning)
    return entry.name


def choices(options: argparse.Namespace) -> Choices:
    """How the options say that own data is to be read."""
    own = {name: value for name in _OWN if (value := getattr(options, name)) is not None}
    if "target_column" in own:
        own["target"] = own.pop("target_column")
    if "missing_texts" in own:
        own["missing_texts"] = read_missing_texts(own["missing_texts"])
    if "leave_out" in own:
        own["left_out"] = own.pop("leave_out")
    if "image_size" in own:
        own["image_size"] = image_size(own["image_size"])
    return Choices(**own)
