"""Columns of the records' exposure to membership attacks."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import LABEL

AUC = Column(
    "auc",
    "membership AUC (trained models)",
    "area under the ROC curve of the test between normal scores of models with the record and without it, fitted on "
    "one half of the models and judged on the other; .5 is chance, and chance alone moves it by about `auc_error`",
    more=+1,
    reveals="nothing",
)
PREDICTION = Column(
    "prediction_change",
    "difference of the predictions (trained models)",
    "half the squared difference of the mean outputs at the record of models with it and without it, mean over outputs",
    unit="output²",
    more=+1,
    reveals="nothing",
    always=False,
)
_OF_ATTACK = {
    "lira": ("LiRA", "log-likelihood ratio of LiRA online", "nats"),
    "lira-offline": ("LiRA offline", "minus the log of the p-value of LiRA offline", "nats"),
    "rmia": ("RMIA", "score of RMIA online: share of the population than which the record is likelier", ""),
    "rmia-offline": ("RMIA offline", "score of RMIA offline: share of the population than which it is likelier", ""),
    "quantile": ("quantile attack", "score less the predicted quantile of outsiders' scores", ""),
    "loss": ("loss threshold", "minus the loss", "nats"),
    "gradient": ("gradient threshold", "minus the norm of the gradient", ""),
}


def column_name(attack: str) -> str:
    """The column of an attack.

    >>> column_name("lira-offline")
    'lira_offline'
    """
    return attack.replace("-", "_")


def title_of(attack: str) -> str:
    """What an attack is called."""
    return _OF_ATTACK[attack][0]


COLUMNS = (
    AUC,
    LABEL,
    Column("auc_error", "standard error of the AUC", "standard error of `auc`", reveals="nothing"),
    *(
        Column(
            column_name(attack),
            title,
            f"{says}, mean over the models that had the record, or of the attacked model",
            unit=unit,
            more=+1,
            reveals="nothing",
            always=False,
        )
        for attack, (title, says, unit) in _OF_ATTACK.items()
    ),
    Column("in_mean", "mean score with the record", "mean score of the models that had it", reveals="nothing"),
    Column("out_mean", "mean score without the record", "mean score of the models that had it not", reveals="nothing"),
    Column("in_std", "spread with the record", "standard deviation of these scores", reveals="nothing"),
    Column("out_std", "spread without the record", "standard deviation of these scores", reveals="nothing"),
    Column(
        "tpr_at_fpr_*",
        "share of models that are found to have it",
        "of the models that had the record, the share in which the first attack finds it with the threshold that has "
        "the false-positive rate in the column's name over all records and models",
        more=+1,
        reveals="nothing",
    ),
    Column(
        "loss_range",
        "range of its losses over training",
        "interquartile range of the record's loss over a training, mean over the models that had it",
        unit="nats",
        more=+1,
        reveals="nothing",
        always=False,
    ),
    PREDICTION,
    Column(
        "member", "in the attacked model", "whether the attacked model had the record", reveals="nothing", always=False
    ),
)
