"""How many points the posterior mean of an example of a softmax model is taken over."""

WIDE = 128
"""Columns; from here on fewer points and draws, and no terms of second order."""
POINTS, POINTS_WIDE, POINTS_OF_X = 64, 16, 512
"""Per release; of x itself they cost little."""
