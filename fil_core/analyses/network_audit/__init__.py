"""A lower bound on epsilon of a network's training."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.audit.columns import COLUMNS
from fil_core.analyses.network_audit.cost import cost
from fil_core.analyses.network_audit.request import NetworkAuditRequest

_late, _shared = late(__name__), late("fil_core.analyses.audit")

ANALYSIS = Analysis(
    name="audit of a network",
    version=1,
    request=NetworkAuditRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="A lower bound on epsilon of a network's training",
    sentence=_shared("words", "sentence"),
    figures=_shared("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="audit",
    row="one row per canary",
    printed=_shared("words", "printed"),
)
