"""Leave-one-out distinguishability of whole groups of training records of a Gaussian process."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.lood_groups.columns import COLUMNS
from fil_core.analyses.lood_groups.cost import cost
from fil_core.analyses.lood_groups.request import LoodGroupsRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="lood of groups",
    version=1,
    request=LoodGroupsRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="Whether a group of records is told to be in the training data",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="lood",
    row="one row per group",
    printed=_late("printed", "printed"),
)
