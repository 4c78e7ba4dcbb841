"""Words and numbers as a person reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from fil_core import FilError

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


def number(value: float) -> str:
    """Three significant digits; powers of ten only below 10^-3 and from 10^6."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "none"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        digits = 3 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
        return f"{value:,.{digits}f}"
    return f"{value:.2e}"


def safe(label: object) -> str:
    """A name out of the data for use inside Markdown, where none of its characters may have a meaning."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", str(label))


def count(value: int) -> str:
    """A whole number with thousands separators."""
    return f"{value:,}"


def percent(share: float) -> str:
    """A share as a percentage with enough digits to tell .9995 from .9976."""
    return f"{100 * share:.2f} %"


def score(value: float, kind: str) -> str:
    """A test score: a percentage for accuracy, a number for a squared error."""
    if math.isnan(value):
        return "no test rows"
    return percent(value) if kind == "accuracy" else number(value)


@contextmanager
def readable_errors() -> Iterator[None]:
    """Show a library error as a sentence and end the page there; the app stays up."""
    try:
        yield
    except FilError as error:
        st.error(safe(error), icon=":material/error:")
        st.stop()
