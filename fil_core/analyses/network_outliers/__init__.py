"""How far the gradient of each training example of a network lies from the others' at the end of training."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.network_outliers.cost import cost
from fil_core.analyses.network_outliers.request import NetworkOutliersRequest
from fil_core.analyses.outliers.columns import COLUMNS

_late, _shared = late(__name__), late("fil_core.analyses.outliers")

ANALYSIS = Analysis(
    name="gradient outliers in a network",
    version=1,
    request=NetworkOutliersRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(_late("run", "parts")),
    columns=COLUMNS,
    title="Gradients of a network far from the others'",
    sentence=_shared("words", "sentence"),
    figures=_shared("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="gradient-outliers",
    printed=_shared("printed", "printed"),
)
