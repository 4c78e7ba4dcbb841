"""Attribute inference against every training example."""

from fil_core.analyses.analysis import Analysis, Column, late
from fil_core.analyses.attribute.cost import cost
from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.columns import ETA, LABEL

_late = late(__name__)

ANALYSIS = Analysis(
    name="attribute inference",
    version=3,
    request=AttributeRequest,
    needs="optimum",
    check=_late("run", "check_attribute"),
    run=_late("run", "run_attribute"),
    cost=cost,
    columns=(
        ETA,
        LABEL,
        Column("value", "value of the attribute", "its true value", reveals="value"),
        Column(
            "success_*",
            "success of an attacker",
            "probability that the attacker infers the value correctly at that noise",
            more=+1,
            reveals="value",
        ),
    ),
    title="Attribute inference",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="attack-attribute",
    row="one row per training example, with each attacker's probability of success",
    printed=_late("printed", "printed"),
)
