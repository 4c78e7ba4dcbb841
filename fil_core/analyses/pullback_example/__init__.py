"""Which pixels of one picture leak through a frozen network, and in which direction."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.pullback.request import parts
from fil_core.analyses.pullback_example.cost import cost
from fil_core.analyses.pullback_example.request import PullbackExampleRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="pullback of an example",
    version=1,
    request=PullbackExampleRequest,
    needs="optimum",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(parts, may_fail=True),
    columns=(),
    title="Which pixels leak through the network",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="pullback-example",
    row="",
    printed=_late("words", "printed"),
    only_part=True,
)
