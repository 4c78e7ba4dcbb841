"""The linear algebra that the leakage measures stand on: factor once, then O(d) an example."""

from fil_core.linalg.blocks import row_blocks
from fil_core.linalg.curvature import Curvature, weighted_gram
from fil_core.linalg.secular import leading_eigenpairs

__all__ = ["Curvature", "leading_eigenpairs", "row_blocks", "weighted_gram"]
