"""Which part of the page is shown; the others are neither drawn nor computed."""

from __future__ import annotations

from pages.common.views import chosen_view

EXACT, TRAINED, AUDIT = "Gaussian process", "trained models", "audit"
_SAYS = {
    EXACT: "What an attacker could tell of a Gaussian process, exactly, for every record at once.",
    TRAINED: "Attacks that are run on models trained on random halves of the records, or on scores of your own.",
    AUDIT: "A lower bound on ε from records that are put in by coins, beside what the noise promises.",
}


def chosen() -> str:
    """Draw the switch and return what is chosen."""
    return chosen_view(_SAYS)
