"""Leave-one-out distinguishability of every training record of a Gaussian process."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.lood.columns import COLUMNS
from fil_core.analyses.lood.cost import cost
from fil_core.analyses.lood.request import LoodRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="lood",
    version=1,
    request=LoodRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="Whether a record is told to be in the training data",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="lood",
    printed=_late("printed", "printed"),
)
