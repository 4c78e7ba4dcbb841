"""Looking into a file in a process of its own, so that nothing in it can take the server down.

The process may use so much memory and so much time; what it finds, or why it stopped, comes back as JSON lines.
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
_FOR_WANT_OF_MEMORY = (-6, -9)  # SIGABRT, SIGKILL
_MOST_MEMORY = 8 * 2**30  # bytes of addresses, of which libraries reserve one or two without using them
_LEAST_MEMORY = 4 * 2**30
_SECONDS = 900.0
_SHARE = 0.75  # of the free memory


def preview_aside(
    path: Path, categorical: tuple[str, ...] = (), *, title: str = "", seconds: float = _SECONDS
) -> dict[str, Any]:
    """`reading.preview`, elsewhere; `title` is what messages call the file.

    Raises:
        BadData: what it raises; or the file takes more memory or time than it may.
    """
    asked = {"do": "preview", "path": str(path), "title": title, "categorical": list(categorical)}
    return _ask(asked, None, seconds)


def add_aside(
    path: Path, chosen: Choices, *, title: str, progress: Progress | None = None, seconds: float = _SECONDS
) -> OwnData:
    """`register.add`, elsewhere.

    Raises:
        BadData: what it raises; or the file takes more memory or time than it may.
    """
    asked = {"do": "add", "path": str(path), "choices": chosen.plain(), "title": title}
    return find(_ask(asked, progress, seconds)["name"])


def _ask(asked: dict[str, Any], progress: Progress | None, seconds: float) -> dict[str, Any]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))}
    process = subprocess.Popen(
        [sys.executable, "-m", "fil_core.data.own.sandbox"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, encoding="utf-8", env=environment, start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.close()
        return _answer(process.stdout, progress)
    except EOFError:
        why = f"it took more than {seconds:.0f} seconds" if late.is_set() else _death(process.wait())
        raise BadData(f"file: expected one that can be looked into; {why}. Give a smaller part of it.") from None
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        process.stdout.close()


def _answer(lines: Any, progress: Progress | None) -> dict[str, Any]:
    for line in lines:
        said = json.loads(line)
        if "progress" in said:
            if progress:
                progress(*said["progress"])
        elif "error" in said:
            raise BadData(said["error"])
        else:
            return said["answer"]
    raise EOFError


def _death(code: int) -> str:
    """Why a reader ended without an answer; what asks for more memory than it may aborts or is killed."""
    if code in _FOR_WANT_OF_MEMORY:
        return f"it took more than {_allowed() / 2**30:.0f} GiB of memory"
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"its reader ended ({cause}), for want of memory or because the file is damaged"


def _allowed() -> int:
    import psutil

    return int(min(_MOST_MEMORY, max(_LEAST_MEMORY, _SHARE * psutil.virtual_memory().available)))


def _preview(asked: dict[str, Any], tell: Progress) -> dict[str, Any]:
    return preview(Path(asked["path"]), tuple(asked["categorical"]))


def _add(asked: dict[str, Any], tell: Progress) -> dict[str, Any]:
    return {"name": add(Path(asked["path"]), choices_of(asked["choices"]), title=asked["title"], progress=tell).name}


_WORK: dict[str, Callable[[dict[str, Any], Progress], dict[str, Any]]] = {"preview": _preview, "add": _add}


def main() -> None:
    """The other side: one question on stdin, lines of JSON on what was stdout."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not part of the answer

    def say(**what: Any) -> None:
        said.write(json.dumps(what) + "\n")
        said.flush()

    _limit_memory()
    asked = json.loads(sys.stdin.readline())
    try:
        say(answer=_WORK[asked["do"]](asked, lambda *far: say(progress=far)))
    except FilError as error:
        # A file that was handed in is kept under its content; a person knows it by its own name.
        kept = Path(asked["path"]).name
        say(error=str(error).replace(kept, asked["title"] or kept))
    except MemoryError:
        say(error=f"file: expected one that fits in {_allowed() / 2**30:.0f} GiB of memory. Give a smaller part of it.")
    except Exception as error:  # parsers of foreign bytes raise anything; their words stay here
        say(error=f"file: expected one that can be read; its reader stopped ({type(error).__name__}). Is it damaged?")


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_AS, (_allowed(), _allowed()))


if __name__ == "__main__":
    main()
