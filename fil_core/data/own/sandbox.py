"""Read uploaded files in a sandbox: a process of its own with limits on memory and time.

A file that crashes its reader, or exhausts it, cannot take the server down. The process gets one request as a line of
JSON on stdin and answers with lines of JSON on stdout: progress, then a result or an error.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fil_core.data.own.choices import Choices, choices_of
from fil_core.data.own.reading import preview
from fil_core.data.own.register import OwnData, add, find
from fil_core.errors import BadData, FilError
from fil_core.progress import Progress

_ROOT = Path(__file__).parents[3]
_OUT_OF_MEMORY = (-6, -9)  # exit codes for SIGABRT and SIGKILL
_MAX_MEMORY = 8 * 2**30  # bytes of address space, of which libraries reserve one or two GiB without using them
_MIN_MEMORY = 4 * 2**30
_SECONDS = 900.0
_SHARE = 0.75  # of the available memory


def preview_in_sandbox(
    path: Path, choices: Choices | None = None, *, title: str = "", seconds: float = _SECONDS
) -> dict[str, Any]:
    """`reading.preview` in the sandbox.

    Args:
        path: the file.
        choices: how its entries are to be read; None for the notation that the file suggests.
        title: name of the file in error messages; empty for its name on disk.
        seconds: time limit.

    Returns:
        As `reading.preview`.

    Raises:
        BadData: any error of `reading.preview`, or the file exceeds the limits on memory or time.
    """
    plain = None if choices is None else choices.plain()
    request = {"task": "preview", "path": str(path), "title": title, "choices": plain}
    return _run(request, None, seconds)


def add_in_sandbox(
    path: Path, choices: Choices, *, title: str, progress: Progress | None = None, seconds: float = _SECONDS
) -> OwnData:
    """`register.add` in the sandbox.

    Args:
        path: the file.
        choices: how to read it.
        title: name of the data set, also in error messages.
        progress: called with (done, total or None, description).
        seconds: time limit.

    Returns:
        The entry of the register.

    Raises:
        BadData: any error of `register.add`, or the file exceeds the limits on memory or time.
    """
    request = {"task": "add", "path": str(path), "choices": choices.plain(), "title": title}
    return find(_run(request, progress, seconds)["name"])


def _run(request: dict[str, Any], progress: Progress | None, seconds: float) -> dict[str, Any]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))}
    process = subprocess.Popen(
        [sys.executable, "-m", "fil_core.data.own.sandbox"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, encoding="utf-8", env=environment, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    timed_out = threading.Event()

    def stop() -> None:
        timed_out.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.close()
        return _result(process.stdout, progress)
    except EOFError:
        cause = f"it took more than {seconds:.0f} seconds" if timed_out.is_set() else _exit_cause(process.wait())
        raise BadData(f"file: expected one that can be read within the limits; {cause}. Use a part of it.") from None
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


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


def _exit_cause(code: int) -> str:
    """Why the sandbox ended without a result; a process beyond the memory limit aborts or is killed."""
    if code in _OUT_OF_MEMORY:
        return f"it took more than {_memory_limit() / 2**30:.0f} GiB of memory"
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the process that read it ended ({cause}): it ran out of memory, or the file is damaged"


def _memory_limit() -> int:
    """Bytes of address space of the sandbox."""
    import psutil

    return int(min(_MAX_MEMORY, max(_MIN_MEMORY, _SHARE * psutil.virtual_memory().available)))


def _preview(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    choices = request["choices"]
    return preview(Path(request["path"]), None if choices is None else choices_of(choices))


def _add(request: dict[str, Any], progress: Progress) -> dict[str, Any]:
    choices = choices_of(request["choices"])
    return {"name": add(Path(request["path"]), choices, title=request["title"], progress=progress).name}


_TASKS: dict[str, Callable[[dict[str, Any], Progress], dict[str, Any]]] = {"preview": _preview, "add": _add}


def main() -> None:
    """Run inside the sandbox: one request on stdin, lines of JSON on the original stdout."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # output of libraries must not mix with the answer

    def send(**message: Any) -> None:
        output.write(json.dumps(message) + "\n")
        output.flush()

    _limit_memory()
    request = json.loads(sys.stdin.readline())
    try:
        send(result=_TASKS[request["task"]](request, lambda *progress: send(progress=progress)))
    except FilError as error:
        # An uploaded file is stored under its digest; the message names it as the user does.
        name = Path(request["path"]).name
        send(error=str(error).replace(name, request["title"] or name))
    except MemoryError:
        limit = f"{_memory_limit() / 2**30:.0f} GiB"
        send(error=f"file: expected one that fits in {limit} of memory; got a larger one. Use a part of it.")
    except Exception as error:  # parsers of untrusted bytes raise anything; the error's own text may quote the file
        cause = f"reading it failed ({type(error).__name__})"
        send(error=f"file: expected one that can be read; {cause}. Check that it is not damaged and save it again.")


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not available on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_memory_limit(), _memory_limit()))


if __name__ == "__main__":
    main()
