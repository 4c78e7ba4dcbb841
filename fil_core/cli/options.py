"""Options that several commands share, and the way from them to a stored or computed result."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from fil_core.cli.derived import add_options, build, data_values, model_values
from fil_core.data.own.choices import Choices, Missing, TaskChoice, image_size
from fil_core.data.own.reading import SUFFIXES
from fil_core.errors import BadRequest, DataUnavailable
from fil_core.result import Result
from fil_core.specs import DataSpec, Device, ModelRequest, ModelSpec, Request
from fil_core.specs.options import places, read_names
from fil_core.specs.weights import GivenWeights

if TYPE_CHECKING:
    import pandas as pd

    from fil_core.dataset import Dataset
    from fil_core.engine.run import AnswerAll


def data_options(parser: argparse.ArgumentParser) -> None:
    """Which examples."""
    add_options(parser.add_argument_group("data"), places(DataSpec))
    _own_options(parser)


def _own_options(parser: argparse.ArgumentParser) -> None:
    own = parser.add_argument_group(
        "data of your own", "--data FILE: .csv, .parquet, .npy, .npz, or a .zip or folder of images in class folders"
    )
    own.add_argument("--target", metavar="COL", help="the column to predict")
    own.add_argument("--sensitive", metavar="COL[,COL]", type=names, help="attributes whose own eta is reported")
    own.add_argument("--id", metavar="COL", help="the column that names the rows (default: their number from 0)")
    own.add_argument("--leave-out", metavar="COL[,COL]", type=names, help="columns that are no features")
    own.add_argument("--categorical", metavar="COL[,COL]", type=names, help="columns of numbers that name categories")
    own.add_argument("--missing", choices=get_args(Missing), help="what becomes of missing entries (default refuse)")
    own.add_argument("--task", choices=get_args(TaskChoice), help="what the target is (default auto)")
    own.add_argument("--test-fraction", metavar="F", type=number, help="share held out; 0 trains on every row")
    own.add_argument("--image-size", metavar="HxW", help="resize images of different sizes")


def run_options(parser: argparse.ArgumentParser, out: str) -> None:
    """Where to compute and what to write; `out` says what a row of the file is."""
    run = parser.add_argument_group("run")
    run.add_argument("--out", metavar="FILE", help=f"write {out} to FILE.parquet or FILE.csv")
    run.add_argument("--device", choices=get_args(Device), default="auto", help="auto takes CUDA where there is one")
    run.add_argument("--force", action="store_true", help="compute even if the result is stored")
    run.add_argument("--json", action="store_true", help="end with one line of JSON on stdout")


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None


def whole(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}") from None


def names(text: str) -> tuple[str, ...]:
    """Names between commas."""
    try:
        return read_names(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


_OWN = ("target", "sensitive", "id", "leave_out", "categorical", "missing", "task", "test_fraction", "image_size")


def data_spec(options: argparse.Namespace) -> DataSpec:
    """The examples that the options ask for; a file of a person's own is read, and named, first."""
    values = data_values(options)
    name = values.get("name", DataSpec().name)
    return DataSpec(**values | {"name": _own_data(options, name) if is_path(name) else _named(options, name)})


def _existing(path: str) -> Path:
    found = Path(path).expanduser()
    if not found.is_file():
        raise DataUnavailable(f"{path}: expected a file; there is none.")
    return found


def is_path(name: str) -> bool:
    """Whether --data names a file or folder rather than an entry of the catalogue."""
    return os.sep in name or Path(name).suffix.lower() in SUFFIXES


def _named(options: argparse.Namespace, name: str) -> str:
    if given := [own for own in _OWN if getattr(options, own) is not None]:
        raise BadRequest(
            f"--{given[0].replace('_', '-')}: expected with a file of your own; --data {name} has its "
            "own columns. "
            "A file or folder is named by its path, such as ./patients.csv."
        )
    return name


def _own_data(options: argparse.Namespace, path: str) -> str:
    """The register's name of a file or folder, which is read as the options say."""
    from fil_core.data.own import add

    reporter = Reporter()
    entry = add(Path(path).expanduser(), choices(options), progress=reporter)
    reporter.close()
    for warning in entry.health["warnings"]:
        print(f"note: {warning}", file=sys.stderr)
    return entry.name


def choices(options: argparse.Namespace) -> Choices:
    """How a file of one's own is to be read."""
    own = {name: value for name in _OWN if (value := getattr(options, name)) is not None}
    if "leave_out" in own:
        own["left_out"] = own.pop("leave_out")
    if "image_size" in own:
        own["image_size"] = image_size(own["image_size"])
    return Choices(**own)


