"""Membership attacks on models of your own."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.mia.columns import COLUMNS
from fil_core.analyses.mia.cost import cost
from fil_core.analyses.signals_mia.request import SignalsMiaRequest

_late, _shared = late(__name__), late("fil_core.analyses.mia")

ANALYSIS = Analysis(
    name="mia of own signals",
    version=1,
    request=SignalsMiaRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="Membership attacks on models of your own",
    sentence=_shared("words", "sentence"),
    figures=_shared("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="mia",
    printed=_shared("words", "printed"),
    files={".npz": _shared("files", "signals_file")},
)
