"""Which test rows one record of a Gaussian process moves."""

from fil_core.analyses.analysis import Analysis, Column, Cost, Sizes, late
from fil_core.analyses.lood.columns import AUC, KL
from fil_core.analyses.lood.cost import entries, training
from fil_core.analyses.lood_moves.request import LoodMovesRequest

_late = late(__name__)


def cost(request: LoodMovesRequest, sizes: Sizes) -> Cost:
    """Training, and the kernel of as many test rows as there are records, with the variances at them."""
    n = float(sizes.n)
    return training(request.kernel, sizes) + Cost(entries(request.kernel, sizes, n) + 2 * n**3, 3 * n * n)


ANALYSIS = Analysis(
    name="lood moves",
    version=1,
    request=LoodMovesRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=cost,
    columns=(
        Column(
            "moved",
            "change of the outputs",
            "length of the change of the mean outputs at the test row when the record is left out",
            unit="output",
            more=+1,
            reveals="nothing",
        ),
        Column("label", "label of the test row", "its class, or its target", reveals="label", targets=True),
        Column(
            "own_output",
            "change of the output of its class",
            "of the mean output of the test row's own class, or of its prediction, that the record brings; above 0 "
            "where the record speaks for that class",
            unit="output",
            reveals="label",
        ),
        KL,
        AUC,
    ),
    title="Which test rows a record moves",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="lood-moves",
    row="one row per test row",
    wanted=("n", "id", "test_rows", "moved_max", "moved_top", "auc_max"),
)
