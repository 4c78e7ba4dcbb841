"""Membership attacks: signals of ensembles, scores, how they are judged, and audits."""
