"""Leakage beside the train-test gap of the same model, over degree, width or penalty."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.overfit.columns import COLUMNS
from fil_core.analyses.overfit.cost import cost
from fil_core.analyses.overfit.request import OverfitRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="overfit",
    version=1,
    request=OverfitRequest,
    needs="data",
    check=_late("checks", "check"),
    run=_late("run", "run"),
    cost=cost,
    parts=Parts(_late("run", "parts"), may_fail=True),  # without unique information there is the rest
    columns=COLUMNS,
    title="Leakage beside the train–test gap",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="overfit",
    row="one row per model",
    printed=_late("words", "printed"),
)
