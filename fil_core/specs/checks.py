"""Checks of single values, shared by all options: each error says what was expected and what was got."""

from __future__ import annotations

import math
import numbers
import re
from typing import Any

from fil_core.errors import BadRequest

# Beyond these a square overflows or vanishes in float64, and no data or noise is on such a scale.
_LEAST, MOST = 1e-30, 1e30
MOST_WORKERS = 1024  # processes at once
MOST_WHOLE = 2**63 - 1  # what arrays and files can hold as one number
DIGEST = re.compile("[0-9a-f]{64}")


def choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuse a value that is not one of `allowed`.

    Args:
        name: of the value, in the message.
        value: of any type.
        allowed: the values that there are.

    Raises:
        BadRequest: it is another one.
    """
    if value not in allowed:
        raise BadRequest(f"{name}: expected one of {', '.join(allowed)}; got {value!r}.")


def positive(name: str, value: float, *, zero: bool = False, most: float = MOST) -> None:
    """Refuse a value that is not a finite number > 0.

    Args:
        name: of the value, in the message.
        value: to lie between 1e-30 and `most`.
        zero: whether 0 is allowed too.
        most: the largest value allowed.

    Raises:
        BadRequest: it lies elsewhere, or is no number.
    """
    number = isinstance(value, numbers.Real) and math.isfinite(value)
    if not (number and (_LEAST <= value <= most or (zero and value == 0))):
        sign, or_zero = (">= 0", "0, or ") if zero else ("> 0", "")
        raise BadRequest(
            f"{name}: expected a finite number {sign} ({or_zero}from {_LEAST:g} to {most:g}); got {value!r}."
        )


def count(name: str, value: int | None, *, most: int = MOST_WHOLE) -> None:
    """Refuse a value that is neither None nor a whole number >= 1 and, where there is a limit, at most that.

    Raises:
        BadRequest: it is neither.
    """
    if value is not None:
        whole(name, whole(name, value), most=most)


def whole(name: str, value: object, *, least: int = 1, most: int = MOST_WHOLE) -> int:
    """A whole number as a plain int.

    Args:
        name: of the value, in the message.
        value: of any integer type.
        least: the smallest value allowed.
        most: the largest value allowed.

    Raises:
        BadRequest: it lies elsewhere, or is no whole number.
    """
    integral = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not (integral and least <= value <= most):  # type: ignore[operator]
        near = most == MOST_WHOLE and not (integral and value > most)  # type: ignore[operator]
        bounds = f">= {least}" if near else f"from {least:,} to {most:,}"
        raise BadRequest(f"{name}: expected a whole number {bounds}; got {value!r}.")
    return int(value)  # type: ignore[call-overload]


def digest(name: str, value: object) -> None:
    """Refuse a value that is not a sha-256 in lower-case hex.

    Raises:
        BadRequest: it is another text, or none.
    """
    if not isinstance(value, str) or not DIGEST.fullmatch(value):
        raise BadRequest(f"{name}: expected 64 lower-case hex characters; got {value!r}.")


def texts(name: str, values: object) -> tuple[str, ...]:
    """Several names as a tuple of texts.

    Raises:
        BadRequest: a single text, which would be taken apart into its letters.
    """
    if isinstance(values, str):
        raise BadRequest(f"{name}: expected several names, such as ({values!r},); got the text {values!r}.")
    return tuple(str(v) for v in values)  # type: ignore[attr-defined]


def several(name: str, values: Any) -> tuple[Any, ...]:
    """Several numbers as a tuple.

    Raises:
        BadRequest: a single number, or a text.
    """
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise BadRequest(f"{name}: expected several numbers, such as ({values!r},); got {values!r}.")
    return tuple(values)
