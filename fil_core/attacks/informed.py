"""The informed adversary of a reconstruction: knows every other example, the penalty, the weights and the label.

At the optimum the gradients cancel, so the example's is minus that of the others, which the adversary can compute. This
module holds what does not depend on the kind of model: the other examples' moments, and which of two explanations of a
release has whole numbers where all other examples do. `one_score` and `several_scores` have the attacks.

Source: docs/maths.md, section 6.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.linalg import weighted_gram
from fil_core.models import Fitted
from fil_core.models.fitted import penalties

ROUNDING = 1e-11  # of the parameters' norm: noise below it is lost in float64
SETTLED = 0.01  # of sigma: a centre that moves by less leaves the guess unchanged
ROUNDS = 8  # of recomputing the centre, each of which reduces its error to about the leverage times that
WITHOUT = "attack: without this example the parameters are not determined; expected l2 > 0 (for instance 1e-3)."
_WHOLE, _FRACTION = 0.02, 0.1  # distance from a whole number: below the first it counts as one, above the second not
_ENOUGH = 3  # examples of a label; with fewer, the covariance is that of all examples
_SHRINK = 0.1  # of the mean variance, added to each direction of the Gaussian: n examples leave directions unseen
_LITTLE = 0.001  # share of that shrinkage which is kept where the variances serve as a prior


@dataclass(frozen=True, slots=True)
class Answers:
    """What the attackers answer to R releases, in the columns of the design.

    Attributes:
        unbiased, prior: (R, d), of the two attackers.
        either: (R, 2, d), the two explanations, the same twice where there is one.
        explained: (R,), whether some x explains the release exactly.
    """

    unbiased: Tensor
    prior: Tensor
    either: Tensor
    explained: Tensor


class Adversary(ABC):
    """The informed adversary of one model, with everything that does not depend on the example under attack.

    Attributes:
        releases: of one example that are attacked at a time.
    """

    releases: int

    def __init__(self, fitted: Fitted, dataset: Dataset) -> None:
        """Costs one product (d, n) by (n, d) for each class that is attacked."""
        terms: Any = fitted.terms(dataset)
        self.terms, self.kind = terms, fitted.spec.kind
        self.y = fitted.targets(dataset.y)
        self.ridge = penalties(fitted.spec, dataset, fitted.intercept, terms.X.device)
        self.label = torch.from_numpy(dataset.y if dataset.class_names else np.zeros(dataset.n)).to(terms.X.device)
        self._source, affine, self._ids = dataset.source, dataset.preprocessing, dataset.ids
        d = self._source.shape[1]
        self._back = [torch.tensor(np.broadcast_to(part, (d,)).copy()) for part in (affine.scale, affine.centre)]
        # Number of examples with a fraction in each source column; -1 behind components, where no number is kept whole.
        mixed = affine.basis is not None
        self._fractions = np.full(d, -1) if mixed else (self._source != np.round(self._source)).sum(0)
        self._moments: dict[float | None, tuple[int, Tensor, Tensor]] = {}

    @abstractmethod
    def target(self, row: int) -> Any:
        """One example as a target: all that does not depend on the noise.

        Raises:
            SingularCurvature: without this example the parameters are not determined (l2 = 0).
            BadRequest: the example has weight 0, so the parameters do not depend on it.
            BadData: all other examples of its label are the same.
        """

    @abstractmethod
    def attack(self, target: Any, noise: Tensor, sigma: Tensor) -> Answers:
        """Answers to the parameters plus sigma (R,), >= 0, times noise (R, D)."""

    def weight(self, row: int) -> Tensor:
        """The weight of an example, > 0.

        Raises:
            BadRequest: it is 0.
        """
        w: Tensor = self.terms.w[row]
        if not bool(w > 0):
            raise BadRequest(
                f"attack: expected examples of weight > 0; the parameters do not depend on example {self._ids[row]}."
            )
        return w

    def reach(self, row: int) -> Tensor:
        """Twice the largest norm of the other examples, the largest norm of a guess."""
        norms = self.terms.X.norm(dim=1)
        norms[row] = 0
        return 2 * norms.max()

    def others_like(self, row: int) -> tuple[Tensor, Tensor]:
        """Mean (d,) and shrunken covariance (d, d) of the other examples of the same label, of all where it has few."""
        x = self.terms.X[row]
        n, total, square = self._class_moments(float(self.label[row]))
        if n < _ENOUGH:
            n, total, square = self._class_moments(None)
        n, total, square = max(1, n - 1), total - x, square - torch.outer(x, x)
        mean = total / n
        cov = square / n - torch.outer(mean, mean)
        cov.diagonal().add_(_SHRINK * cov.diagonal().mean().clamp_min(1e-300))
        return mean, cov

    def _class_moments(self, label: float | None) -> tuple[int, Tensor, Tensor]:
        if label not in self._moments:
            X = self.terms.X if label is None else self.terms.X[self.label == label]
            self._moments[label] = len(X), X.sum(0), weighted_gram(X, None)
        return self._moments[label]

    def looks_whole(self, x: Tensor, row: int) -> Tensor:
        """Whether one of two explanations (T, 2, d) alone has whole numbers where all other examples do, (T, 2)."""
        fraction = (self._source[row] != np.round(self._source[row])).astype(int)
        whole = np.flatnonzero(self._fractions == fraction)  # no other example has a fraction there
        if not whole.size:
            return torch.zeros(x.shape[:2], dtype=torch.bool, device=x.device)
        scale, centre = (part[whole].to(x) for part in self._back)
        value = x[..., whole] / scale + centre
        off = (value - value.round()).abs().amax(2)
        return (off < _WHOLE) & (off.flip(1) > _FRACTION)


def cholesky_of_others(cov: Tensor) -> Tensor:
    """Cholesky factor of the shrunken covariance of the other examples of a label, (d, d).

    Raises:
        BadData: they are all the same.
    """
    factor, failed = torch.linalg.cholesky_ex(cov)
    if int(failed):
        raise BadData("attack: all other examples of this label are the same, so that nobody has to guess it.")
    return factor


def variances_along(cov: Tensor, Q: Tensor) -> Tensor:
    """Variances along the columns of Q, nearly unshrunken: shrinkage would dominate in hundreds of directions."""
    return ((cov @ Q) * Q).sum(0) - (1 - _LITTLE) * _SHRINK / (1 + _SHRINK) * cov.diagonal().mean()


def within(x: Tensor, reach: Tensor) -> Tensor:
    """x (..., d) scaled back into the ball of radius `reach`; NaN and infinities become 0."""
    x = torch.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
    return x * (reach / x.norm(dim=-1, keepdim=True).clamp_min(1e-300)).clamp_max(1)
