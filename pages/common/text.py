"""Words and numbers as a person reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from fil_core import FilError
from fil_core.display.numbers import count, number, percent, score

__all__ = ["PRIVATE", "WHAT_IS_FIL", "count", "number", "percent", "readable_errors", "safe", "score"]

WHAT_IS_FIL = """
**Fisher information loss, η,** says how strongly the released parameters of a model depend on one training example.
Nudge the example, train again, and the parameters move by at most η times the nudge, measured in units of the noise
that is added to them before release (standard deviation σ). By the Cramér–Rao bound no unbiased attacker who sees the
noisy parameters, and knows all other examples, can estimate any direction of the example with a variance below 1/η².
Twice the η, a quarter of that floor.

**What it is not.** It bounds *unbiased* attackers: one with a good prior can do better, which is why the example view
also shows a floor for those. For attributes with a few values it is a score that ranks risk, not a bound on how often a
guess is right. η has units of 1/feature, so numbers compare only under the same preprocessing. And a list of η is
itself computed from private records: publishing it leaks too.
"""

PRIVATE = "This screen shows training examples and how exposed they are. Treat it like the data itself."


def safe(label: object) -> str:
    """A name out of the data for use inside Markdown, where none of its characters may have a meaning."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", str(label))


@contextmanager
def readable_errors() -> Iterator[None]:
    """Show a library error as a sentence and end the page there; the app stays up."""
    try:
        yield
    except FilError as error:
        st.error(safe(error), icon=":material/error:")
        st.stop()
