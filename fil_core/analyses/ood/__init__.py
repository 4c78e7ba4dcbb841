"""Out-of-distribution scores of test examples, judged: what eta tells of strangers, beside the usual scores."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.ood.columns import COLUMNS
from fil_core.analyses.ood.cost import cost
from fil_core.analyses.ood.request import OodRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="ood",
    version=1,
    request=OodRequest,
    needs="optimum",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="Which scores tell examples out of the distribution",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="ood",
    row="one row per test example: in the distribution, out of it, or new",
    printed=_late("words", "printed"),
)
