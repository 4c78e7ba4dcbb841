"""The trained model itself, which the other analyses of a model start from."""

from fil_core.analyses.analysis import Analysis, Parts, late
from fil_core.analyses.fit.cost import cost
from fil_core.analyses.fit.parts import parts
from fil_core.analyses.fit.request import FitRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="fit",
    version=2,
    request=FitRequest,
    needs="data",
    check=_late("run", "check_fit"),
    run=_late("run", "run_fit"),
    cost=cost,
    parts=Parts(parts),
    columns=(),
    title="A trained model",
    sentence=_late("words", "sentence"),
    figures=_late("words", "no_figures"),
    section=_late("words", "section"),
    command="fit",
    row="",
    wanted=("grad_norm", "tolerance", "iterations", "classes"),
    only_part=True,
    limit=2**30,  # a larger curvature is factorised again
)
