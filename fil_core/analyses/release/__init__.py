"""A release with noise: leakage, attack and expected test score."""

from fil_core.analyses.analysis import Analysis, Column, late
from fil_core.analyses.columns import ETA, LABEL, WEIGHT
from fil_core.analyses.release.cost import cost
from fil_core.analyses.release.request import ReleaseRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="release",
    version=3,
    request=ReleaseRequest,
    needs="optimum",
    check=_late("run", "check_release"),
    run=_late("run", "run_release"),
    cost=cost,
    columns=(
        ETA,
        LABEL,
        WEIGHT,
        Column(
            "attack",
            "success or error of the attack",
            "probability that the attribute is inferred correctly by the white box that infers more, or error "
            "relative to that without the release",
            reveals="value",
            always=False,
        ),
    ),
    title="A release with noise",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="release",
    wanted=(
        "sigma", "n", "d", "trained_on", "eta_mean", "eta_std", "eta_min", "eta_median", "eta_max", "attack",
        "train_score", "test_score", "expected_score", "score_std", "draws", "score",
    ),
)  # fmt: skip
