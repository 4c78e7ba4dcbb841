"""Training: convex objectives brought to their optimum in float64, with the curvature there factorised once."""

from fil_core.models.fitted import Fitted, Glm, Softmax, fit

__all__ = ["Fitted", "Glm", "Softmax", "fit"]
