"""Reads files of own data one after the other in one process, as a server would, and prints a JSON line for each.

On stdin: {"good": [path, choices], "files": [[path, choices], ...]}. The last line has the peak memory, and eta of the
good file, which is read after all the others.
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
        error, message = "", ""
    except BaseException as raised:
        error, message = type(raised).__name__, str(raised)
    return {"error": error, "message": message, "seconds": time.perf_counter() - start}


def outcomes(path: str, choices: dict[str, Any]) -> dict[str, Any]:
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in choices.items()}
    read = outcome(lambda: add(Path(path), Choices(**fields)))
    return read | {"preview": outcome(lambda: preview(Path(path)))}


def resident_mib(which: str) -> float:
    """VmRSS (resident now) or VmHWM (peak); getrusage would include the parent process before exec."""
    if not STATUS.exists():
        return 0.0
    status = STATUS.read_text()
    return int(status.split(f"{which}:")[1].split()[0]) / 2**10


def main() -> None:
    request = json.load(sys.stdin)
    path, choices = request["good"]
    entry = add(Path(path), Choices(**choices, test_fraction=0.5))  # loads all modules before memory is measured
    Engine().get(FilRequest(data=DataSpec(name=entry.name)))
    start = resident_mib("VmRSS")
    for file in request["files"]:
        print(json.dumps(outcomes(*file)), flush=True)
    extra = resident_mib("VmHWM") - start
    entry = add(Path(path), Choices(**choices))
    eta = Engine().get(FilRequest(data=DataSpec(name=entry.name))).table["eta"]
    print(json.dumps({"extra_mib": extra, "eta": eta.tolist()}))


if __name__ == "__main__":
    main()
