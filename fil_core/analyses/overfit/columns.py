"""The columns of over-fitting: one row for each model, so that nothing is about a single example."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import TEST_SCORE


def _column(name: str, title: str, says: str, unit: str = "", *, always: bool = True) -> Column:
    return Column(name, title, says, unit=unit, reveals="nothing", always=always)


_ETA, _THETA = "1/feature", "parameter²"

COLUMNS = (
    _column("value", "degree, width or λ", "what grows from model to model"),
    _column("l2", "penalty λ", "of the model; of a network its decay"),
    _column("parameters", "parameters", "how many the model has"),
    _column("train_loss", "train loss", "mean loss on the training rows, without the penalty"),
    _column("test_loss", "test loss", "mean loss on the held-out rows"),
    _column("gap", "gap", "test loss less train loss"),
    _column("train_score", "train score", "accuracy, or mean squared error, on the training rows"),
    TEST_SCORE,
    _column("eta_mean", "mean η", "mean over the training examples, of the whole example", _ETA),
    _column("eta_median", "median η", "median over the training examples", _ETA),
    _column("eta_p95", "95th percentile of η", "over the training examples", _ETA),
    _column("eta_max", "largest η", "of all training examples", _ETA),
    _column(
        "eta_whole", "η of the whole set", "spectral norm of the Jacobians of all training examples side by side", _ETA
    ),
    _column(
        "held_out_mean",
        "mean η, held out",
        "mean of η at held-out rows with their true labels, of which the model was trained on none",
        _ETA,
    ),
    _column("held_out_median", "median η, held out", "median of the same", _ETA),
    _column("ratio", "η, training / held out", "median η of the training examples over that of the held-out rows"),
    _column(
        "unique_mean",
        "mean unique information",
        "mean over the training examples of half the squared distance that the parameters move without one; of a "
        "network that of the one linearised at its start",
        _THETA,
    ),
    _column("unique_max", "largest unique information", "of all training examples", _THETA),
    _column("leverage_mean", "mean leverage", "mean number of parameters that fit one training example"),
    _column("leverage_max", "largest leverage", "of all training examples"),
    _column("leverage_sum", "effective parameters", "sum of the leverages"),
    _column("condition", "condition number", "largest over least eigenvalue of the curvature that η is taken with"),
    _column("grad_norm", "gradient norm", "of the sum of losses with the penalty, at the parameters; 0 at an optimum"),
    _column(
        "hessian_least",
        "least eigenvalue of the Hessian",
        "of the mean loss of the network with its decay; below 0 the optimum that an exact η is about is not there; "
        "none of a network that is too large",
        always=False,
    ),
)
