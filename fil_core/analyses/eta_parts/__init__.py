"""What the leakage of every example is due to: its residual, its leverage, or both together."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.eta_parts.columns import COLUMNS
from fil_core.analyses.eta_parts.cost import cost
from fil_core.analyses.eta_parts.request import EtaPartsRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="parts of eta",
    version=1,
    request=EtaPartsRequest,
    needs="optimum",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="What leakage is due to",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="eta-parts",
    printed=_late("words", "printed"),
)
