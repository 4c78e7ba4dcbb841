"""Influence of every training example of a network, by every curvature and through training, beside the truth."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.influence.columns import COLUMNS
from fil_core.analyses.network_influence.cost import cost
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest

_late, _shared = late(__name__), late("fil_core.analyses.influence")

ANALYSIS = Analysis(
    name="influence in a network",
    version=2,
    request=NetworkInfluenceRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(_late("parts", "parts")),
    columns=COLUMNS,
    title="What leaving each example of a network out would change of a loss",
    sentence=_shared("words", "sentence"),
    figures=_shared("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="influence",
    printed=_shared("printed", "printed"),
)
