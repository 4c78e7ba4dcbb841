"""A whole command: parses the options, runs a command of `fil_core.cli`, reports errors."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any

from fil_core.cli import commands as every_command
from fil_core.cli import report, terminal
from fil_core.errors import FilError

_CALLED = {"name": "data", "data directory": "data-dir"}  # names of values that are not those of their options
_OF_WEIGHTS = ("method", "iterations", "min_weight", "max_weight", "drop")  # what --weights says in one text
_BAD_INPUT, _STOPPED = 2, 130  # 130 is how a shell reports an interrupted program
_OPTION, _DASHED = re.compile("--[a-z][a-z-]*"), re.compile("-[^-]")


def run(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: arguments without the program's name; None takes the process's own.

    Returns:
        0; or, after one line on stderr, 2 for bad input and 130 for an interrupt.
    """
    terminal.replace_unknown_characters()
    try:
        options = options_of(list(sys.argv[1:] if argv is None else argv))
        status = _answered(options)
        terminal.flush()
        return status
    except KeyboardInterrupt:
        terminal.write_err(f"\n{terminal.OWN}stopped; what was finished is kept.\n")
        return _STOPPED
    except OSError as error:
        terminal.err(f"{terminal.OWN}a file could not be read or written ({error}).")
        return _BAD_INPUT


def options_of(argv: list[str]) -> argparse.Namespace:
    """The options of the command line.

    Raises:
        SystemExit: they are not understood, or ask for help; either has been printed.
        OSError: help could not be printed.
    """
    return parser().parse_args(_tied(argv))


def _tied(argv: list[str]) -> list[str]:
    """The arguments, with a value that begins with one dash tied to its option: `--classes -1,1`.

    argparse takes such a value for an option, but all options here begin with two dashes.
    """
    tied: list[str] = []
    for argument in argv:
        if _DASHED.match(argument) and argument != "-h" and tied and _OPTION.fullmatch(tied[-1]):
            tied[-1] += f"={argument}"
        else:
            tied.append(argument)
    return tied


def _answered(options: argparse.Namespace) -> int:
    """Run the command that was chosen."""
    try:
        return int(options.run(options))
    except FilError as error:
        terminal.err(f"{terminal.OWN}{_with_option(str(error).strip(), options)}")
        return _BAD_INPUT


def _with_option(message: str, options: argparse.Namespace) -> str:
    """An error message that begins with the name of a value, with the name of its option instead."""
    name, colon, rest = message.partition(":")
    flag = _CALLED.get(name, name).replace(" ", "-").replace("_", "-")
    has = {option.replace("_", "-") for option in vars(options)}
    if colon and flag in has:
        return f"--{flag}:{rest}"
    return f"--weights: {message}" if name in _OF_WEIGHTS and "weights" in has else message


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
        terminal.err(f"{terminal.OWN}{message.rstrip('.')}. See {self.prog} --help.")
        self.exit(_BAD_INPUT)

    def print_help(self, file: Any = None) -> None:  # argparse says nothing of a stdout that is full
        terminal.out(self.format_help().rstrip())

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        # argparse of Python 3.11 drops the value of `--id=--`, as though it were the mark between options and operands.
        lost = bool(action.option_strings) and arg_strings == ["--"]
        return self._get_value(action, "--") if lost else super()._get_values(action, arg_strings)
