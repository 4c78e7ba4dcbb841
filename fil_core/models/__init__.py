"""Training: convex objectives brought to their optimum in float64, with the curvature there factorised once."""

from fil_core.models.fitted import Fitted, fit
from fil_core.models.terms import Glm, Softmax

__all__ = ["Fitted", "Glm", "Softmax", "fit"]
