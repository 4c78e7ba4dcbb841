"""A lower bound on epsilon of a trained model, beside what its output noise promises."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.audit.columns import COLUMNS
from fil_core.analyses.audit.cost import cost
from fil_core.analyses.audit.request import AuditRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="audit",
    version=1,
    request=AuditRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="A lower bound on epsilon, beside what is promised",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="audit",
    row="one row per canary",
    printed=_late("words", "printed"),
)
