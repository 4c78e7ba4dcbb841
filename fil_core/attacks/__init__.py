"""Inversion attacks: what an adversary recovers from the released parameters, beside what the bounds say."""
