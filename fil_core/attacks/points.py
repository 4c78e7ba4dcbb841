"""How many points the posterior mean of an example of a softmax model is taken over."""

WIDE = 128
"""Columns; from here on fewer points and draws, and no terms of second order."""
FEW = 8
"""Entries of x; up to here the points are those of x itself, and more modes are looked for."""
POINTS, POINTS_WIDE, POINTS_OF_X = 64, 16, 1024
"""Per release; of x itself they cost little."""
