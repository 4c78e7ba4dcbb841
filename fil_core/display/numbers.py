"""Formats of numbers and of the words about them, the same on a page, in a report and on the command line."""

from __future__ import annotations

import math


def number(value: float) -> str:
    """Three significant digits; powers of ten only below 10^-3 and from 10^6."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "none"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        digits = 3 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
        return f"{value:,.{digits}f}"
    return f"{value:.2e}"


def signed(value: float) -> str:
    """A number with its sign.

    >>> signed(0.25), signed(-0.25), signed(0.0)
    ('+0.250', '-0.250', '0.000')
    """
    return f"{'+' if value > 0 else ''}{number(value)}"


def count(value: int) -> str:
    """A whole number with thousands separators."""
    return f"{value:,}"


def counted(value: int, noun: str) -> str:
    """So many of something.

    >>> counted(1, "row"), counted(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def verb(value: int, one: str, several: str) -> str:
    """The verb for so many of something.

    >>> verb(1, "is", "are"), verb(0, "is", "are")
    ('is', 'are')
    """
    return one if value == 1 else several


def capitalised(words: str) -> str:
    """Words as a sentence begins; unlike `str.capitalize`, the rest keeps its case.

    >>> capitalised("guessing VKORC1")
    'Guessing VKORC1'
    """
    return words[:1].upper() + words[1:]


def percent(share: float, decimals: int = 2) -> str:
    """A share as a percentage."""
    return f"{100 * share:.{decimals}f} %"


def score(value: float, kind: str) -> str:
    """A test score: a percentage for accuracy, a number for a squared error."""
    if math.isnan(value):
        return "no test rows"
    return percent(value) if kind == "accuracy" else number(value)


_NAMED = 3  # examples that are listed by id


def listed(ids: tuple[int, ...]) -> str:
    """A few examples by their ids, or how many there are; empty for none."""
    if len(ids) > _NAMED:
        return f"{count(len(ids))} examples"
    return f"example {', '.join(map(str, ids))}" if ids else ""


def duration(seconds: float) -> str:
    """An estimated duration in words.

    >>> duration(3), duration(70), duration(4000), duration(9000)
    ('a few seconds', 'about 70 seconds', 'about 67 minutes', 'about 2 hours')

    Args:
        seconds: >= 0.
    """
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {seconds:.0f} seconds"
    return f"about {seconds / 60:.0f} minutes" if seconds < 5400 else f"about {seconds / 3600:.0f} hours"
