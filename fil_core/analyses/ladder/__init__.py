"""Influence by every curvature beside the truth, for a linear model."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.ladder.columns import COLUMNS
from fil_core.analyses.ladder.cost import cost
from fil_core.analyses.ladder.request import LadderRequest

_late, _shared = late(__name__), late("fil_core.analyses.ladder")

ANALYSIS = Analysis(
    name="ladder",
    version=2,
    request=LadderRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(_late("run", "parts")),
    columns=COLUMNS,
    title="Every curvature beside the truth",
    sentence=_shared("words", "sentence"),
    figures=_shared("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="ladder",
    row="one row per curvature",
    printed=_shared("words", "printed"),
)
