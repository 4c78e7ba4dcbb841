"""Columns that several analyses have."""

from __future__ import annotations

from fil_core.analyses.analysis import Column

LABEL = Column("label", "label", "the example's class, or its target", reveals="label", targets=True)
ETA = Column("eta", "η", "Fisher information loss", unit="1/feature", more=+1, reveals="nothing")
WEIGHT = Column("weight", "training weight", "weight of the example in training", reveals="weight")

F_SI = Column(
    "f_si",
    "unique information (predictions)",
    "half the squared change of the predictions when it is left out, summed over outputs, mean over the validation set",
    unit="output²",
    more=+1,
    reveals="nothing",
)
SI_WEIGHTS = Column(
    "si_weights",
    "unique information (weights)",
    "half the squared distance that the weights move when it is left out",
    unit="weight²",
    more=+1,
    reveals="nothing",
)
SI_SGD = Column(
    "si_sgd",
    "unique information under SGD noise",
    "half the squared distance that the weights move when it is left out, in units of the noise of stochastic descent",
    more=+1,
    reveals="nothing",
)
TRAINING_CHANGE = Column(
    "training_change",
    "change of training predictions",
    "half the squared change of the other training examples' predictions when it is left out, mean over them",
    unit="output²",
    more=+1,
    reveals="nothing",
)
WEIGHTS_CHANGE = Column(
    "weights_change",
    "true change of the weights",
    "half the squared distance of the weights after true training without it",
    unit="weight²",
    more=+1,
    reveals="nothing",
)
PREDICTION_CHANGE = Column(
    "prediction_change",
    "true change of the predictions",
    "half the squared change of the predictions after true training without it, mean over the validation set",
    unit="output²",
    more=+1,
    reveals="nothing",
    always=False,
)
TEST_SCORE = Column("test_score", "test score", "accuracy, or mean squared error, on the test split", reveals="nothing")
TRAINED_ON = Column(
    "examples", "training examples", "number of examples that the run was trained on", reveals="nothing"
)
