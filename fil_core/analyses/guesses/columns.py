"""The columns of guesses: one row for each release."""

from __future__ import annotations

from fil_core.analyses.analysis import Column

COLUMNS = (
    Column("guess_*", "guess", "what the attacker guesses of the example: a feature, or the target", reveals="value"),
    Column("distance", "distance", "squared distance from the truth, in units of the Cramér–Rao bound", reveals="nothing"),  # noqa: E501
    Column("inside", "in the ellipse", "whether it lies where 95 % would if the bound were reached", reveals="nothing"),
    Column("misfit", "misfit", "distance of the released parameters from those that the guess would give", "parameter", reveals="nothing"),  # noqa: E501
)  # fmt: skip
