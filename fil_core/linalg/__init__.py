"""The linear algebra behind the leakage measures: factor once, then O(d) per example."""

from fil_core.linalg.blocks import row_blocks
from fil_core.linalg.curvature import CholeskyCurvature, Curvature, factored, weighted_gram
from fil_core.linalg.secular import leading_eigenpairs
from fil_core.linalg.simplex import sum_zero_basis

__all__ = [
    "CholeskyCurvature", "Curvature", "factored", "leading_eigenpairs", "row_blocks", "sum_zero_basis", "weighted_gram",
]  # fmt: skip
