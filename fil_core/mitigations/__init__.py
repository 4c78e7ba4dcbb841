"""What can be done about leakage: training reweighted, and releases that can be compared."""
