"""A study: several requests that belong together, such as the figures of the paper."""

from fil_core.analyses.analysis import Analysis, Column, Cost, Parts, late
from fil_core.analyses.study.request import StudyRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="study",
    version=1,
    request=StudyRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=lambda request, sizes: Cost(),
    parts=Parts(_late("run", "parts"), may_fail=True),
    columns=(
        Column("shows", "what it shows", "the label of the entry", reveals="nothing"),
        Column("analysis", "analysis", "name of the analysis that answers it", reveals="nothing"),
        Column("state", "state", "computed, or failed", reveals="nothing"),
        Column("result", "result", "what the result says, in a sentence", reveals="label"),
        Column("numbers", "numbers", "its headline numbers; first and last of several", reveals="label"),
        Column("error", "why it failed", "where it did, and what to do", reveals="label"),
    ),
    title="Study",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="study",
    row="one row per entry of the study",
    printed=_late("words", "printed"),
)
