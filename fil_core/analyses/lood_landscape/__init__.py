"""How the leave-one-out distinguishability of one record changes as the query moves away from it."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.lood_landscape.columns import COLUMNS
from fil_core.analyses.lood_landscape.cost import cost
from fil_core.analyses.lood_landscape.request import LandscapeRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="lood landscape",
    version=1,
    request=LandscapeRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="How a record shows around itself",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="lood-landscape",
    row="one row per query",
    printed=_late("words", "printed"),
)
