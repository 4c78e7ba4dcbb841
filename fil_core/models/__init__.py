"""Training: convex objectives minimised in float64, with the curvature at the optimum factorised once."""

from fil_core.models.fitted import Fitted, fit
from fil_core.models.terms import Glm, Softmax

__all__ = ["Fitted", "Glm", "Softmax", "fit"]
