"""Inversion attacks: what an adversary gets out of the released parameters, beside what the bound says."""
