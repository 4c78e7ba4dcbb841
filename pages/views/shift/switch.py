"""Which part of the page is shown; the other is neither drawn nor computed."""

from __future__ import annotations

from pages.common.views import chosen_view

OOD, OVERFIT = "out of distribution", "over-fitting"
_SAYS = {
    OOD: "Whether η and other scores tell examples of other classes, or of other data, from those of the model's own.",
    OVERFIT: "What η, unique information and leverage do while a model is made more flexible, beside its test error.",
}


def chosen() -> str:
    """Draw the switch and return what is chosen."""
    return chosen_view(_SAYS)
