"""Features of pictures by a frozen network, which data sets of features are made of."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.features.cost import cost
from fil_core.analyses.features.request import FeaturesRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="features",
    version=1,
    request=FeaturesRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=(),
    title="Features of a network",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="features",
    row="",
    wanted=("network", "width", "public", "private", "fingerprint", "score", "public_score", "test_score"),
    only_part=True,
)
