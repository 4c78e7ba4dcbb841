"""The columns of outlying gradients, of linear models and of networks."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import LABEL

COLUMNS = (
    Column(
        "forest_score",
        "outlier score of the gradient",
        "of an isolation forest on the gradients of all examples: about .5 where nothing stands out, towards 1 where "
        "few random cuts leave the example alone",
        more=+1,
        reveals="label",
    ),
    Column(
        "gradient_l1",
        "L1 norm of the gradient",
        "sum of the absolute entries of the gradient of the example's own loss",
        unit="loss/weight",
        more=+1,
        reveals="label",
    ),
    Column(
        "gradient_l2",
        "L2 norm of the gradient",
        "Euclidean length of the gradient of the example's own loss",
        unit="loss/weight",
        more=+1,
        reveals="label",
    ),
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
