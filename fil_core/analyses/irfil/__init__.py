"""Iterated reweighting (IRFIL), round by round."""

from fil_core.analyses.analysis import Analysis, Column, late
from fil_core.analyses.columns import LABEL, WEIGHT
from fil_core.analyses.irfil.cost import cost
from fil_core.analyses.irfil.request import IrfilRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="irfil",
    version=2,
    request=IrfilRequest,
    needs="optimum",
    check=_late("run", "check_irfil"),
    run=_late("run", "run_irfil"),
    cost=cost,
    columns=(
        LABEL,
        Column("eta_before", "η with equal weights", "before reweighting", "1/feature", more=+1, reveals="nothing"),
        Column("eta_after", "η after reweighting", "after the last round", "1/feature", more=+1, reveals="change"),
        WEIGHT,
    ),
    title="Iterated reweighting (IRFIL)",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="irfil",
    row="label, eta_before, eta_after and weight of every training example",
    printed=_late("printed", "printed"),
)
