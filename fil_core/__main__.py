"""The command line: `python -m fil_core ...`. It asks the engine, prints and writes; it computes nothing itself."""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from typing import Any, get_args

from fil_core.errors import FilError
from fil_core.specs import DEFAULT_L2, DataSpec, Device, FilRequest, ModelKind, ModelSpec, Preprocess

_BAD_INPUT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: arguments without the program's name; None takes the process's own.

    Returns:
        0, or 2 for bad input, after one readable line on stderr.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without × or λ shows a question mark instead
    options = _parser().parse_args(argv)
    try:
        status = options.run(options)
        sys.stdout.flush()
        return status
    except FilError as error:
        print(f"fil_core: {error}", file=sys.stderr)
        return _BAD_INPUT
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        _leave_stdout()
        return 0
    except OSError as error:
        _leave_stdout()
        print(f"fil_core: a file could not be read or written ({error}).", file=sys.stderr)
        return _BAD_INPUT


def _leave_stdout() -> None:
    """Let what could not be written go nowhere: Python would try again on its way out, and fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m fil_core", description="How much a trained model gives away about each training example."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    fil = commands.add_parser(
        "fil", help="Fisher information loss of every training example", description=_run_fil.__doc__
    )
    _data_options(fil)
    _model_options(fil)
    fil.add_argument(
        "--attribute",
        metavar="NAME[,NAME]",
        type=_names,
        default=(),
        help="only what an attacker of these attributes (names or column numbers) learns",
    )
    fil.add_argument(
        "--simplex",
        action="store_true",
        help="the attribute is one-hot with all levels: only directions that sum to zero",
    )
    fil.add_argument("--sigma", type=_number, default=1.0, help="standard deviation of the output noise (default 1)")
    fil.add_argument("--out", metavar="FILE", help="write one row per training example to FILE.parquet or FILE.csv")
    _run_options(fil)
    fil.set_defaults(run=_run_fil)
    listing = commands.add_parser("data", help="list the data sets", description=_run_data.__doc__)
    listing.add_argument("--data-dir", metavar="DIR", help="folder with the data files (default: FIL_DATA_DIR)")
    listing.set_defaults(run=_run_data)
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:  # one readable line, as for every other bad input
        self.exit(_BAD_INPUT, f"fil_core: {message}. See {self.prog} --help.\n")


def _data_options(parser: argparse.ArgumentParser) -> None:
    data = parser.add_argument_group("data")
    data.add_argument(
        "--data", metavar="NAME", default="digits", help="data set (see the command `data`); default digits"
    )
    data.add_argument("--data-dir", metavar="DIR", help="folder with the data files (default: FIL_DATA_DIR)")
    data.add_argument(
        "--classes", metavar="A,B", type=_names, default=(), help="keep only these classes, in this order"
    )
    data.add_argument("--subset", metavar="N", type=_whole, help="a random draw of N training rows")
    data.add_argument("--seed", metavar="S", type=_whole, default=0, help="seed of that draw (default 0)")
    data.add_argument("--preprocess", choices=get_args(Preprocess), help="default: the data set's own convention")
    data.add_argument("--pca", metavar="K", type=_whole, help="project on the first K principal directions")


def _model_options(parser: argparse.ArgumentParser) -> None:
    model = parser.add_argument_group("model")
    model.add_argument("--model", choices=get_args(ModelKind), default="least-squares", help="default least-squares")
    defaults = ", ".join(f"{value:g} for {kind}" for kind, value in DEFAULT_L2.items())
    model.add_argument("--l2", metavar="L", type=_number, help=f"penalty, multiplied by n (default {defaults})")


def _run_options(parser: argparse.ArgumentParser) -> None:
    run = parser.add_argument_group("run")
    run.add_argument("--device", choices=get_args(Device), default="auto", help="auto takes CUDA where there is one")
    run.add_argument("--force", action="store_true", help="compute even if the result is stored")
    run.add_argument("--json", action="store_true", help="end with one line of JSON on stdout")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names between commas, got {text!r}")
    return names


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}") from None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r}") from None


def _data_spec(options: argparse.Namespace) -> DataSpec:
    return DataSpec(
        name=options.data,
        classes=options.classes,
        subset=options.subset,
        seed=options.seed,
        preprocess=options.preprocess,
        pca=options.pca,
        data_dir=options.data_dir,
    )


def _run_fil(options: argparse.Namespace) -> int:
    """Fisher information loss, and what stands beside it, of every training example."""
    from fil_core.engine import Engine
    from fil_core.engine.export import check_table_path, write_table

    start = time.perf_counter()
    if options.out is not None:
        check_table_path(options.out)  # before minutes of work, not after
    request = FilRequest(
        data=_data_spec(options),
        model=ModelSpec(kind=options.model, l2=options.l2),
        attribute=options.attribute,
        simplex=options.simplex,
        sigma=options.sigma,
        device=options.device,
    )
    engine, progress = Engine(), Reporter()
    found = None if options.force else engine.find(request, progress)
    result = found or engine.compute(request, progress, replace=options.force)
    progress.close()
    for notice in (*result.provenance["warnings"], engine.store.notice):
        if notice:
            print(f"note: {notice}", file=sys.stderr)
    if options.out is not None:
        write_table(result.table, options.out)
    wanted = [
        "n",
        "d",
        "eta_mean",
        "eta_std",
        "eta_min",
        "eta_median",
        "eta_max",
        "train_score",
        "test_score",
        "converged",
    ]
    line = {name: result.summary[name] for name in wanted} | {
        "seconds": round(time.perf_counter() - start, 3),
        "peak_memory_mib": _peak_memory_mib(),
        "cached": found is not None,
        "score": result.summary["score"],
        "device": result.provenance["device"],
    }
    # A score over no test rows is not a number, which JSON has no word for but null.
    strict = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in line.items()}
    print(json.dumps(strict, allow_nan=False) if options.json else _in_words(line))
    return 0


def _run_data(options: argparse.Namespace) -> int:
    """List the data sets, and whether their files are there."""
    from fil_core.data import catalogue, data_directory

    folder = data_directory(options.data_dir)
    for name, source in catalogue().items():
        missing = [f for f in source.files if not (folder / f).exists()]
        state = "ready" if not missing else "downloads on first use" if source.downloadable else "files missing"
        print(f"{name:14} {state:23} {source.description}")
    print(f"Files are looked for in {folder}.")
    return 0


def _in_words(line: dict[str, Any]) -> str:
    return (
        f"{line['n']:,} training examples, {line['d']:,} features. eta: mean {line['eta_mean']:.4g}, "
        f"standard deviation {line['eta_std']:.4g}, median {line['eta_median']:.4g}, maximum {line['eta_max']:.4g}.\n"
        f"{line['score'].capitalize()}: {line['train_score']:.4g} train, {line['test_score']:.4g} test. "
        f"{line['seconds']:.2f} s{' (stored result)' if line['cached'] else ''}."
    )


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


if __name__ == "__main__":
    sys.exit(main())
