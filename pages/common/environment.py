"""Limits of this server, from its environment variables."""

from __future__ import annotations

import os

from fil_core import BadRequest


def limit(name: str, *, whole: bool = False) -> float | None:
    """A number from an environment variable; None where it is not set.

    Args:
        name: of the variable.
        whole: whether it must be a whole number.

    Raises:
        BadRequest: the variable is not a number above 0.
    """
    text = os.environ.get(name, "")
    kind = "a whole number" if whole else "a number"
    try:
        value = float(text) if text else None
    except ValueError:
        raise BadRequest(f"{name}: expected {kind}; got {text!r}.") from None
    if value is not None and not (0 < value < 1e6 and (value.is_integer() or not whole)):
        raise BadRequest(f"{name}: expected {kind} above 0; got {text!r}.")
    return value
