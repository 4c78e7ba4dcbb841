"""The command line, `python -m fil_core ...`, and what an interrupt does to it before and after its work."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

_STOPPED = 130  # how a shell reports an interrupted program
_STDERR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command in this process; see `fil_core.cli.program.run`."""
    from fil_core.cli.program import run

    return run(argv)


def _leave(number: int, frame: FrameType | None) -> Any:
    """Stop at once: during imports, or at the exit, an exception would end in a traceback or be lost in C code."""
    try:
        os.write(_STDERR, b"\nfil_core: stopped.\n")
    finally:
        os._exit(_STOPPED)


def _program() -> int:
    """`main` as a process of its own."""
    # A shell can start a program with closed descriptors; the next file that is opened would then take their place,
    # and get what is written for a person.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler:  # a shell that starts a program in the background has it ignored
        return main()
    signal.signal(signal.SIGINT, _leave)
    from fil_core.cli.program import run

    signal.signal(signal.SIGINT, usual)
    try:
        return run(None)
    except KeyboardInterrupt:  # between these lines
        return _STOPPED
    finally:
        signal.signal(signal.SIGINT, _leave)


if __name__ == "__main__":
    sys.exit(_program())
