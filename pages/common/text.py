"""Texts that several pages show, number formats, and escaping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from fil_core import FilError
from fil_core.display.numbers import count, counted, number, percent, score

__all__ = ["PRIVATE", "WHAT_IS_FIL", "count", "counted", "number", "percent", "readable_errors", "safe", "score"]

WHAT_IS_FIL = """
**Fisher information loss, η,** measures how strongly the released parameters of a model depend on one training
example. Change the example slightly and train again: to first order, the parameters move by at most η times the change,
in units of the noise that is added to them before release (standard deviation σ). By the Cramér–Rao bound, no unbiased
attacker who sees the noisy parameters and knows all other examples can estimate any direction of the example with a
variance below 1/η². Doubling η divides this bound by four.

**What it is not.** The bound holds for *unbiased* attackers. An attacker with a good prior can do better, so the
example view also shows the van Trees bound, which holds on average over examples drawn from a Gaussian prior, not for
each of them. For attributes with few values η ranks the risk of attackers who use no prior; against those who use one
it hardly does, and it does not bound how often an attacker is correct. η takes scaling and components as public
constants: published with the model they give away more, above all of the longest row. η has units of 1/feature (and of
1/label), so values are comparable only under the same preprocessing. And η is itself computed from private records:
publishing a list of η leaks too.
"""

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
