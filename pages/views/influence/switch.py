"""Which half of the page is shown; the other one is neither drawn nor computed."""

from __future__ import annotations

from fil_core import Dataset
from pages.common.views import chosen_view

UNIQUE, FUNCTIONS = "unique information", "influence functions"


def chosen(data: Dataset) -> str:
    """Draw the switch and return what is chosen.

    Of a text it is always influence: unique information is about networks that take features.
    """
    offered = [FUNCTIONS] if data.vocabulary else [UNIQUE, FUNCTIONS]
    return chosen_view(dict.fromkeys(offered, ""))
