"""Columns that several analyses have."""

from __future__ import annotations

from fil_core.analyses.analysis import Column

LABEL = Column("label", "label", "the example's class, or its target", reveals="label", targets=True)
ETA = Column("eta", "η", "Fisher information loss", unit="1/feature", more=+1, reveals="nothing")
WEIGHT = Column("weight", "training weight", "weight of the example in training", reveals="weight")
