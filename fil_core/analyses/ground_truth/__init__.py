"""Unique information of examples beside the truth: the real network trained again without each of them."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.columns import (
    F_SI,
    LABEL,
    PREDICTION_CHANGE,
    SI_SGD,
    SI_WEIGHTS,
    TRAINING_CHANGE,
    WEIGHTS_CHANGE,
)
from fil_core.analyses.ground_truth.cost import cost
from fil_core.analyses.ground_truth.parts import parts
from fil_core.analyses.ground_truth.request import GroundTruthRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="ground truth",
    version=1,
    request=GroundTruthRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(parts),
    columns=(PREDICTION_CHANGE, WEIGHTS_CHANGE, LABEL, F_SI, SI_WEIGHTS, SI_SGD, TRAINING_CHANGE),
    title="Unique information against true retraining",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="ground-truth",
    row="one row per example that was left out",
    printed=_late("printed", "printed"),
)
