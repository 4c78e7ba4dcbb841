"""The command line, `python -m fil_core ...`: parses the options, runs a command of `fil_core.cli`, reports errors."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

from fil_core.cli import commands as every_command
from fil_core.cli import report
from fil_core.errors import FilError

_CALLED = {"name": "data", "data directory": "data-dir"}  # names of values that are not those of their options
_OF_WEIGHTS = ("method", "iterations", "min_weight", "max_weight", "drop")  # what --weights says in one text
_BAD_INPUT, _STOPPED = 2, 130  # 130 is how a shell reports an interrupted program


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: arguments without the program's name; None takes the process's own.

    Returns:
        0; or, after one line on stderr, 2 for bad input and 130 for an interrupt.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an encoding without × or λ gets a question mark instead
    options = parser().parse_args(argv)
    try:
        status = options.run(options)
        sys.stdout.flush()
        return status
    except FilError as error:
        said = " ".join(str(error).splitlines())  # a name out of a file may hold a line break
        print(f"fil_core: {_with_option(said, options)}", file=sys.stderr)
        return _BAD_INPUT
    except KeyboardInterrupt:
        print("\nfil_core: stopped; what was finished is kept.", file=sys.stderr)
        return _STOPPED
    except BrokenPipeError:  # the reader of the output has closed it, as `head` does
        _discard_stdout()
        return 0
    except OSError as error:
        _discard_stdout()
        print(f"fil_core: a file could not be read or written ({error}).", file=sys.stderr)
        return _BAD_INPUT


def _with_option(message: str, options: argparse.Namespace) -> str:
    """An error message that begins with the name of a value, with the name of its option instead."""
    name, colon, rest = message.partition(":")
    flag = _CALLED.get(name, name).replace(" ", "-").replace("_", "-")
    has = {option.replace("_", "-") for option in vars(options)}
    if colon and flag in has:
        return f"--{flag}:{rest}"
    return f"--weights: {message}" if name in _OF_WEIGHTS and "weights" in has else message


def _discard_stdout() -> None:
    """Redirect stdout to nowhere, since Python would try to write the rest again at its exit and fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    made = _Parser(
        prog="python -m fil_core", description="How much a trained model gives away about each training example."
    )
    commands = made.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    every_command.add(commands)
    report.add(commands)
    return made


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:  # one line, as for every other bad input
        self.exit(_BAD_INPUT, f"fil_core: {message.rstrip('.')}. See {self.prog} --help.\n")


if __name__ == "__main__":
    sys.exit(main())
