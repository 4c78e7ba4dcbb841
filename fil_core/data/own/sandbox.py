"""Read uploaded files in a sandbox: a process of its own with limits on memory and time.

A file that crashes its reader, or exhausts it, cannot take the server down. The process gets one request as a line of
JSON on stdin and answers with lines of JSON on stdout: progress, then a result or an error. Tables and arrays come back
as files in a temporary folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.choices import Choices, choices_of
from fil_core.data.own.directory import temporary_folder
from fil_core.data.own.faults import unread
from fil_core.data.own.frames import read_frame
from fil_core.data.own.network import read_network
from fil_core.data.own.parameters import read_parameters
from fil_core.data.own.readers import QUEUE, end_with_parent, limit_memory, memory_limit
from fil_core.data.own.reading import preview
from fil_core.data.own.records import ARRAYS, Records, read_records
from fil_core.data.own.register import OwnData, add, find
from fil_core.data.own.signals import read_signals
from fil_core.errors import BadData, DataUnavailable, FilError
from fil_core.progress import Progress

_ROOT = Path(__file__).parents[3]
_OUT_OF_MEMORY = (-6, -9)  # exit codes for SIGABRT and SIGKILL
_SECONDS = 900.0
# Files in which a result comes back.
_TABLE, _PARAMETERS, _NETWORK, _SIGNALS = "table.arrow", "theta.npy", "network.safetensors", "signals.npz"
_RECORDS = "records.npz"


def preview_in_sandbox(
    path: Path,
    choices: Choices | None = None,
    *,
    title: str = "",
    progress: Progress | None = None,
    seconds: float = _SECONDS,
) -> dict[str, Any]:
    """`reading.preview` in the sandbox.

    Args:
        path: the file.
        choices: how its entries are to be read; None for the notation that the file suggests.
        title: name of the file in error messages; empty for its name on disk.
        progress: called with (done, total or None, description).
        seconds: time limit, from when it is the file's turn.

    Returns:
        As `reading.preview`.

    Raises:
        BadData: any error of `reading.preview`, or the file exceeds the limits on memory or time.
    """
    plain = None if choices is None else choices.plain()
    request = {"task": "preview", "path": str(path), "title": title, "choices": plain}
    return _run(request, progress, seconds)


def add_in_sandbox(
    path: Path, choices: Choices, *, title: str, progress: Progress | None = None, seconds: float = _SECONDS
) -> OwnData:
    """`register.add` in the sandbox.

    Args:
        path: the file.
        choices: how to read it.
        title: name of the data set, also in error messages.
        progress: called with (done, total or None, description).
        seconds: time limit, from when it is the file's turn.

    Returns:
        The entry of the register.

    Raises:
        BadData: any error of `register.add`, or the file exceeds the limits on memory or time.
    """
    request = {"task": "add", "path": str(path), "choices": choices.plain(), "title": title}
    return find(_run(request, progress, seconds)["name"])


def table_in_sandbox(
    path: Path,
    texts: Collection[str] = (),
    *,
    title: str = "",
    progress: Progress | None = None,
    seconds: float = _SECONDS,
) -> pd.DataFrame:
    """`frames.read_frame` in the sandbox.

    Args:
        path: the file.
        texts: names of columns that keep their text.
        title: name of the file in error messages; empty for its name on disk.
        progress: called with (done, total or None, description).
        seconds: time limit, from when it is the file's turn.

    Raises:
        BadData: any error of `frames.read_frame`, or the file or its table exceeds the limits.
        DataUnavailable: no temporary folder can be made.
    """
    request = {"task": "table", "path": str(path), "texts": list(texts), "title": title}
    with _folder(title or path.name) as folder:
        _run(request | {"folder": str(folder)}, progress, seconds)
        table = _read_table(folder)
    assert table is not None
    return table


def parameters_in_sandbox(
    path: Path, *, title: str = "", progress: Progress | None = None, seconds: float = _SECONDS
) -> np.ndarray:
    """`parameters.read_parameters` in the sandbox.

    Args:
        path: the file.
        title: name of the file in error messages; empty for its name on disk.
        progress: called with (done, total or None, description).
        seconds: time limit, from when it is the file's turn.

    Raises:
        BadData: any error of `read_parameters`, or the file exceeds the limits.
        DataUnavailable: no temporary folder can be made.
    """
    request = {"task": "parameters", "path": str(path), "title": title}
    with _folder(title or path.name) as folder:
        _run(request | {"folder": str(folder)}, progress, seconds)
        return np.load(folder / _PARAMETERS, allow_pickle=False)


def network_in_sandbox(
    path: Path, *, title: str = "", progress: Progress | None = None, seconds: float = _SECONDS
) -> dict[str, np.ndarray]:
    """`network.read_network` in the sandbox.

    Args:
        path: the file.
        title: name of the file in error messages; empty for its name on disk.
        progress: called with (done, total or None, description).
        seconds: time limit, from when it is the file's turn.

    Raises:
        BadData: any error of `read_network`, or the file exceeds the limits.
        DataUnavailable: no temporary folder can be made.
    """
    from safetensors.numpy import load_file

    request = {"task": "network", "path": str(path), "title": title}
    with _folder(title or path.name) as folder:
        _run(request | {"folder": str(folder)}, progress, seconds)
        arrays = load_file(folder / _NETWORK)
        return {name: arrays[name] for name in sorted(arrays)}


def signals_in_sandbox(
    path: Path, *, title: str = "", progress: Progress | None = None, seconds: float = _SECONDS
) -> dict[str, np.ndarray]:
    """`signals.read_signals` in the sandbox.

    Args:
        path: the file.
        title: name of the file in error messages; empty for its name on disk.
        progress: called with (done, total or None, description).
        seconds: time limit, from when it is the file's turn.

    Raises:
        BadData: any error of `read_signals`, or the file exceeds the limits.
        DataUnavailable: no temporary folder can be made.
    """
    request = {"task": "signals", "path": str(path), "title": title}
    with _folder(title or path.name) as folder:
        _run(request | {"folder": str(folder)}, progress, seconds)
        with np.load(folder / _SIGNALS, allow_pickle=False) as arrays:
            return dict(arrays)


def records_in_sandbox(
    path: Path,
    shape: tuple[int, ...] | None = None,
    *,
    title: str = "",
    progress: Progress | None = None,
    seconds: float = _SECONDS,
) -> Records:
    """`records.read_records` in the sandbox.

    Args:
        path: the file.
        shape: of the pictures of the training data; None where it has none.
        title: name of the file in error messages, and of a single picture; empty for its name on disk.
        progress: called with (done, total or None, description).
        seconds: time limit, from when it is the file's turn.

    Raises:
        BadData: any error of `read_records`, or the file exceeds the limits.
        DataUnavailable: no temporary folder can be made.
    """
    request = {"task": "records", "path": str(path), "title": title, "shape": shape}
    with _folder(title or path.name) as folder:
        notes = _run(request | {"folder": str(folder)}, progress, seconds)["notes"]
        with np.load(folder / _RECORDS, allow_pickle=False) as arrays:
            return Records(table=_read_table(folder), notes=tuple(notes), **arrays)


def end_readers() -> None:
    """Kill every process that reads a file for this one, as it ends."""
    QUEUE.end()


@contextmanager
def _folder(title: str) -> Iterator[Path]:
    """A temporary folder for a result."""
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(temporary_folder())
        except OSError as error:
            raise DataUnavailable(
                f"{title}: expected a folder for what is read; {error.strerror or error}. Set FIL_STORE_DIR to "
                "another folder."
            ) from error
        yield folder


def _read_table(folder: Path) -> pd.DataFrame | None:
    """The table that the sandbox wrote into a folder; None where it wrote none."""
    from pyarrow import feather

    written = folder / _TABLE
    return feather.read_feather(written, use_threads=False, memory_map=False) if written.exists() else None


def _run(request: dict[str, Any], progress: Progress | None, seconds: float) -> dict[str, Any]:
    memory = memory_limit()
    request = request | {"title": request["title"] or Path(request["path"]).name, "memory": memory}
    with QUEUE.place(memory, progress) as started, _process() as process:
        started(process)
        return _answer(process, request, progress, seconds)


@contextmanager
def _process() -> Iterator[subprocess.Popen[str]]:
    """A process of the sandbox, which is killed at the end."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))}
    process = subprocess.Popen(
        [sys.executable, "-m", "fil_core.data.own.sandbox"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, encoding="utf-8", env=environment, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _answer(
    process: subprocess.Popen[str], request: dict[str, Any], progress: Progress | None, seconds: float
) -> dict[str, Any]:
    """What the process answers within the time limit."""
    assert process.stdin is not None
    timed_out = threading.Event()

    def stop() -> None:
        timed_out.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()  # it stays open: its end tells the process that this one has ended
        return _result(process.stdout, progress)
    except EOFError:
        cause = (
            f"it took more than {seconds:.0f} seconds"
            if timed_out.is_set()
            else _exit_cause(process.wait(), request["memory"])
        )
        raise BadData(
            f"{request['title']}: expected a file that can be read within the limits; {cause}. Use a part of it."
        ) from None
    finally:
        timer.cancel()


def _result(lines: Any, progress: Progress | None) -> dict[str, Any]:
    """The result among the lines of the sandbox; progress is passed on.

    Raises:
        BadData: the sandbox reported an error.
        EOFError: the sandbox ended without a result.
    """
    for line in lines:
        message = json.loads(line)
        if "progress" in message:
            if progress:
                progress(*message["progress"])
        elif "error" in message:
            raise BadData(message["error"])
        else:
            return message["result"]
    raise EOFError


def _exit_cause(code: int, memory: int) -> str:
    """Why the sandbox ended without a result; a process beyond the memory limit aborts or is killed."""
    if code in _OUT_OF_MEMORY:
        return f"it took more than {memory / 2**30:.0f} GiB of memory"
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the process that read it ended ({cause}): it ran out of memory, or the file is damaged"


def _preview(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    choices = request["choices"]
    return preview(Path(request["path"]), None if choices is None else choices_of(choices))


def _add(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    choices = choices_of(request["choices"])
    return {"name": add(Path(request["path"]), choices, title=request["title"], progress=progress).name}


def _table(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    path = Path(request["path"])
    _write_table(read_frame(path, request["texts"]), path.name, request)
    return {}


def _write_table(table: pd.DataFrame, name: str, request: dict[str, Any]) -> None:
    from pyarrow import feather

    written = Path(request["folder"]) / _TABLE
    feather.write_feather(table, written, compression="uncompressed")
    if (size := written.stat().st_size) > limits.TABLE_BYTES:
        raise BadData(
            f"{name}: expected a table of at most {limits.TABLE_BYTES:,} bytes; got {size:,}. Use fewer columns."
        )


def _parameters(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    np.save(Path(request["folder"]) / _PARAMETERS, read_parameters(Path(request["path"])), allow_pickle=False)
    return {}


def _network(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    from safetensors.numpy import save_file

    save_file(read_network(Path(request["path"])), Path(request["folder"]) / _NETWORK)
    return {}


def _signals(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    arrays: dict[str, Any] = read_signals(Path(request["path"]))
    np.savez(Path(request["folder"]) / _SIGNALS, **arrays)
    return {}


def _records(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    path, shape = Path(request["path"]), request["shape"]
    records = read_records(path, None if shape is None else tuple(shape), title=request["title"])
    if records.table is not None:
        _write_table(records.table, path.name, request)
    arrays: dict[str, Any] = {name: array for name in ARRAYS if (array := getattr(records, name)) is not None}
    np.savez(Path(request["folder"]) / _RECORDS, **arrays)
    return {"notes": records.notes}


_TASKS: dict[str, Callable[[dict[str, Any], Progress], dict[str, Any]]] = {
    "preview": _preview, "add": _add, "table": _table, "parameters": _parameters, "network": _network,
    "signals": _signals, "records": _records,
}  # fmt: skip


def main() -> None:
    """Run inside the sandbox: one request on stdin, lines of JSON on the original stdout."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # output of libraries must not mix with the answer

    def send(**message: Any) -> None:
        output.write(json.dumps(message) + "\n")
        output.flush()

    request = json.loads(sys.stdin.readline())
    end_with_parent()
    limit_memory(request["memory"])
    title = request["title"]
    try:
        send(result=_TASKS[request["task"]](request, lambda *progress: send(progress=progress)))
    except FilError as error:
        # An uploaded file is stored under its digest; the message names it as the user does.
        send(error=str(error).replace(Path(request["path"]).name, title))
    except MemoryError:
        limit = f"{request['memory'] / 2**30:.0f} GiB"
        send(error=f"{title}: expected a file that fits in {limit} of memory; got a larger one. Use a part of it.")
    except Exception as error:  # parsers of untrusted bytes raise anything; the error's own text may quote the file
        send(error=str(unread(title, error)))


if __name__ == "__main__":
    main()
