"""The columns of the failure modes; all but three are those of single modes."""

from __future__ import annotations

from fil_core.analyses.analysis import Column, Reveals
from fil_core.analyses.columns import LABEL

_FEATURE = "1/feature"


def _of_a_mode(name: str, title: str, says: str, unit: str = "", *, reveals: Reveals = "nothing") -> Column:
    return Column(name, title, says, unit, reveals=reveals, always=False)


COLUMNS = (
    Column("eta_other", "η after the mistake or change", "as `--mode` says; empty where it has no value", _FEATURE,
           more=+1, reveals="nothing"),
    Column("eta", "η as it should be", "Fisher information loss before the mistake or change, or without it", _FEATURE,
           more=+1, reveals="nothing"),
    LABEL,
    _of_a_mode("eta_features", "η of the features", "without the target", _FEATURE),
    _of_a_mode("eta_label", "η of the target", "without the features", "1/target"),
    _of_a_mode("eta_gauss_newton", "η by the Gauss–Newton matrix", "in place of the Hessian", _FEATURE),
    _of_a_mode("eta_believed", "η as the mistake believes", "with the Hessian of equal weights", _FEATURE),
    _of_a_mode("score", "score", "of the example as if it had not been trained on", _FEATURE),
    _of_a_mode("loo_shift", "leave-one-out shift", "distance that the parameters move without the example", "weight"),
    _of_a_mode("membership_auc", "membership AUC", "area under the ROC curve of the best membership test at σ = 1"),
    _of_a_mode("loss", "loss", "of the example under the model", reveals="label"),
    _of_a_mode("residual", "size of the residual", "of the model with the columns of zeros", reveals="label"),
    _of_a_mode("length", "length of the row", "Euclidean norm of the features", "feature"),
    _of_a_mode("row_norm", "length of the row", "as a share of the longest", "feature"),
    _of_a_mode("copies", "copies", "how often the data hold the example"),
    _of_a_mode("weight", "training weight", "after the right rounds", reveals="weight"),
    _of_a_mode("weight_other", "training weight after the mistake", "after the mistaken rounds", reveals="weight"),
)  # fmt: skip
