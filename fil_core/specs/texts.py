"""Values as texts, on the command line and in links: numbers, and lists separated by commas."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

NONE = "none"  # the text of an empty list, as a missing option stands for a default list
_NAME = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)')
_UNQUOTED = re.compile(r'[^",\s](?:[^",]*[^",\s])?')


def read_whole(written: str) -> int:
    """A whole number.

    Raises:
        ValueError: the text is none.
    """
    try:
        return int(written)
    except ValueError:
        raise ValueError(f"expected a whole number, got {written!r}") from None


def read_number(written: str) -> float:
    """A number.

    Raises:
        ValueError: the text is none.
    """
    try:
        return float(written)
    except ValueError:
        raise ValueError(f"expected a number, got {written!r}") from None


def read_names(written: str) -> tuple[str, ...]:
    """Names separated by commas; a name with a comma or a quotation mark in it is quoted, as in CSV.

    >>> read_names('age, "weight, kg"')
    ('age', 'weight, kg')

    Raises:
        ValueError: the text is no such list.
    """
    names, at = [], 0
    while True:
        part = _NAME.match(written, at)
        if part is None or (part[1] is None and not part[2].strip()):  # an empty name is written ""
            raise ValueError(f"expected names between commas, got {written!r}")
        names.append(part[2].strip() if part[1] is None else part[1].replace('""', '"'))
        at = part.end()
        if not part[3]:
            return tuple(names)


def write_names(values: tuple[str, ...]) -> str:
    """The inverse of `read_names`.

    >>> write_names(("age", "weight, kg"))
    'age,"weight, kg"'
    """
    return ",".join(name if _UNQUOTED.fullmatch(name) else '"' + name.replace('"', '""') + '"' for name in values)


def typed(flag: str, value: str | None = None) -> str:
    """An option as a person types it in a shell; a value that begins like an option is tied to its name.

    >>> print(typed("classes", "-1,1"), typed("target", "weight, kg"), typed("force"))
    --classes=-1,1 --target 'weight, kg' --force

    Args:
        flag: its name, without dashes.
        value: its value; None for a switch.
    """
    if value is None:
        return f"--{flag}"
    return f"--{flag}{'=' if value.startswith('-') else ' '}{shlex.quote(value)}"


def read_several(written: str, kind: Callable[[str], Any], what: str) -> tuple[Any, ...]:
    """Values separated by commas; `none` is an empty list.

    >>> read_several("1,2.5", float, "numbers")
    (1.0, 2.5)

    Args:
        written: the text.
        kind: reads one value; raises ValueError.
        what: name of the values, in the message.

    Raises:
        ValueError: a value cannot be read.
    """
    if written == NONE:
        return ()
    try:
        return tuple(kind(part) for part in written.split(","))
    except ValueError:
        raise ValueError(f"expected {what} between commas, got {written!r}") from None
