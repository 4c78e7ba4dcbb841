"""Leave-one-out distinguishability: whether a Gaussian process tells that a record was among its training data."""
