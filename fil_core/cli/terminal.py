"""All that a command says: its result on stdout, everything else on stderr, for a person's eyes.

What is said may quote names out of files, so everything is escaped here (see `fil_core.display.plain`).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import sys
from typing import TextIO

from fil_core.display.plain import visible, visible_lines

OWN = "fil_core: "  # begins an error
_SHOWN = 200  # characters of a value without a space that has many more
_LONG = re.compile(r"\S{500,}")


def out(text: str) -> None:
    """Print a result on stdout.

    A reader that has gone, such as `head`, wants no more, so that the rest is discarded.

    Raises:
        OSError: stdout is closed, or what it goes to is full.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, "stdout is closed")
    try:
        print(visible_lines(text), file=sys.stdout)
    except OSError as error:
        _gone(sys.stdout, error)
    flush()


def flush() -> None:
    """Pass on what was printed on stdout.

    Raises:
        OSError: what it goes to is full.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _gone(sys.stdout, error)


def err(text: str) -> None:
    """Print a line on stderr, as far as anybody reads it: the work does not depend on that.

    A value of thousands of characters is cut.
    """
    write_err(f"{visible(_LONG.sub(lambda long: f'{long[0][:_SHOWN]}…', text))}\n")


def write_err(text: str) -> None:
    """Write a text on stderr as it is; see `err`."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)


def is_terminal() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def replace_unknown_characters() -> None:
    """From now on write a question mark for what an encoding lacks, such as × or λ."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _gone(stream: TextIO, error: OSError) -> None:
    _discard(stream)
    if not isinstance(error, BrokenPipeError):
        raise error


def _discard(stream: TextIO) -> None:
    """Redirect a stream to nowhere, since Python would try to write the rest again at its exit and fail."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a file, as in a test
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
