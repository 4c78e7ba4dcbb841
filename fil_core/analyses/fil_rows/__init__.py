"""Fisher information loss of consecutive training examples, of which the answer for every one is put together."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.fil import ANALYSIS as EVERYONE
from fil_core.analyses.fil.request import FilRowsRequest
from fil_core.analyses.fil_rows.cost import cost

_late = late(__name__)
_MODEL = ("label", "loss", "grad_norm", "score", "prediction", "correct", "membership_auc", "loo_shift", "weight")

ANALYSIS = Analysis(
    name="fil_rows",
    version=1,
    request=FilRowsRequest,
    needs="optimum",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=tuple(column for column in EVERYONE.columns if column.name not in _MODEL),
    title="Leakage of some examples",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="fil-rows",
    row="one row per example asked about",
    wanted=("rows",),
    only_part=True,
)
