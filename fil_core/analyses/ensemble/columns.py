"""Columns of an ensemble's table, which has one row per model."""

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import TEST_SCORE, TRAINED_ON

COLUMNS = (
    Column("train_score", "training score", "accuracy, or mean squared error, on the half it has", reveals="nothing"),
    TEST_SCORE,
    TRAINED_ON,
)
