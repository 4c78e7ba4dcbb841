"""The columns of the parts of eta."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import ETA, LABEL, WEIGHT

COLUMNS = (
    ETA,
    LABEL,
    Column("residual_part", "due to the residual", "part of η² that the example's residual gives away", "1/feature²", reveals="label"),  # noqa: E501
    Column("leverage_part", "due to the leverage", "part of η² that its leverage gives away", "1/feature²", reveals="nothing"),  # noqa: E501
    Column("interaction_part", "due to both together", "part of η² that residual and leverage give away together; where negative, one hides what the other shows", "1/feature²", reveals="label"),  # noqa: E501
    Column("residual", "residual", "derivative of the loss in the score: prediction less label", reveals="label"),
    Column("leverage", "leverage", "share of the example's own label in its prediction, 0 to 1", more=+1, reveals="nothing"),  # noqa: E501
    Column("cooks_distance", "Cook's distance", "how far leaving it out moves all fitted scores, in units of their uncertainty", more=+1, reveals="label"),  # noqa: E501
    Column("lood", "LOOD at itself, linear kernel", "Kullback-Leibler divergence of a Gaussian process's output at the example without it from that with it", "nats", more=+1, reveals="label", always=False),  # noqa: E501
    WEIGHT,
)  # fmt: skip
