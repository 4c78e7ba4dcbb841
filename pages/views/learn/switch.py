"""Which part of the page is shown; the others are neither drawn nor computed."""

from __future__ import annotations

from pages.common.views import chosen_view

TOUR, TOYS, FAILURES = "tour", "toys", "failure modes"
_SAYS = {
    TOUR: "Six steps from a line through ten points to real data, in about five minutes.",
    TOYS: "Add, change and remove points, and see at once what a model of them gives away about each.",
    FAILURES: "Where η is right and where it is wrong, each as a small example that you can change.",
}


def chosen() -> str:
    """Draw the switch and return what is chosen."""
    return chosen_view(_SAYS)
