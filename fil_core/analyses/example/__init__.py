"""One training example: which features leak, in which direction, and its nearest neighbours."""

from fil_core.analyses.analysis import Analysis, Column, late
from fil_core.analyses.columns import LABEL
from fil_core.analyses.example.cost import cost
from fil_core.analyses.example.request import ExampleRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="example",
    version=3,
    request=ExampleRequest,
    needs="optimum",
    check=_late("run", "check_example"),
    run=_late("run", "run_example"),
    cost=cost,
    columns=(
        LABEL,
        Column("distance", "distance", "Euclidean distance in model features", unit="feature", reveals="nothing"),
    ),
    title="One example",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="example",
    row="one row per nearest training example",
    printed=_late("printed", "printed"),
    only_part=True,
)
