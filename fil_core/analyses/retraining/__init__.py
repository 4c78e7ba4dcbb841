"""The real network trained again without some examples: the truth that other measures are compared with."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.columns import PREDICTION_CHANGE, TEST_SCORE, TRAINED_ON, WEIGHTS_CHANGE
from fil_core.analyses.retraining.cost import cost
from fil_core.analyses.retraining.parts import parts
from fil_core.analyses.retraining.request import RetrainingRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="retraining",
    version=2,
    request=RetrainingRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(parts),
    columns=(WEIGHTS_CHANGE, PREDICTION_CHANGE, TEST_SCORE, TRAINED_ON),
    title="Training without some examples",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="retrain",
    row="one row per run of training",
    wanted=("runs", "steps"),
    only_part=True,
)
