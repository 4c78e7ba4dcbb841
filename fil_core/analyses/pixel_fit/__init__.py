"""The same model on the pixels of the very rows whose features are measured."""

from fil_core.analyses.analysis import Analysis, late
from fil_core.analyses.pixel_fit.cost import cost
from fil_core.analyses.pixel_fit.request import PixelFitRequest

_late, _fit = late(__name__), late("fil_core.analyses.fit")

ANALYSIS = Analysis(
    name="pixel fit",
    version=1,
    request=PixelFitRequest,
    needs="optimum",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=(),
    title="The same model on raw pixels",
    sentence=_late("words", "sentence"),
    figures=_fit("words", "no_figures"),
    section=_late("words", "section"),
    command="pixel-fit",
    row="",
    wanted=("grad_norm", "tolerance", "iterations", "classes", "train_score"),
    only_part=True,
    limit=2**30,  # a larger curvature is factorised again
)
