"""The columns of out-of-distribution scores."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.ood.request import SCORES

_FIL = "how far the parameters would move if it had been a training example {} and had changed a little"
_SAYS = {
    "fil-predicted": ("FIL, predicted label", _FIL.format("with the label that the model predicts"), "1/feature"),
    "fil-min": ("FIL, least label", _FIL.format("with the label of which that is least"), "1/feature"),
    "fil-expected": ("FIL, expected label", _FIL.format("with each label, by its probability"), "1/feature"),
    "fil-worst": ("FIL, worst label", _FIL.format("with the label of which that is most"), "1/feature"),
    "leverage": ("leverage", "x' H^-1 x: how uncertain the model's score is there", ""),
    "max-probability": ("maximum probability", "less the probability of the predicted class", ""),
    "energy": ("energy", "less the log of the summed exponentials of the scores", ""),
    "mahalanobis": ("Mahalanobis distance", "squared distance to the nearest class's mean, in units of the variance within classes", ""),  # noqa: E501
    "nngp-variance": ("Gaussian process's variance", "posterior variance of a Gaussian process that was trained on the same examples", "output²"),  # noqa: E501
}  # fmt: skip
TITLES = {name: title for name, (title, _, _) in _SAYS.items()}

COLUMNS = (
    Column("source_id", "id", "what its source calls the example", reveals="value", is_id=True),
    Column("split", "split", "in: of the model's classes; out: of none of them; new: uploaded", reveals="nothing"),
    Column("label", "label", "the example's class; empty for new ones", reveals="label", targets=True),
    Column("predicted", "predicted class", "the class that the model predicts", reveals="label", targets=True),
    Column("probability", "its probability", "of the class that the model predicts, by the model", reveals="nothing"),
    *(
        Column(
            name, title, f"{says}; larger means further out of the distribution", unit, reveals="nothing", always=False
        )
        for name in SCORES
        for title, says, unit in [_SAYS[name]]
    ),
)
