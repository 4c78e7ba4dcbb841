"""Reconstruction of training examples from the parameters and all other examples."""

from fil_core.analyses.analysis import Analysis, Column, Parts, late
from fil_core.analyses.columns import ETA, LABEL
from fil_core.analyses.reconstruction.cost import cost
from fil_core.analyses.reconstruction.parts import parts
from fil_core.analyses.reconstruction.request import ReconstructionRequest

_late = late(__name__)

_ATTACKS = {
    "": "the unbiased attack",
    "_prior": "the attack with a prior",
    "_nearer": "the closer one of two candidates",
}

ANALYSIS = Analysis(
    name="reconstruction",
    version=6,
    request=ReconstructionRequest,
    needs="optimum",
    check=_late("run", "check_reconstruction"),
    run=_late("run", "run_reconstruction"),
    cost=cost,
    parts=Parts(parts),
    columns=(
        ETA,
        LABEL,
        Column("sigma", "output noise σ", "standard deviation of the noise", unit="θ", reveals="nothing"),
        *(
            column
            for kind, attack in _ATTACKS.items()
            for column in (
                Column(
                    f"mse{kind}", f"error of {attack}", "mean squared error", "feature²", more=-1, reveals="nothing"
                ),
                Column(
                    f"mse{kind}_error",
                    f"standard error of the error of {attack}",
                    "over the releases drawn",
                    "feature²",
                    reveals="nothing",
                ),
                Column(
                    f"psnr{kind}", f"PSNR of {attack}", "peak signal-to-noise ratio", "dB", more=+1, reveals="nothing"
                ),
            )
        ),
        Column(
            "unseen",
            "error of a guess without the model",
            "squared distance per feature to the mean of the other examples of its label",
            "feature²",
            reveals="nothing",
        ),
        Column(
            "explained",
            "explained releases",
            "share of the releases that some example explains exactly",
            reveals="nothing",
        ),
        Column(
            "bound_unbiased",
            "Cramér–Rao bound",
            "on the error of unbiased attacks",
            "feature²",
            more=-1,
            reveals="nothing",
        ),
        Column(
            "bound_prior",
            "van Trees bound",
            "on the error under a Gaussian prior",
            "feature²",
            more=-1,
            reveals="nothing",
        ),
    ),
    title="Reconstruction",
    sentence=_late("words", "sentence"),
    figures=_late("figures", "figures"),
    section=_late("section", "section"),
    command="attack-reconstruct",
    row="one row per example and sigma",
    printed=_late("printed", "printed"),
)
