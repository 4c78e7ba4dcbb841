"""The columns of a landscape: one row for each query."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.lood.columns import AUC, KL, MEAN

COLUMNS = (
    Column("t", "t", "how far the query lies from the record along the first direction", reveals="nothing"),
    Column("u", "u", "the same along the second direction", reveals="nothing", always=False),
    KL,
    MEAN,
    AUC,
    Column(
        "variance",
        "variance of the outputs",
        "of each output at the query, with all records",
        unit="output²",
        reveals="nothing",
    ),
    Column(
        "inside",
        "inside the pixel values",
        "whether the query is a picture: all its pixels between black and white",
        reveals="nothing",
        always=False,
    ),
)
