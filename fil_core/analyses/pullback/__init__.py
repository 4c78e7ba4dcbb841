"""What pictures give away through a frozen network, in units of their pixels."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.pullback.columns import COLUMNS
from fil_core.analyses.pullback.cost import cost
from fil_core.analyses.pullback.request import PullbackRequest, parts

_late = late(__name__)

ANALYSIS = Analysis(
    name="pullback",
    version=1,
    request=PullbackRequest,
    needs="optimum",
    check=late("fil_core.analyses.pixel_fit")("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(parts, may_fail=True),
    columns=COLUMNS,
    title="Which pictures a deep model gives away",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="pullback",
    printed=_late("words", "printed"),
)
