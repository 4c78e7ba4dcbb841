"""Every mitigation, compared."""

from fil_core.analyses.analysis import Analysis, Column, Parts, late
from fil_core.analyses.mitigate.cost import cost
from fil_core.analyses.mitigate.request import MitigateRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="mitigations",
    version=4,
    request=MitigateRequest,
    needs="data",
    check=_late("run", "check_mitigate"),
    run=_late("run", "run_mitigate"),
    cost=cost,
    parts=Parts(_late("parts", "parts"), may_fail=True),
    columns=(
        Column("family", "kind", "what kind of mitigation it is", reveals="nothing"),
        Column("sigma", "output noise σ", "standard deviation of the noise", unit="θ", reveals="nothing"),
        Column("l2", "penalty λ", "multiplied by n", reveals="nothing"),
        Column("weights", "training weights", "how training is weighted", reveals="nothing"),
        Column("trained_on", "trained on", "examples of weight > 0", reveals="nothing"),
        Column("eta_max", "largest η", "at the noise of the release", "1/feature", more=+1, reveals="nothing"),
        Column("eta_mean", "mean η", "at the noise of the release", "1/feature", more=+1, reveals="nothing"),
        Column(
            "eta_std",
            "spread of η",
            "standard deviation of η at the noise of the release",
            "1/feature",
            reveals="nothing",
        ),
        Column(
            "attack",
            "attack",
            "share inferred correctly, or error relative to that without the release",
            reveals="nothing",
        ),
        Column("attacker", "attacker", "the white box that infers most of an attribute", reveals="nothing"),
        Column("nothing_learnt", "nothing learnt", "what the attacker gets without the release", reveals="nothing"),
        Column("test_score", "test score", "without noise", reveals="nothing"),
        Column("expected_score", "expected test score", "with the noise", reveals="nothing"),
        Column(
            "score_std",
            "± between releases",
            "standard deviation of the test score between releases",
            reveals="nothing",
        ),
        Column("error", "why it is impossible", "where it is", reveals="nothing"),
    ),
    title="Comparison of mitigations",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="mitigate",
    row="one row per mitigation",
    printed=_late("printed", "printed"),
)
