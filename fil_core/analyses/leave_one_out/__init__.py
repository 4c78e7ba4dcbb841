"""What really leaving each example out of a linear model changes of a loss: the truth beside influence."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.columns import LABEL
from fil_core.analyses.influence.columns import LEAVE_ONE_OUT
from fil_core.analyses.leave_one_out.cost import cost
from fil_core.analyses.leave_one_out.request import LeaveOneOutRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="leave-one-out",
    version=2,
    request=LeaveOneOutRequest,
    needs="optimum",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=(LEAVE_ONE_OUT, LABEL),
    title="What really leaving each example out changes of a loss",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="leave-one-out",
    row="one row per example that was left out",
    wanted=("n", "target", "examples"),
    only_part=True,
)
