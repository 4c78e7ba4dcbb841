"""The columns of leave-one-out distinguishability."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import LABEL

KL = Column(
    "kl_lood",
    "LOOD (KL)",
    "Kullback-Leibler divergence of the outputs without the record from those with it, summed over outputs",
    unit="nats",
    more=+1,
    reveals="nothing",
)
KL_REVERSE = Column(
    "kl_lood_reverse",
    "LOOD (reverse KL)",
    "Kullback-Leibler divergence of the outputs with the record from those without it",
    unit="nats",
    more=+1,
    reveals="nothing",
)
MEAN = Column(
    "mean_lood",
    "LOOD (mean)",
    "half the squared change of the mean outputs when the record is left out, mean (or sum) over queries and outputs",
    unit="output²",
    more=+1,
    reveals="nothing",
)
AUC = Column(
    "auc",
    "membership AUC",
    "area under the ROC curve of the best test of whether the record was in, by one draw of the outputs; .5 is chance",
    more=+1,
    reveals="nothing",
)
TPR = Column(
    "tpr_at_fpr_*",
    "membership TPR",
    "true-positive rate of that test at the false-positive rate in the column's name",
    more=+1,
    reveals="nothing",
)
ADVANTAGE = Column(
    "advantage",
    "membership advantage",
    "largest true-positive less false-positive rate of that test",
    more=+1,
    reveals="nothing",
)
COLUMNS = (
    KL,
    LABEL,
    KL_REVERSE,
    MEAN,
    AUC,
    TPR,
    ADVANTAGE,
    Column(
        "memorisation",
        "memorisation",
        "probability that the record's own label has the largest output, with the record less without it",
        more=+1,
        reveals="label",
        always=False,
    ),
    Column(
        "leverage",
        "leverage",
        "how far the record's own label moves its own mean output, from 0 to 1",
        more=+1,
        reveals="nothing",
    ),
    Column(
        "twin_id",
        "nearest record",
        "id of the other record of largest kernel correlation; of several, the one with which it shows most",
        reveals="nothing",
        names_examples=True,
        always=False,
    ),
    Column(
        "twin_similarity",
        "kernel correlation with the nearest record",
        "k(x, x') / sqrt(k(x, x) k(x', x')); 1 for a record that the kernel cannot tell from it but for its size",
        more=-1,
        reveals="nothing",
        always=False,
    ),
    Column(
        "kl_with_twins",
        "LOOD (KL), left out with its nearest records",
        "the same at the record when its nearest other records are left out with it",
        unit="nats",
        more=+1,
        reveals="nothing",
        always=False,
    ),
)
