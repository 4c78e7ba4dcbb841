"""Texts that several pages show, number formats, and escaping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import streamlit as st

from fil_core import FilError
from fil_core.display.about import WHAT_IS_FIL
from fil_core.display.numbers import capitalised, count, counted, number, percent, score

__all__ = [
    "PRIVATE",
    "WHAT_IS_FIL",
    "capitalised",
    "count",
    "counted",
    "number",
    "percent",
    "readable_errors",
    "safe",
    "score",
]

PRIVATE = "This screen shows training examples and how exposed they are. Treat it like the data itself."


# Streamlit makes links of addresses, pictures of :names: and signs of -> or >= after it has read the Markdown, whatever
# was escaped: none of them may stand in one piece of text. A directive without content ends a piece and draws nothing.
_PIECE_ENDS = ":small[]"
_SIGN = r"(?<!\S)(?=(?:<->|->|<-|--|>=|<=|~=)(?!\S))."
_CUT = re.compile(rf"(?i)htt(?=ps?:)|ww(?=w)|:[\w+-]|(?=@)|(?<=<)-(?=>)|{_SIGN}")
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")


def safe(label: object) -> str:
    """A name from the data for Markdown: shown as it is, whatever it says, on one line."""
    line = re.sub(r"\s*[\r\n]\s*", " ", str(label))
    return _PIECE_ENDS.join(_MARKUP.sub(r"\\\1", piece) for piece in _pieces(line))


def _pieces(line: str) -> list[str]:
    """The parts of a text none of which Streamlit makes anything else of."""
    ends = [0, *(found.end() for found in _CUT.finditer(line)), len(line)]
    return [line[a:b] for a, b in pairwise(ends)]


@contextmanager
def readable_errors() -> Iterator[None]:
    """Show a library error as a sentence and stop the page; the app stays up."""
    try:
        yield
    except FilError as error:
        st.error(safe(error), icon=":material/error:")
        st.stop()
