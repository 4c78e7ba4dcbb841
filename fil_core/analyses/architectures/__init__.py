"""Kernels beside one another: how well records are told, and how accurate each is."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.architectures.columns import COLUMNS
from fil_core.analyses.architectures.cost import cost
from fil_core.analyses.architectures.request import ArchitecturesRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="architectures",
    version=1,
    request=ArchitecturesRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(_late("run", "parts")),
    columns=COLUMNS,
    title="Which kernels leak, and which are accurate",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="lood-architectures",
    row="one row per architecture",
    printed=_late("words", "printed"),
)