class Run:
    """One command's work: answers requests with progress on stderr, then writes the table and prints the line."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Checks the output file before minutes of work, not after."""
        from fil_core.engine import Engine
        from fil_core.engine.store.export import check_table_path

        self.options, self.start = options, time.perf_counter()
        if options.out is not None:
            check_table_path(options.out)
        self.engine, self.progress = Engine(), Reporter()
        self.cached = True
        self._dataset: Dataset | None = None
        self._told: set[str] = set()

    def model_spec(self, data: DataSpec) -> ModelSpec:
        """The model that the options ask for; weights and parameters from files go into the store first."""
        values = model_values(self.options)
        if isinstance(path := values.get("weights"), Path):
            values["weights"] = self._weights_file(path, data)
        if isinstance(path := values.get("parameters"), Path):
            values["parameters"] = self._parameters_file(path)
        return ModelSpec(**values)

    def _parameters_file(self, path: Path) -> str:
        from fil_core.engine.uploads import keep_parameters, read_parameters

        return keep_parameters(self.engine.store, read_parameters(_existing(str(path))))

    def _weights_file(self, path: Path, data: DataSpec) -> GivenWeights:
        from fil_core.engine.weights import keep_weights, read_weights

        dataset = self.engine.dataset(data, self.progress)
        return keep_weights(self.engine.store, read_weights(str(path)), dataset)

    def request(self, kind: type[Request]) -> Request:
        """The request of a kind that the options ask for."""
        data = data_spec(self.options)
        parts: dict[str, Any] = {"data": data, "device": self.options.device}
        if issubclass(kind, ModelRequest):
            parts["model"] = self.model_spec(data)
        return build(kind, self.options, **parts)

    def answer(self, request: Request, answer_all: AnswerAll | None = None) -> Result:
        """The stored result, or the computed one; what a reader must know goes to stderr."""
        found = None if self.options.force else self.engine.find(request, self.progress)
        self.cached = self.cached and found is not None
        self._dataset = self.engine.dataset(request.data)
        result = found or self.engine.compute(request, self.progress, replace=self.options.force, answer_all=answer_all)
        self.progress.close()
        self.tell(result)
        return result

    def tell(self, result: Result) -> None:
        """What a reader of a result must know, on stderr; several results may have the same to say, once."""
        for notice in (*result.provenance["warnings"], self.engine.store.notice):
            if notice and notice not in self._told:
                self._told.add(notice)
                print(f"note: {notice}", file=sys.stderr)

    def finish(self, table: Any, line: dict[str, Any], words: str) -> int:
        """Write the table if asked to; print the line as JSON, or in words.

        Args:
            table: what --out gets.
            line: for --json, to which what every command reports is added.
            words: for a person.
        """
        from fil_core.engine.store.export import write_table

        if self.options.out is not None:
            write_table(self._called(table), self.options.out)
        seconds = time.perf_counter() - self.start
        common = {"seconds": round(seconds, 3), "peak_memory_mib": _peak_memory_mib(), "cached": self.cached}
        stored = " (stored result)" if self.cached else ""
        print(
            json.dumps(strict(line | common), allow_nan=False)
            if self.options.json
            else f"{words}\nComputed in {seconds:.2f} s{stored}."
        )
        return 0

    def with_scores(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table of the last answer, with the scores of --scores beside it."""
        from fil_core.engine.uploads import joined, keep_scores, read_scores, scores_of

        if self.options.scores is None or self._dataset is None:
            return table
        store = self.engine.store
        name = keep_scores(store, read_scores(_existing(self.options.scores)), self._dataset)
        scores, notes = scores_of(store, name, self._dataset)
        for note in notes:
            print(f"note: {note}", file=sys.stderr)
        return joined(table, scores)

    def _called(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of examples under the names that their source gives them."""
        import pandas as pd

        if self._dataset is None or self._dataset.id_names is None or table.index.name != "id":
            return table
        return table.set_axis(pd.Index(self._dataset.called(table.index.to_numpy()), name="id"))


def strict(value: Any) -> Any:
    """The value with null for what JSON has no number for, as a score over no test rows."""
    if isinstance(value, dict):
        return {name: strict(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [strict(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _peak_memory_mib() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)  # bytes on macOS, KiB elsewhere


class Reporter:
    """Progress on stderr: one line that is rewritten on a terminal, a line a second otherwise."""

    def __init__(self) -> None:
        self._shown, self._last = 0.0, ""

    def __call__(self, done: int, total: int | None, what: str) -> None:
        """Show how far the work is."""
        now = time.monotonic()
        if now - self._shown < (0.1 if sys.stderr.isatty() else 1.0) and what == self._last:
            return
        self._shown, self._last = now, what
        text = f"{what}: {done:,} of {total:,}" if total else what
        print(f"\r\x1b[K{text}" if sys.stderr.isatty() else text, end="", file=sys.stderr, flush=True)
        if not sys.stderr.isatty():
            print(file=sys.stderr)

    def close(self) -> None:
        """Leave a clean line behind."""
        if sys.stderr.isatty() and self._shown:
            print("\r\x1b[K", end="", file=sys.stderr)
