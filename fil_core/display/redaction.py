"""Redaction: labels, attribute values and what reveals them are hidden on shared screens and files."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from fil_core.specs.weights import Irfil, Weighting

MASK = "•••"
# What a note says of a column: its baseline level, the levels and classes that left the model, and numbers that were
# computed from its values or replace them.
_BASELINE = re.compile(r"(?<=Baseline level of )([^:]+: ).*(?=\.)")
_LEFT_OUT = re.compile(r"(?<=left out of the model: ).*(?=, which )")
_CODE = re.compile("(?<=begin with a zero, such as )'[^']*'|(?<=which are no classes: ).*(?=\\.)")
_TEXTS = re.compile(r"\d+ '.*'")  # how many entries are a text that stands for a missing value
_COMPUTED = re.compile("median|mean |filled|replaced by|days since")
_AMOUNT = r"(?! (?:missing|empty|rows?|values?|entries|training|test))"  # of rows, which tells of no value
_NUMBER = re.compile(rf"(?<![\w.])[-−]?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?(?!\w){_AMOUNT}")
_LEAST = 100  # examples; a decile of fewer reveals too much about each


def hidden(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every value masked, and levels in the names of columns; missing values stay missing."""
    masked = frame.astype(object).mask(frame.notna(), MASK).rename(columns=lambda name: feature(str(name)))
    return masked.loc[:, ~masked.columns.duplicated()]  # those of one attribute are alike now


def deciles_tell(n: int) -> bool:
    """Whether there are so few examples that the mean of a decile reveals single ones."""
    return n < _LEAST


def weights_tell_class(weighting: Weighting | None) -> bool:
    """Whether a change of eta under these weights reveals an example's class."""
    return weighting is not None and not (isinstance(weighting, Irfil) and weighting.method == "sample")


def told(text: str, values: Iterable[str]) -> str:
    """A note or warning without what it tells of the values of the data.

    >>> told("Baseline level of city: Oslo.", ["Oslo"]), told("3 missing values are replaced by the median 1.5.", [])
    ('Baseline level of city: •••.', '3 missing values are replaced by the median •••.')
    >>> told("Column left out of the model: hiv=no, which does not vary among the training rows.", [])
    'Column left out of the model: •••, which does not vary among the training rows.'
    >>> told("Missing values: 'c' (45: 44 'unknown' and 1 'none').", [])
    "Missing values: 'c' (45: •••)."

    Args:
        text: a sentence about the data.
        values: names of classes and levels; they are masked where they stand as words.
    """
    text = _CODE.sub(MASK, text)
    text = _LEFT_OUT.sub(MASK, _BASELINE.sub(rf"\g<1>{MASK}", text))
    if text.startswith("Missing values: "):
        text = _TEXTS.sub(MASK, text)
    if _COMPUTED.search(text):
        text = _NUMBER.sub(MASK, text)
    names = sorted({value for value in values if value.strip()}, key=len, reverse=True)
    if not names:
        return text
    return re.sub(rf"(?<![\w.])(?:{'|'.join(map(re.escape, names))})(?!\w|\.\d)", MASK, text)


def feature(name: str) -> str:
    """The name of a feature without the level that it stands for.

    >>> feature("city=Oslo"), feature("age")
    ('city=•••', 'age')
    """
    attribute, equals, _ = name.partition("=")
    return f"{attribute}={MASK}" if equals else name
