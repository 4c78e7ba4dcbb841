"""Names of columns: when two are the same, and how options with them are written so that a shell reads them."""

from __future__ import annotations

from fil_core.specs.texts import typed, write_names

_LONGEST = 160  # characters of the names in a message


def key(column: str) -> str:
    """What is compared of a column's name: neither case nor spaces and quotes around it.

    >>> key(' "Weight, kg"') == key("weight, KG")
    True
    """
    return column.strip().strip("\"'").strip().casefold()


def option(flag: str, *names: str) -> str:
    """An option with names as its value, quoted for a shell where they need it.

    >>> print(option("leave-out", "age", "weight, kg"))
    --leave-out 'age,"weight, kg"'
    """
    shown = list(names)
    while len(shown) > 1 and len(write_names(tuple(shown))) > _LONGEST:
        shown.pop()
    more = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    return f"{typed(flag, write_names(tuple(shown)))}{more}"
