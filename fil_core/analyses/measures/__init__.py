"""All measures of every training example in one table, and how far they agree."""

from fil_core.analyses.analysis import Analysis, Column, Parts, late
from fil_core.analyses.columns import LABEL
from fil_core.analyses.measures.cost import cost
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import COLUMNS

_late = late(__name__)

ANALYSIS = Analysis(
    name="measures",
    version=2,
    request=MeasuresRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(_late("run", "parts")),
    columns=(
        Column(
            "high_in",
            "high in",
            "in how many measures of exposure it is among the highest 5 %",
            unit="measures",
            more=+1,
            reveals="nothing",
        ),
        LABEL,
        Column(
            "only_in",
            "high in this one alone",
            "the measure in whose highest 1 % it is, while below the median in at least half of the others",
            reveals="nothing",
        ),
        *COLUMNS.values(),
    ),
    title="All measures",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="measures",
    printed=_late("printed", "printed"),
)
