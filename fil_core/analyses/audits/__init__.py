"""An audit before and after each mitigation."""

from fil_core.analyses.analysis import Analysis, Column, Cost, Parts, late
from fil_core.analyses.audits.request import AuditsRequest

_late = late(__name__)
_OF_FIRST = "lower bound on ε from one run, at the confidence of the audit"

ANALYSIS = Analysis(
    name="audits",
    version=1,
    request=AuditsRequest,
    needs="data",
    check=_late("run", "check"),
    run=_late("run", "run"),
    cost=lambda request, sizes: Cost(),
    parts=Parts(_late("parts", "parts"), may_fail=True),
    columns=(
        Column("family", "kind", "what kind of mitigation it is", reveals="nothing"),
        Column("sigma", "output noise σ", "standard deviation of the noise", unit="θ", reveals="nothing"),
        Column("l2", "penalty λ", "multiplied by n", reveals="nothing"),
        Column("weights", "training weights", "how training is weighted", reveals="nothing"),
        Column("epsilon_lower", "ε found in one run", _OF_FIRST, more=+1, reveals="nothing"),
        Column("epsilon_lower_runs", "ε found in all runs", "lower bound from all runs together", reveals="nothing"),
        Column("epsilon_exact", "exact ε", "of the most exposed canary of the first run", reveals="nothing"),
        Column("epsilon_promised", "promised ε", "for any canary beside any others", reveals="nothing"),
        Column("correct", "right guesses", "of the first run", reveals="nothing"),
        Column("guesses", "guesses", "of the first run", reveals="nothing"),
        Column("test_score", "test score", "of what is released, mean over the runs", reveals="nothing"),
        Column("auc", "mean AUC of the canaries", "over the runs", more=+1, reveals="nothing"),
        Column("error", "why it is impossible", "where it is", reveals="nothing"),
    ),
    title="Audits before and after each mitigation",
    sentence=_late("words", "sentence"),
    figures=_late("words", "figures"),
    section=late("fil_core.analyses")("section", "section"),
    command="audit-mitigations",
    row="one row per mitigation",
    printed=_late("words", "printed"),
)
