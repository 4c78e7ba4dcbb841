"""Fisher information loss of every training example."""

from fil_core.analyses.analysis import Analysis, Column, Parts, late
from fil_core.analyses.columns import ETA, LABEL, WEIGHT
from fil_core.analyses.fil.cost import cost
from fil_core.analyses.fil.parts import parts
from fil_core.analyses.fil.request import FilRequest

_late = late(__name__)

ANALYSIS = Analysis(
    name="fil",
    version=5,
    request=FilRequest,
    needs="optimum",
    check=_late("run", "check_fil"),
    run=_late("run", "run_fil"),
    cost=cost,
    parts=Parts(parts),
    columns=(
        ETA,
        LABEL,
        Column("loss", "loss of the example", "loss of the model on it", reveals="label"),
        Column(
            "grad_norm", "gradient norm of its loss", "norm of the loss's gradient in the parameters", reveals="label"
        ),
        Column("score", "score θᵀx", "score of its own class under softmax", reveals="label"),
        Column("leverage", "leverage", "xᵀH⁻¹x", more=+1, reveals="nothing"),
        Column(
            "loo_shift",
            "shift of θ when left out",
            "how far the parameters move without it; none where its leverage is 1, as they are not unique without it",
            more=+1,
            reveals="nothing",
        ),
        Column("dfil", "dFIL (mean over features)", "‖J_x‖²_F / (σ² d)", unit="1/feature²", more=+1, reveals="nothing"),
        Column(
            "bound_unbiased",
            "Cramér–Rao bound on reconstruction",
            "mean squared error per feature that no unbiased attacker stays below",
            unit="feature²",
            more=-1,
            reveals="nothing",
        ),
        Column(
            "bound_prior",
            "van Trees bound on reconstruction",
            "mean squared error per feature that no attacker stays below on average under a Gaussian prior",
            unit="feature²",
            more=-1,
            reveals="nothing",
        ),
        Column(
            "membership_auc",
            "membership AUC at this σ",
            "AUC of the best test of whether it was trained on; none where its leverage is 1",
            more=+1,
            reveals="nothing",
        ),
        Column(
            "eta_all",
            "η of the whole example",
            "beside η of an attribute",
            "1/feature",
            more=+1,
            always=False,
            reveals="nothing",
        ),
        Column(
            "eta_*",
            "η of a sensitive attribute",
            "Fisher information loss",
            "1/feature",
            more=+1,
            always=False,
            reveals="nothing",
        ),
        Column(
            "prediction", "prediction", "class that the model predicts", reveals="label", always=False, targets=True
        ),
        Column(
            "correct", "predicted correctly", "whether the prediction is its own class", reveals="label", always=False
        ),
        WEIGHT,
    ),
    title="Whose data this model reveals",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="fil",
    printed=_late("printed", "printed"),
)
