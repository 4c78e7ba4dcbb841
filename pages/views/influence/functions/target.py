"""Whose loss is meant: a menu of targets that reads like the command line."""

from __future__ import annotations

import streamlit as st

from fil_core import Dataset
from fil_core.specs.targets import SELF, TEST_LOSS
from pages.common import pointed, widgets

_PIXELS = 190
_HELP = """
- `test-loss`: the mean loss of the test rows
- `self`: of each example its own loss
- `test:ROW`: of one test row, counted from 0
- `id:EXAMPLE`, `ids:EXAMPLE,EXAMPLE`: of training examples
- `class:CLASS`: the mean loss of the test rows of a class

A target that is not in the list can be typed.
"""
_CLASSES = 30  # that the menu names


def control(data: Dataset) -> str:
    """Draw the menu, and the field that some of its entries need; returns the target as it is written.

    Args:
        data: whose rows, examples and classes can be meant.
    """
    chosen = st.session_state.get("target") or st.query_params.get("target") or TEST_LOSS
    usual = _usual(data)
    offered = usual if chosen in usual else [*usual, chosen]
    written = st.selectbox(
        "Whose loss", offered, key="target", bind="query-params", accept_new_options=True, width=_PIXELS, help=_HELP
    )  # fmt: skip
    written = written or TEST_LOSS
    pointed.field(written, data, key="target")
    return written


def _usual(data: Dataset) -> list[str]:
    """The targets of the menu: one of each form, and every class."""
    rows = ["test:0"] if len(data.X_test) else []
    first = data.written(int(data.ids[0]), named=not widgets.redacted())
    classes = [] if widgets.redacted() else [f"class:{name}" for name in data.class_names[:_CLASSES]]
    return [TEST_LOSS, SELF, *rows, f"id:{first}", *classes]
