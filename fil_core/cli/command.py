"""The work of one command: from its options to a stored or computed result, and from the result to its output."""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fil_core.cli import terminal
from fil_core.cli.data import data_spec, existing_file, outside_name
from fil_core.cli.derived import (
    build,
    data_values,
    kernel_places,
    kernel_values,
    model_values,
    network_places,
    network_values,
)
from fil_core.cli.outputs import check_is_no_input
from fil_core.cli.progress import Reporter
from fil_core.errors import BadRequest, FilError
from fil_core.result import Result
from fil_core.specs import DataSpec, KernelSpec, ModelRequest, ModelSpec, NetworkSpec, Request
from fil_core.specs.paths import user_path
from fil_core.specs.weights import GivenWeights

if TYPE_CHECKING:
    import pandas as pd

    from fil_core.analyses.analysis import Analysis
    from fil_core.analyses.subject import Subject
    from fil_core.dataset import Dataset
    from fil_core.engine.run import AnswerAll


_LONG = 20.0  # seconds from which on it is said how long the work takes


class Command:
    """The work of one command: answers requests with progress on stderr, then writes the table and prints the result.

    Attributes:
        options: the options of the command line.
        engine: answers the requests, with the user's own store.
        progress: shows progress on stderr.
        cached: whether all results so far came from the store.
        notes: what was said about the data and the results, in the order in which it was printed.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        """Checks the path of the output file before the work starts, and clears what killed processes left."""
        from fil_core.data.own.uploads import tidy
        from fil_core.engine import Engine
        from fil_core.engine.store.export import check_table_path

        self.options, self._start = options, time.perf_counter()
        if options.out is not None:
            check_is_no_input(check_table_path(options.out, getattr(options, "files", ())), options)
        # Of another command the scores are names, not a file.
        if isinstance(scores := getattr(options, "scores", None), str) and not getattr(options, "in_blocks", False):
            existing_file("scores", scores)
        tidy()
        self.engine, self.progress = Engine(), Reporter()
        self.cached = True
        self._dataset: Dataset | None = None
        self.notes: list[str] = []

    def data_spec(self) -> DataSpec:
        """The data that the options ask for; weights of a network for features go from their file into the store."""
        values = data_values(self.options)
        file = values.get("extractor")
        if isinstance(from_ := values.get("features_from"), Path):
            if file is not None:
                raise BadRequest(
                    "features_from: expected the name of a network beside --extractor; got a file. Name one of the two."
                )
            file, self.options.features_from = from_, None
        if isinstance(file, Path):
            self._extractor_file(file)
        spec = data_spec(self.options, self.note)
        _refuse_unused(spec, {name: value for name, value in data_values(self.options).items() if name != "name"})
        return spec

    def _extractor_file(self, path: Path) -> None:
        """Put weights into the store, and name them, and the network that they are of, in the options."""
        from fil_core.engine.uploads import keep_extractor

        digest, network = keep_extractor(
            self.engine.store, existing_file("extractor", path), title=path.name, network=self.options.features_from
        )
        self.options.extractor, self.options.features_from = digest, network

    def model_spec(self, data: DataSpec) -> ModelSpec:
        """The model that the options ask for; weights and parameters from files go into the store first."""
        values = model_values(self.options)
        if isinstance(path := values.get("weights"), Path):
            values["weights"] = self._weights_file(path, data)
        if isinstance(path := values.get("parameters"), Path):
            values["parameters"] = self._parameters_file(path)
        return ModelSpec(**values)

    def network_spec(self, kind: type[Request]) -> NetworkSpec:
        """The network of a request of some kind; weights to start from go from their file into the store first."""
        values = network_values(kind, self.options)
        if isinstance(path := values.get("initial"), Path):
            values["initial"] = self._network_file(path)
        spec = NetworkSpec(**values)
        _refuse_unused(spec, values)
        return spec

    def _network_file(self, path: Path) -> str:
        from fil_core.data.own.network import read_network
        from fil_core.engine.uploads import keep_network

        return keep_network(self.engine.store, read_network(existing_file("initial", path)), title=path.name)

    def _parameters_file(self, path: Path) -> str:
        from fil_core.data.own.parameters import read_parameters
        from fil_core.engine.uploads import keep_parameters

        return keep_parameters(self.engine.store, read_parameters(existing_file("parameters", path)), title=path.name)

    def _weights_file(self, path: Path, data: DataSpec) -> GivenWeights:
        from fil_core.engine.weights import keep_weights, read_weights

        file = user_path("weights", path)
        table = read_weights(str(existing_file("weights", file) if file.exists() else file))  # a pipe would hang
        return keep_weights(self.engine.store, table, self.engine.dataset(data, self.progress), title=path.name)

    def _groups_file(self, path: Path, data: DataSpec) -> str:
        from fil_core.engine.groups import keep_groups, read_groups

        table = read_groups(str(existing_file("group", path)))
        return keep_groups(self.engine.store, table, self.engine.dataset(data, self.progress), title=path.name)

    def _signals_file(self, path: Path, data: DataSpec) -> str:
        from fil_core.data.own.signals import read_signals
        from fil_core.engine.signals import keep_signals

        arrays = read_signals(existing_file("signals", path))
        return keep_signals(self.engine.store, arrays, self.engine.dataset(data, self.progress), title=path.name)

    def _records_file(self, path: Path, data: DataSpec) -> str:
        from fil_core.data.own.records import read_records
        from fil_core.engine.records import keep_records

        dataset = self.engine.dataset(data, self.progress)
        resize = bool(getattr(self.options, "resize", False))
        try:
            records = read_records(existing_file("new", path), dataset.picture_shape)
            return keep_records(self.engine.store, records, dataset, title=path.name, resize=resize)
        except FilError as error:  # by the name that a person typed
            raise type(error)(re.sub("^records:", "new:", str(error))) from error

    def request(self, kind: type[Request]) -> Request:
        """The request of a kind that the options ask for."""
        data = self.data_spec()
        parts: dict[str, Any] = {"data": data, "device": self.options.device}
        if issubclass(kind, ModelRequest):
            parts["model"] = self.model_spec(data)
        if network_places(kind):
            parts["network"] = self.network_spec(kind)
        if kernel_places(kind):
            values = kernel_values(kind, self.options)
            parts["kernel"] = KernelSpec(**values)
            _refuse_unused(parts["kernel"], values)
        if getattr(self.options, "ood_data", None) is not None:
            self.options.ood_data = outside_name(self.options, self.note)
        if isinstance(path := getattr(self.options, "group", None), Path):
            parts["group"] = self._groups_file(path, data)
        if isinstance(path := getattr(self.options, "signals", None), Path):
            parts["signals"] = self._signals_file(path, data)
        if isinstance(path := getattr(self.options, "new", None), Path):
            parts["new"] = self._records_file(path, data)
        return build(kind, self.options, lambda: self.engine.dataset(data, self.progress), **parts)

    def answer(self, request: Request, answer_all: AnswerAll | None = None) -> Result:
        """The stored result, or the computed one; what was done to its data, and its warnings, go to stderr."""
        stored = None if self.options.force else self.engine.find(request, self.progress)
        self.cached = self.cached and stored is not None
        self._dataset = self.engine.dataset(request.source_data) if request.names_data else None
        if stored is None:
            self._say_how_long(request)
        result = stored or self.engine.compute(
            request, self.progress, replace=self.options.force, answer_all=answer_all
        )
        self.progress.close()
        self.show_notices(result)
        return result

    def _say_how_long(self, request: Request) -> None:
        """How long work that takes more than some seconds will take, on stderr alone: it says nothing of the result."""
        from fil_core.display.numbers import duration
        from fil_core.engine.cost import PER_SECOND, work

        try:
            seconds = work(request, self.engine.dataset(request.source_data), self.engine) / PER_SECOND
        except FilError:  # computing it will raise the same error
            return
        if seconds > _LONG:
            terminal.err(f"This takes {duration(seconds)} on two cores, less on a GPU; what is finished is stored.")

    def show_notices(self, result: Result) -> None:
        """Print the notes on the data of a result, its warnings and those of the store."""
        notes = self._dataset.notes if self._dataset is not None else result.provenance["data"]["notes"]
        for notice in (*notes, *result.provenance["warnings"], self.engine.store.notice, self.engine.store.exposure):
            self.note(notice)

    def note(self, text: str) -> None:
        """Print a note on stderr, each only once per command; an empty one is none."""
        if text and text not in self.notes:
            self.notes.append(text)
            terminal.err(f"note: {text}")

    def finish(
        self,
        table: Any,
        line: dict[str, Any],
        words: str,
        *,
        analysis: Analysis | None = None,
        subject: Subject | None = None,
        done: str = "Computed",
    ) -> int:
        """Write the table with --out; print the result as JSON with --json, else in words.

        Args:
            table: the table for --out.
            line: the values for --json; the notes, seconds, memory and whether the result was stored are added.
            words: the result in words.
            analysis: whose table it is; None for no analysis's own.
            subject: what files of other kinds than tables are made of, see `Analysis.files`.
            done: what took the seconds, as a past participle.
        """
        from fil_core.analyses.naming import named
        from fil_core.engine.store import output
        from fil_core.engine.store.export import check_table_path, write_table

        made = analysis.files.get(self._suffix) if analysis is not None else None
        if made is not None and subject is not None:
            output.write(check_table_path(self.options.out, [self._suffix]), made(subject))
        elif self.options.out is not None:
            write_table(named(table, self._dataset, analysis), self.options.out)
        seconds = time.perf_counter() - self._start
        common: dict[str, Any] = {"notes": self.notes, "cached": self.cached}
        common |= {"seconds": round(seconds, 3), "peak_memory_mib": _peak_memory_mib()}
        stored = " (stored result)" if self.cached else ""
        terminal.out(
            json.dumps(strict(line | common), allow_nan=False)
            if self.options.json
            else f"{words}\n{done} in {seconds:.2f} s{stored}."
        )
        return 0

    @property
    def _suffix(self) -> str:
        """The end of the name of the file that is written; empty for none."""
        return "" if self.options.out is None else Path(self.options.out).suffix.lower()

    def check_out(self, dataset: Dataset) -> None:
        """Refuse pictures of data that are none, before any work is done for them.

        Raises:
            BadRequest: --out names a .png, and the data are no images.
        """
        if self._suffix == ".png" and dataset.image_shape is None:
            raise BadRequest(f"out: expected another kind of file; {dataset.title} holds no images for a .png.")

    def with_scores(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table of the last result, with the columns of --scores beside it."""
        from fil_core.engine.uploads import joined, keep_scores, read_scores, scores_of

        if self.options.scores is None or self._dataset is None:
            return table
        store = self.engine.store
        path = existing_file("scores", self.options.scores)
        name = keep_scores(store, read_scores(path), self._dataset, title=path.name)
        scores, notes = scores_of(store, name, self._dataset)
        for note in notes:
            self.note(note)
        return joined(table, scores)


def _refuse_unused(spec: DataSpec | NetworkSpec | KernelSpec, values: dict[str, Any]) -> None:
    """Refuse a value that the command line sets and that has no part in a spec."""
    for name, value in values.items():
        if value != getattr(spec, name) and (why := spec.unused(name)):
            raise BadRequest(f"{name}: expected nothing, since {why}; got {value}.")


def strict(value: Any) -> Any:
    """The value with None for NaN and infinities, which JSON lacks, such as a score over no test rows."""
    if isinstance(value, dict):
        return {name: strict(v) for name, v in value.items()}
    if isinstance(value, list | tuple):
        return [strict(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _peak_memory_mib() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)  # bytes on macOS, KiB elsewhere
