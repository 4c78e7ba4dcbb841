"""Influence of every training example at the optimum of a linear model, by every curvature, beside the truth."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.influence.columns import COLUMNS
from fil_core.analyses.influence.cost import cost
from fil_core.analyses.influence.request import InfluenceRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="influence",
    version=2,
    request=InfluenceRequest,
    needs="optimum",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(_late("run", "parts")),
    columns=COLUMNS,
    title="What leaving each example out would change of a loss",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="influence",
    printed=_late("printed", "printed"),
)
