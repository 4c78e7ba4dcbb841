"""One failure mode of Fisher information loss on some data: eta as it should be, and after the mistake."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.failure.columns import COLUMNS
from fil_core.analyses.failure.cost import cost
from fil_core.analyses.failure.request import FailureRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="failure",
    version=1,
    request=FailureRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=COLUMNS,
    title="A failure mode of η",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="failure",
    printed=_late("printed", "printed"),
)
