"""The columns of the ladder: one row for each curvature, so that nothing is about a single example."""

from __future__ import annotations

from fil_core.analyses.analysis import Column

COLUMNS = (
    Column("slope", "slope", "of the truth on the prediction, through the origin; 1 is right", reveals="nothing"),
    Column("relative_error", "relative error", "of the prediction, over the length of the truth", reveals="nothing"),
    Column("pearson", "correlation", "Pearson's, of prediction and truth", reveals="nothing"),
    Column("spearman", "rank correlation", "Spearman's, of prediction and truth", reveals="nothing"),
    Column("sign_agreement", "signs", "share of examples whose signs agree", reveals="nothing"),
    Column("top_k_overlap", "top overlap", "share of the tenth with the largest true effects found", reveals="nothing"),
    Column("corrected_slope", "corrected slope", "the slope with the leverage correction", reveals="nothing"),
    Column("corrected_pearson", "corrected correlation", "with the leverage correction", reveals="nothing"),
    Column("negative", "negative eigenvalues", "of the curvature without damping", reveals="nothing"),
    Column("pearson_low", "correlation from", "lower end of the 95 % interval", reveals="nothing"),
    Column("pearson_high", "correlation to", "upper end of the 95 % interval", reveals="nothing"),
    Column("best_damping", "best damping", "of the sweep, by correlation", reveals="nothing"),
    Column("best_pearson", "best correlation", "at the best damping", reveals="nothing"),
    Column("best_slope", "slope there", "at the best damping", reveals="nothing"),
)
