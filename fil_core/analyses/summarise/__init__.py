"""A data set summarised by unique information: training on the most or the least unique examples, or on random ones."""

from fil_core.analyses.analysis import Analysis, Column, Parts, late
from fil_core.analyses.columns import TEST_SCORE, TRAINED_ON
from fil_core.analyses.summarise.cost import cost
from fil_core.analyses.summarise.parts import parts
from fil_core.analyses.summarise.request import SummariseRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="summary",
    version=1,
    request=SummariseRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(parts),
    columns=(
        Column("keep", "share kept", "of the training examples", reveals="nothing"),
        Column("kept", "who is kept", "the most unique, the least unique, or random ones", reveals="nothing"),
        Column("draw", "draw", "number of the random draw; -1 where none is drawn", reveals="nothing"),
        TRAINED_ON,
        TEST_SCORE,
    ),
    title="Training on a share of the examples",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="summarise",
    row="one row per run of training",
    wanted=("n", "by", "score", "full_score", "scores"),
)
