"""Exposure of planted secrets in a language model, beside what leaving their copies out would change."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.canaries.columns import COLUMNS
from fil_core.analyses.canaries.cost import cost
from fil_core.analyses.canaries.request import CanariesRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="canaries",
    version=1,
    request=CanariesRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(_late("run", "parts")),
    columns=COLUMNS,
    title="Exposure of planted secrets",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="canaries",
    row="one row for each training row that is a planted secret",
    printed=_late("printed", "printed"),
)
