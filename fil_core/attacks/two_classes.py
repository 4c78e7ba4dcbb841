"""The informed adversary of a softmax model of two classes: that of the logistic model which it is.

With theta = Theta_1 - Theta_0 = c T, c = +-sqrt(2), a softmax model of penalty l2 is a logistic one of penalty l2 / 2,
and noise sigma on T is noise sqrt(2) sigma on theta. One score has exact answers, which several scores have not.

Source: docs/maths.md, sections 1 and 6.
"""

from __future__ import annotations

import dataclasses
import math

from torch import Tensor

from fil_core.attacks.informed import Adversary, Answers
from fil_core.attacks.one_score import OneScore, Target
from fil_core.dataset import Dataset
from fil_core.linalg import Curvature, weighted_gram
from fil_core.models import Fitted, Softmax
from fil_core.models.fitted import penalties
from fil_core.models.glm import penalised


class TwoClasses(Adversary):
    """The informed adversary of a softmax model of two classes."""

    def __init__(self, fitted: Fitted, dataset: Dataset) -> None:
        super().__init__(fitted, dataset)
        self.scale = float(self.terms.basis[1, 0] - self.terms.basis[0, 0])
        self.alike = OneScore(logistic_of(fitted, dataset, self.terms), dataset)
        self.releases = self.alike.releases

    def target(self, row: int) -> Target:
        """One example as a target of the logistic model."""
        return self.alike.target(row)

    def attack(self, target: Target, noise: Tensor, sigma: Tensor) -> Answers:
        """Answers to T plus sigma (R,), >= 0, times noise (R, d)."""
        return self.alike.attack(target, math.copysign(1.0, self.scale) * noise, abs(self.scale) * sigma)


def logistic_of(fitted: Fitted, dataset: Dataset, terms: Softmax) -> Fitted:
    """The logistic model that a softmax model of two classes is.

    Args:
        fitted: of two classes.
        dataset: what it was trained on.
        terms: its derivatives there.
    """
    spec = dataclasses.replace(fitted.spec, kind="logistic", l2=fitted.spec.penalty / 2)
    ridge = penalties(spec, dataset, fitted.intercept, terms.X.device)
    H = penalised(weighted_gram(terms.X, terms.w * terms.p[:, 0] * terms.p[:, 1]), ridge)
    optimum = dataclasses.replace(fitted.optimum, theta=terms.Theta[1] - terms.Theta[0])
    return dataclasses.replace(fitted, spec=spec, optimum=optimum, curvature=Curvature.factor(H))
