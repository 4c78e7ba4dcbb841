"""`fil --in-blocks`: a matrix that does not have to fit in memory."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from fil_core.cli.command import Command
from fil_core.cli.fan_out import open_executor
from fil_core.data.own.arrays import header_of
from fil_core.errors import BadData, BadRequest, DataUnavailable
from fil_core.out_of_core.source import RowSource
from fil_core.result import Result
from fil_core.specs import DataSpec, Preprocess
from fil_core.specs.paths import user_path

_PEEKED = 100_000  # first rows, whose targets decide whether there are two classes
_NUMBERS = "biuf"
_DIGITS = 18  # of a column's number
_REFUSED = (
    "attribute", "simplex", "weights", "parameters", "scores", "subset", "label_noise", "sensitive", "categorical",
    "missing", "missing_texts", "decimal", "thousands", "dates", "image_size", "vocabulary", "group_lines",
    "longest", "features_from", "extractor",
)  # fmt: skip


def measure(options: argparse.Namespace, command: Command) -> Result:
    """The measures of every row of a .npy file, read, summed and measured in blocks.

    Raises:
        BadRequest: an option that does not work in blocks, or no target.
        BadData, DataUnavailable: the file is not usable, or not there.
    """
    from fil_core.out_of_core.measures import measure_in_blocks

    for name in _REFUSED:
        if getattr(options, name):
            raise BadRequest(f"--in-blocks: expected without --{name.replace('_', '-')}, which needs all rows at once.")
    if options.test_fraction:
        raise BadRequest("--in-blocks: expected --test-fraction 0; every row trains.")
    if options.device == "cuda":
        raise BadRequest("--in-blocks: expected --device cpu or auto; blocks are measured by processes of the CPU.")
    model, source = command.model_spec(DataSpec()), _source(options)
    preprocess: Preprocess = options.preprocess or "standardise"
    with open_executor(options) as executor:
        result = measure_in_blocks(
            source,
            model,
            preprocess=preprocess,
            pca=options.pca,
            sigma=1.0 if options.sigma is None else options.sigma,
            executor=executor,
            progress=command.progress,
        )
    command.progress.close()
    command.cached = False
    command.show_notices(result)
    return result


def _source(options: argparse.Namespace) -> RowSource:
    path = user_path("data", options.data or "")
    if path.suffix.lower() != ".npy" or not path.is_file():
        raise DataUnavailable(f"--in-blocks: expected a .npy matrix; {options.data} is not one.")
    if not options.target_column:
        raise BadRequest("--target: expected a column's number, or a second .npy file with the targets.")
    given = options.target_column
    target: int | str = _column("target", given) if _is_number(given) else str(user_path("target", given))
    left_out = tuple(_column("leave-out", name) for name in options.leave_out or ())
    left_out += (_column("id", options.id),) if options.id else ()
    return RowSource(features=str(path), target=target, left_out=left_out, classes=_classes(options, path, target))


def _is_number(text: str | None) -> bool:
    return text is not None and text.isdecimal() and len(text) <= _DIGITS


def _column(option: str, name: str) -> int:
    if not _is_number(name):
        raise BadRequest(f"--{option}: expected a column's number, from 0; got {name!r}.")
    return int(name)


def _classes(options: argparse.Namespace, path: Path, target: int | str) -> tuple[float, ...]:
    """The two values of the target that are its classes; empty for a regression."""
    if options.classes and options.task == "regression":
        raise BadRequest("--classes: expected without --task regression, whose targets are numbers.")
    if options.classes or options.task == "regression":
        return tuple(_value(name) for name in options.classes or ())
    targets = _first_targets(path, target)
    values = np.unique(targets).astype(np.float64)
    if len(values) == 1:  # as in a file that is sorted by its classes
        raise BadRequest(
            f"--target: expected targets that differ; the first {len(targets):,} are all {values[0]:g}. Name the two "
            "classes (--classes A,B), or choose --task regression."
        )
    two = len(values) == 2 and bool((values % 1 == 0).all())
    if options.task == "classification" and not two:
        raise BadRequest(
            f"--task: expected a target of two whole numbers for a classification --in-blocks; got {values[0]:g}, "
            f"{values[1]:g}, ... Name two classes (--classes A,B), or choose --task regression."
        )
    return (float(values[0]), float(values[1])) if two else ()


def _first_targets(path: Path, target: int | str) -> np.ndarray:
    """The targets of the first rows, read without the rest of the file."""
    source = path if isinstance(target, int) else Path(target)
    if not source.is_file():
        raise DataUnavailable(f"--target: expected a column's number or a .npy file; {target} is neither.")
    with source.open("rb") as file:
        shape, dtype = header_of(source.name, file, source.stat().st_size)
    if dtype.kind not in _NUMBERS:
        raise BadData(f"{source.name}: expected a .npy file of numbers; got {dtype}.")
    dimensions = 2 if isinstance(target, int) else 1
    if len(shape) != dimensions or (isinstance(target, int) and target >= shape[-1]):
        raise BadRequest(f"--target: expected one that {source.name} has; its shape is {shape}, got {target}.")
    array = np.load(source, mmap_mode="r", allow_pickle=False)
    return np.asarray(array[:_PEEKED, target] if isinstance(target, int) else array[:_PEEKED])


def _value(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        raise BadRequest(f"--classes: expected two numbers of the target column; got {name!r}.") from None
