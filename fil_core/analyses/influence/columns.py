"""The columns of influence, of linear models and of networks."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import LABEL

INFLUENCE = Column(
    "influence",
    "influence",
    "predicted change of the target's loss when the example is left out; above 0 where it helps",
    unit="loss",
    reveals="label",
)
SELF_INFLUENCE = Column(
    "self_influence",
    "influence on its own loss",
    "predicted change of the example's own loss when it is left out; large where nobody else tells the model of it",
    unit="loss",
    more=+1,
    reveals="label",
    always=False,
)
LEAVE_ONE_OUT = Column(
    "leave_one_out",
    "true change",
    "change of the target's loss after training without the example; empty where it was not left out",
    unit="loss",
    reveals="label",
    always=False,
)
COLUMNS = (
    SELF_INFLUENCE,
    INFLUENCE,
    Column(
        "influence_corrected",
        "corrected influence",
        "the same without the example's own part of the curvature, influence / (1 - leverage); the influence itself "
        "where the measure has no curvature with such a part",
        unit="loss",
        reveals="label",
        always=False,
    ),
    LEAVE_ONE_OUT,
    Column("section", "group of lines", "number of the group of lines that it is in", reveals="nothing", always=False),
    LABEL,
    Column("loss", "loss", "of the example after training", reveals="label"),
    Column(
        "replaced",
        "label replaced on purpose",
        "whether planted label noise replaced its label",
        reveals="label",
        always=False,
    ),
)
