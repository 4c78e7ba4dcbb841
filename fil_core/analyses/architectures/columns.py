"""The columns of architectures: one row for each kernel with its noise."""

from __future__ import annotations

from fil_core.analyses.analysis import Column
from fil_core.analyses.columns import TEST_SCORE

COLUMNS = (
    Column("kernel", "kernel", "which kernel the Gaussian process has", reveals="nothing"),
    Column("depth", "depth", "number of hidden layers; 0 for a kernel that has none", reveals="nothing"),
    Column("noise", "noise s", "variance on the diagonal of the kernel at training rows", reveals="nothing"),
    Column("relative_noise", "noise over the kernel", "s over the mean of the kernel's diagonal", reveals="nothing"),
    Column("mean_diagonal", "mean kernel diagonal", "mean of k(x, x) over training records", reveals="nothing"),
    Column("kl_mean", "mean LOOD (KL)", "mean over records, at themselves", unit="nats", more=+1, reveals="nothing"),
    Column("kl_median", "median LOOD (KL)", "of the records", unit="nats", more=+1, reveals="nothing"),
    Column("kl_max", "largest LOOD (KL)", "of the records", unit="nats", more=+1, reveals="nothing"),
    Column("auc_mean", "mean membership AUC", "mean over records, at themselves", more=+1, reveals="nothing"),
    Column("auc_median", "median membership AUC", "of the records", more=+1, reveals="nothing"),
    Column(
        "tpr_mean",
        "mean membership TPR",
        "mean true-positive rate over records at the false-positive rate of 0.001",
        more=+1,
        reveals="nothing",
    ),
    Column(
        "train_score",
        "train score",
        "accuracy, or mean squared error, of the posterior mean on the training rows",
        reveals="nothing",
    ),
    TEST_SCORE,
)
