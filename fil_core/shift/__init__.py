"""Out-of-distribution and over-fitting probes: what the measures say of examples that no model was trained on."""
