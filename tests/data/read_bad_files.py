"""Reads files of one's own in a process by itself, one JSON line each; what a server would go through.

On stdin: {"good": [path, choices], "files": [[path, choices], ...]}. The last line has the peak of memory and eta of
the good file, which was asked for after all the others.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from fil_core.analyses.fil.request import FilRequest
from fil_core.data.own import Choices, add
from fil_core.data.own.reading import preview
from fil_core.engine import Engine
from fil_core.specs import DataSpec

STATUS = Path("/proc/self/status")


def outcome(call: Any) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        call()
        kind, says = "", ""
    except BaseException as error:
        kind, says = type(error).__name__, str(error)
    return {"kind": kind, "says": says, "seconds": time.perf_counter() - start}


def asked(path: str, choices: dict[str, Any]) -> dict[str, Any]:
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in choices.items()}
    read = outcome(lambda: add(Path(path), Choices(**given)))
    return read | {"preview": outcome(lambda: preview(Path(path)))}


def resident_mib(which: str) -> float:
    """VmRSS, what is resident now, or VmHWM, the most that was; getrusage would count the parent before exec too."""
    if not STATUS.exists():
        return 0.0
    status = STATUS.read_text()
    return int(status.split(f"{which}:")[1].split()[0]) / 2**10


def main() -> None:
    work = json.load(sys.stdin)
    path, choices = work["good"]
    entry = add(Path(path), Choices(**choices, test_fraction=0.5))  # everything is loaded before memory is measured
    Engine().get(FilRequest(data=DataSpec(name=entry.name)))
    start = resident_mib("VmRSS")
    for file in work["files"]:
        print(json.dumps(asked(*file)), flush=True)
    extra = resident_mib("VmHWM") - start
    entry = add(Path(path), Choices(**choices))
    eta = Engine().get(FilRequest(data=DataSpec(name=entry.name))).table["eta"]
    print(json.dumps({"extra_mib": extra, "eta": eta.tolist()}))


if __name__ == "__main__":
    main()
