"""Dates written as text: whether a column holds them, in which order of day and month, and days since the earliest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

_TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?\s*(?:Z|[+-][0-9]{2}:?[0-9]{2}|[AaPp][Mm])?)?"
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_LIKE_A_DATE = re.compile(
    rf"(?:[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}|[0-9]{{4}}([/.])[0-9]{{1,2}}\1[0-9]{{1,2}}"
    rf"|[0-9]{{1,2}}([./-])[0-9]{{1,2}}\2(?:[0-9]{{4}}|[0-9]{{2}})"
    rf"|[0-9]{{1,2}}[ -]{_MONTH}[ -](?:[0-9]{{4}}|[0-9]{{2}})|{_MONTH} [0-9]{{1,2}},? [0-9]{{4}}){_TIME}",
    re.IGNORECASE,
)
_ISO = "ISO8601"
_DAYS = (
    "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d %B %Y",
    "%d-%b-%Y", "%d-%B-%Y", "%b %d %Y", "%B %d %Y", "%b %d, %Y", "%B %d, %Y",
)  # fmt: skip
_SHORT_YEAR = re.compile(rf"[0-9]{{1,2}}[ ./-](?:[0-9]{{1,2}}|{_MONTH})[ ./-][0-9]{{2}}(?![0-9]).*", re.IGNORECASE)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_WORDS = {"%d": "day", "%m": "month", "%b": "month", "%B": "month", "%Y": "year"}


def like_dates(texts: Iterable[str]) -> np.ndarray:
    """(n,) bool: texts that a reader would take for a date.

    >>> like_dates(["2026-01-31", "31.1.2026", "Jan 31, 2026", "1.2", "1-2"]).tolist()
    [True, True, True, False, False]
    """
    return np.array([bool(_LIKE_A_DATE.fullmatch(text.strip())) for text in texts], dtype=bool)


def read_dates(texts: Sequence[str]) -> tuple[pd.DatetimeIndex | None, str]:
    """The dates, and the order in which they are written; None, and why, where they cannot be read for certain.

    >>> read_dates(["01/02/2026", "03/04/2026"])
    (None, 'day and month cannot be told apart')
    >>> read_dates(["01/02/2026", "31/01/2026"])[1]
    'day/month/year'
    """
    stripped = [text.strip() for text in texts]
    found = [(dates, _order(form)) for dates, form in _readings(stripped)]
    if not found:
        if all(map(_SHORT_YEAR.fullmatch, stripped)):
            return None, "a year of two digits may be of either century"
        return None, "they are not all dates in one format"
    if len(found) > 1 and any(not found[0][0].equals(other) for other, _ in found[1:]):
        return None, "day and month cannot be told apart"
    return found[0]


def _readings(texts: list[str]) -> Iterator[tuple[pd.DatetimeIndex, str]]:
    """The dates in each format that reads all of the texts."""
    for form in (_ISO, *(day + time for day in _DAYS for time in _TIMES)):
        try:
            dates = pd.DatetimeIndex(pd.to_datetime(pd.Series(texts, dtype=object), format=form, utc=True))
        except (ValueError, OverflowError):
            continue
        yield dates, form


def _order(form: str) -> str:
    """A format in words."""
    if form == _ISO:
        return "year-month-day"
    day = re.sub(" %[HI].*", "", form)
    return re.sub("%[dmbBY]", lambda match: _WORDS[match[0]], day)


def days_since_the_earliest(dates: pd.Series) -> tuple[pd.Series, str]:
    """Days since the earliest date, NaN where it is missing, and that date as text; durations are days as they are."""
    if pd.api.types.is_timedelta64_dtype(dates.dtype):
        return dates / pd.Timedelta(days=1), ""
    if dates.isna().all():
        return pd.Series(np.nan, index=dates.index, name=dates.name), ""
    earliest = dates.min()
    return (dates - earliest) / pd.Timedelta(days=1), f"{earliest.year:04d}-{earliest.month:02d}-{earliest.day:02d}"
