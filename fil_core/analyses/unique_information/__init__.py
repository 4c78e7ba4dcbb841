"""Smooth unique information of every training example of a network."""

from fil_core.analyses.analysis import Analysis, Column, Parts, late
from fil_core.analyses.columns import F_SI, LABEL, SI_SGD, SI_WEIGHTS, TRAINING_CHANGE
from fil_core.analyses.unique_information.cost import cost
from fil_core.analyses.unique_information.parts import parts
from fil_core.analyses.unique_information.request import UniqueInfoRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="unique information",
    version=1,
    request=UniqueInfoRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(parts),
    columns=(
        F_SI,
        LABEL,
        SI_WEIGHTS,
        SI_SGD,
        TRAINING_CHANGE,
        Column("loss", "loss of the linearised network on it", "half the squared error", reveals="label"),
        Column(
            "grad_norm",
            "gradient norm of its loss",
            "in the weights of the linearised network at the last step",
            reveals="label",
        ),
        Column(
            "replaced",
            "label replaced on purpose",
            "whether planted label noise replaced its label",
            reveals="label",
            always=False,
        ),
        Column(
            "interaction_predictions",
            "interaction (predictions)",
            "unique information of the pair with the chosen example, less that of each; below 0 where they tell the "
            "same",
            unit="output²",
            always=False,
            reveals="nothing",
        ),
        Column(
            "interaction_weights",
            "interaction (weights)",
            "the same for the weights",
            unit="weight²",
            always=False,
            reveals="nothing",
        ),
    ),
    title="What the network learned from one example alone",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="unique-info",
    printed=_late("printed", "printed"),
)
