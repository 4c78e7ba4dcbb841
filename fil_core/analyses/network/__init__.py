"""A trained network, which what leaving examples out changes is compared with."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.network.cost import cost
from fil_core.analyses.network.request import NetworkFitRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="network",
    version=2,
    request=NetworkFitRequest,
    needs="data",
    check=_late("run", "check_network"),
    run=_late("run", "run_network"),
    cost=cost,
    columns=(),
    title="Training of a network",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="train",
    row="",
    printed=_late("printed", "printed"),
    only_part=True,
    limit=2**30,  # larger ones are trained again
)
