"""The command line, `python -m fil_core ...`, and what an interrupt does to it before and after its work."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NoReturn

_STOPPED = 130  # how a shell reports an interrupted program
_STDERR = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command in this process; see `fil_core.cli.program.run`."""
    from fil_core.cli.program import run

    return run(argv)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Stop at once: during imports, or at the exit, an exception would end in a traceback or be lost in C code."""
    try:
        os.write(_STDERR, b"\nfil_core: stopped.\n")
    finally:
        os._exit(_STOPPED)


def _lost(unraisable: sys.UnraisableHookArgs) -> None:
    """An interrupt in the middle of a clean-up, where Python only reports it and goes on, ends the program too."""
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        _leave(signal.SIGINT, None)
    sys.__unraisablehook__(unraisable)


def _open_descriptors() -> None:
    """Open what a shell has started the program without.

    The next file that is opened would take its place, and get what is written for a person.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _status(interrupted: Callable[[], Any]) -> int:
    """Run the command; `interrupted` is called when its work begins and has an interrupt raise an exception again."""
    from fil_core.cli.program import run

    try:
        interrupted()
        return run(None)
    except SystemExit as stop:  # after an error or a text of argparse's
        return int(stop.code or 0)
    except KeyboardInterrupt:  # outside of what `run` watches, which would have said so
        _leave(signal.SIGINT, None)


def _program() -> NoReturn:
    """`main` as a process of its own.

    It ends without the interpreter's own clean-up. During that, threads that libraries leave behind can abort a process
    whose work is done, and an interrupt would be lost or end in a traceback; everything that is written is on disk.
    """
    _open_descriptors()
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.default_int_handler:  # otherwise ignored, as a shell has it for a program in the background
        signal.signal(signal.SIGINT, _leave)
        sys.unraisablehook = _lost
    status = _status(lambda: signal.signal(signal.SIGINT, usual))
    if usual is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    atexit._run_exitfuncs()  # as the interpreter does first of all
    os._exit(status)


if __name__ == "__main__":
    _program()
