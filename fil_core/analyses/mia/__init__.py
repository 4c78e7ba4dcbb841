"""Membership attacks on an ensemble."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.mia.columns import COLUMNS
from fil_core.analyses.mia.cost import cost
from fil_core.analyses.mia.parts import parts
from fil_core.analyses.mia.request import MiaRequest

_late, _shared = late(__name__), late("fil_core.analyses.mia")

ANALYSIS = Analysis(
    name="mia",
    version=1,
    request=MiaRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(parts),
    columns=COLUMNS,
    title="Membership attacks on an ensemble",
    sentence=_shared("words", "sentence"),
    figures=_shared("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="mia",
    printed=_shared("words", "printed"),
    files={".npz": _shared("files", "signals_file")},
)
