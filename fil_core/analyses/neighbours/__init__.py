"""Distance of each training example to its nearest one of the same and of another class."""

from fil_core.analyses.analysis import Analysis, Column, Cost, Sizes, late
from fil_core.analyses.columns import LABEL
from fil_core.analyses.neighbours.request import NeighboursRequest

_late = late(__name__)


def cost(request: NeighboursRequest, sizes: Sizes) -> Cost:
    """Two passes over all pairs."""
    return Cost(2.0 * sizes.n * sizes.n * (sizes.d + 4), 2.0**24 + 2.0 * sizes.n * sizes.d)


ANALYSIS = Analysis(
    name="neighbours",
    version=1,
    request=NeighboursRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=(
        LABEL,
        Column(
            "same_distance",
            "distance to the same class",
            "nearest of the same class",
            "feature",
            more=+1,
            reveals="nothing",
        ),
        Column("same_id", "nearest of the same class", "its id; -1 for nobody", reveals="label", names_examples=True),
        Column(
            "other_distance",
            "distance to another class",
            "nearest of another class",
            "feature",
            more=-1,
            reveals="nothing",
        ),
        Column("other_id", "nearest of another class", "its id; -1 for nobody", reveals="label", names_examples=True),
    ),
    title="Nearest neighbours",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="neighbours",
    wanted=("n", "d", "same_mean", "other_mean", "nearer_to_another"),
)
