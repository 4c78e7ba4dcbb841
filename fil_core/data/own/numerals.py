"""Numbers written as text: in which notation, and what in a column of them is no number."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

DECIMALS = (".", ",")
THOUSANDS = ("", ",", ".", " ", "'")
_SPACES = "[ \u00a0\u2009\u202f]"  # the last two are thin spaces
_MARKS = {" ": _SPACES, "'": "['\u2019]"}  # how a thousands separator may be typed
_MINUS = "\u2212"
_EXPONENT, _INFINITE = "(?:[eE][+-]?[0-9]+)?", "[+-]?inf(?:inity)?"
_NUMBERS = ("integer", "mixed-integer-float")  # of pandas, for objects of Python
_CURRENCY = "(?:[$€£¥₹]|USD|EUR|GBP|CHF|JPY)"
_LIKE_A_NUMBER = re.compile(
    rf"[<>≤≥~≈]?=?\s*\(?[+\-{_MINUS}–]?\s*{_CURRENCY}?\s*[+\-{_MINUS}–]?\s*"
    rf"[.,]?[0-9][0-9.,'’\s]*{_EXPONENT}\s*(?:[%‰]|{_CURRENCY})?\)?"
)


@dataclass(frozen=True, slots=True)
class Notation:
    """How numbers are written.

    Attributes:
        decimal: the decimal mark, a point or a comma.
        thousands: what separates groups of three digits; empty for nothing.
    """

    decimal: str = "."
    thousands: str = ""

    def pattern(self) -> re.Pattern[str]:
        """A number in this notation. A group of digits after a thousands separator has exactly three."""
        mark = _MARKS.get(self.thousands, re.escape(self.thousands))
        whole = rf"(?:[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+|[0-9]+)" if self.thousands else "[0-9]+"
        decimal = re.escape(self.decimal)
        number = rf"[+-]?(?:{whole}(?:{decimal}[0-9]*)?|{decimal}[0-9]+){_EXPONENT}"
        return re.compile(rf"(?:{number})|(?i:{_INFINITE})")

    def read(self, texts: Iterable[str]) -> np.ndarray:
        """The numbers, float64; NaN where a text is none. The sign U+2212 is a minus as well.

        >>> Notation(",", ".").read(["1.234,5", "12.34", "\u22127"]).tolist()
        [1234.5, nan, -7.0]
        """
        pattern = self.pattern()
        mark = re.compile(_MARKS.get(self.thousands, re.escape(self.thousands) or "(?!)"))
        plain = (text.strip().replace(_MINUS, "-") for text in texts)
        return np.array(
            [
                float(mark.sub("", text).replace(self.decimal, ".")) if pattern.fullmatch(text) else np.nan
                for text in plain
            ],
            dtype=np.float64,
        )


PLAIN = Notation()
LEADING_ZERO = re.compile(r"[+-]?0[0-9]")  # how a code begins that is no plain number
NOTATIONS = (
    PLAIN, Notation(thousands=","), Notation(","), Notation(thousands=" "), Notation(thousands="'"), Notation(",", "."),
    Notation(",", " "), Notation(",", "'"),
)  # fmt: skip


def like_numbers(texts: Iterable[str]) -> np.ndarray:
    """(n,) bool: texts that a reader would take for a number, such as 3,14, 12%, $5 or <0.5.

    >>> like_numbers(["3,14", "12%", "$5", "<0.5", "18-25", "unknown"]).tolist()
    [True, True, True, True, False, False]
    """
    return np.array([bool(_LIKE_A_NUMBER.fullmatch(text.strip())) for text in texts], dtype=bool)


def readable_in(texts: Sequence[str]) -> list[Notation]:
    """The notations in which all of these texts are numbers; the simplest that does is named once.

    >>> [(n.decimal, n.thousands) for n in readable_in(["1.234,5", "7"])]
    [(',', '.')]
    >>> [(n.decimal, n.thousands) for n in readable_in(["1,234", "5,678"])]
    [('.', ','), (',', '')]
    """
    found: list[Notation] = []
    seen: set[bytes] = set()
    for notation in NOTATIONS:
        numbers = notation.read(texts)
        # What reads the same numbers with more marks says nothing that the texts show.
        if len(texts) and not np.isnan(numbers).any() and numbers.tobytes() not in seen:
            seen.add(numbers.tobytes())
            found.append(notation)
    return found


def has_unusual_minus(texts: Iterable[str]) -> bool:
    """Whether a text has the minus sign U+2212, which keyboards do not type."""
    return any(_MINUS in text for text in texts)


def without_huge(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with whole numbers that no integer type holds as floats, infinite beyond their range; in place."""
    for j, (_, values) in enumerate(frame.items()):
        if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) in _NUMBERS:
            frame.isetitem(j, values.map(_as_float).astype(np.float64))
    return frame


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
