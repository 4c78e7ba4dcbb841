"""Networks on random halves, which membership attacks are run on."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.ensemble.columns import COLUMNS
from fil_core.analyses.network_ensemble.cost import cost
from fil_core.analyses.network_ensemble.request import NetworkEnsembleRequest

_late, _shared = late(__name__), late("fil_core.analyses.ensemble")

ANALYSIS = Analysis(
    name="ensemble of networks",
    version=1,
    request=NetworkEnsembleRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="Networks on random halves",
    sentence=_shared("words", "sentence"),
    figures=_shared("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="ensemble",
    row="one row per model",
    wanted=("n", "models", "score"),
    only_part=True,
)
