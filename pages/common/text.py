"""Texts that several pages show, number formats, and escaping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from fil_core import FilError
from fil_core.display.about import WHAT_IS_FIL
from fil_core.display.numbers import count, counted, number, percent, score

__all__ = ["PRIVATE", "WHAT_IS_FIL", "count", "counted", "number", "percent", "readable_errors", "safe", "score"]

PRIVATE = "This screen shows training examples and how exposed they are. Treat it like the data itself."


def safe(label: object) -> str:
    """A name from the data, escaped for Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", str(label))


@contextmanager
def readable_errors() -> Iterator[None]:
    """Show a library error as a sentence and stop the page; the app stays up."""
    try:
        yield
    except FilError as error:
        st.error(safe(error), icon=":material/error:")
        st.stop()
