"""How far the gradient of each training example of a linear model lies from the others'."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.outliers.columns import COLUMNS
from fil_core.analyses.outliers.cost import cost
from fil_core.analyses.outliers.request import OutliersRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="gradient outliers",
    version=1,
    request=OutliersRequest,
    needs="optimum",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="Gradients far from the others'",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="gradient-outliers",
    printed=_late("printed", "printed"),
)
