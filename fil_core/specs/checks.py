"""Checks of single values, shared by everything that a person can set: each says what was expected and what was got."""

from __future__ import annotations

import math
import numbers
import re
from typing import Any

from fil_core.errors import BadRequest

# Beyond these a square overflows or vanishes in float64, and no data or noise is on such a scale.
_LEAST, MOST = 1e-30, 1e30
DIGEST = re.compile("[0-9a-f]{64}")


def choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise BadRequest unless `value` is one of `allowed`."""
    if value not in allowed:
        raise BadRequest(f"{name}: expected one of {', '.join(allowed)}; got {value!r}.")


def positive(name: str, value: float, *, zero: bool = False, most: float = MOST) -> None:
    """Raise BadRequest unless `value` is a number between 1e-30 and `most` (or 0, with `zero`)."""
    number = isinstance(value, numbers.Real) and math.isfinite(value)
    if not (number and (_LEAST <= value <= most or (zero and value == 0))):
        sign = ">= 0" if zero else "> 0"
        raise BadRequest(f"{name}: expected a finite number {sign} (from {_LEAST:g} to {most:g}); got {value!r}.")


def count(name: str, value: int | None) -> None:
    """Raise BadRequest unless `value` is None or a whole number >= 1."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise BadRequest(f"{name}: expected a whole number >= 1; got {value!r}.")


def whole(name: str, value: object, *, least: int = 1, most: int | None = None) -> int:
    """The value as a plain int; raise BadRequest unless it is a whole number from `least` to `most`."""
    integral = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not (integral and value >= least and (most is None or value <= most)):  # type: ignore[operator]
        upto = f">= {least}" if most is None else f"from {least:,} to {most:,}"
        raise BadRequest(f"{name}: expected a whole number {upto}; got {value!r}.")
    return int(value)  # type: ignore[call-overload]


def digest(name: str, value: object) -> None:
    """Raise BadRequest unless `value` is a sha-256 in lower-case hex."""
    if not isinstance(value, str) or not DIGEST.fullmatch(value):
        raise BadRequest(f"{name}: expected 64 lower-case hex characters; got {value!r}.")


def texts(name: str, values: object) -> tuple[str, ...]:
    """Several names as a tuple of texts; a bare text would fall apart into its letters."""
    if isinstance(values, str):
        raise BadRequest(f"{name}: expected several names, such as ({values!r},); got the text {values!r}.")
    return tuple(str(v) for v in values)  # type: ignore[attr-defined]


def several(name: str, values: Any) -> tuple[Any, ...]:
    """Numbers as a tuple; a bare one is no list of one."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise BadRequest(f"{name}: expected several numbers, such as ({values!r},); got {values!r}.")
    return tuple(values)
