"""Linear models on powers of the features, and the Jacobian of their optimum with respect to the features themselves.

A feature x has the inputs phi_k = (z^k - m_k) / s_k, k = 1..p, of z = (x - m) / s; all means m and standard deviations
s are those of the training rows, and constants like any preprocessing. There are no products of different features.
With D = d phi / d x, one entry in each row, the Jacobian of a record is that of its inputs times D:

    J_x = -w H^-1 [ r (x) D + (S T D) (x) phi ],     J_y = w H^-1 [ U (x) phi ],

r and S the derivatives of the loss in the scores and T the parameters, in the basis of scores that are free. In the
eigenbasis of H it is (N, f + k) numbers for N parameters, f features and k scores, and D is applied entry by entry.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset, Preprocessing
from fil_core.influence.linear import Examples
from fil_core.models import Fitted
from fil_core.models.fitted import model_of
from fil_core.progress import Progress

_BLOCK = {"cpu": 2**23, "cuda": 2**27}  # values of the Jacobians of a block of examples


@dataclass(frozen=True, slots=True)
class Powers:
    """Powers of the features, each standardised: P inputs of f features.

    Attributes:
        feature, power: (P,) whose power each input is, and which.
        centre, scale: (f,) of the features before they are multiplied.
        mean, std: (P,) of the powers.
    """

    feature: np.ndarray
    power: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    mean: np.ndarray
    std: np.ndarray

    def inputs(self, X: np.ndarray) -> np.ndarray:
        """phi of features (m, f), (m, P)."""
        return (self._standard(X) ** self.power - self.mean) / self.std

    def slopes(self, X: np.ndarray) -> np.ndarray:
        """D of features (m, f), (m, P): the derivative of each input in the one feature that it is a power of."""
        outer = self.power * self._standard(X) ** (self.power - 1) / self.std
        return outer / self.scale[self.feature]

    def dataset(self, dataset: Dataset) -> Dataset:
        """The same examples with the powers as their features."""
        names = [dataset.feature_names[j] for j in self.feature]
        called = tuple(name if k == 1 else f"{name}^{k}" for name, k in zip(names, self.power, strict=True))
        return dataclasses.replace(
            dataset, X=self.inputs(dataset.X), X_test=self.inputs(dataset.X_test), feature_names=called,
            source_names=called, groups={}, sensitive=(), image_shape=None,
            preprocessing=Preprocessing(np.asarray(1.0), np.asarray(0.0)),
        )  # fmt: skip

    def _standard(self, X: np.ndarray) -> np.ndarray:
        return ((X - self.centre) / self.scale)[:, self.feature]


def powers_of(X: np.ndarray, degree: int, *, standardise: bool = True) -> Powers:
    """The powers 1..degree of every feature; of one with v different values at most v - 1, more would be copies.

    >>> powers_of(np.array([[1.0, 0.0], [3.0, 1.0], [5.0, 0.0]]), 2).power.tolist()  # of x, of the column 0/1, of x
    [1, 1, 2]

    Args:
        X: (n, f) of the training rows.
        degree: >= 1.
        standardise: features and powers; False takes x^k as it is.
    """
    f = X.shape[1]
    most = highest_powers(X, degree)
    pairs = [(j, k) for k in range(1, degree + 1) for j in range(f) if k <= most[j]]
    feature, power = (np.array(each, dtype=np.int64) for each in zip(*pairs, strict=True))
    plain = Powers(feature, power, np.zeros(f), np.ones(f), np.zeros(len(power)), np.ones(len(power)))
    if not standardise:
        return plain
    centre, scale = _moments(X)
    within = dataclasses.replace(plain, centre=centre, scale=scale)
    mean, std = _moments(within.inputs(X))
    return dataclasses.replace(within, mean=mean, std=std)


def highest_powers(X: np.ndarray, degree: int) -> np.ndarray:
    """The highest power of each feature that is no combination of those before and a constant, (f,), >= 1."""
    different = np.array([len(np.unique(column)) for column in X.T])
    return np.clip(different - 1, 1, degree)


def _moments(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every column; 0 and 1 of a constant one, which stays as it is."""
    constant = np.ptp(X, axis=0) == 0
    return np.where(constant, 0.0, X.mean(0)), np.where(constant, 1.0, X.std(0))


def jacobians_through(
    fitted: Fitted, powers: Powers, examples: Examples, X: np.ndarray, progress: Progress | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """The Jacobians of examples with respect to features and label, and their leverages, a block at a time.

    Args:
        fitted: a model of the powers, at its optimum.
        powers: the powers.
        examples: m examples as the model sees them, see `influence.linear.examples_of`.
        X: (m, f) their features.
        progress: called with (examples done, m, text).

    Yields:
        (b, N, f + k) in the eigenbasis of H, the columns of the label last; and (b,) the traces of w S L, with
        L = (I (x) phi)^T H^-1 (I (x) phi).
    """
    chain = _Chain(fitted, powers)
    rows = max(1, _BLOCK[examples.X.device.type] // chain.width)
    slopes = torch.from_numpy(powers.slopes(X)).to(examples.X)
    for start in range(0, len(X), rows):
        if progress:
            progress(start, len(X), "measuring each example")
        yield chain.block(examples, slopes, slice(start, start + rows))


class _Chain:
    """What all examples share: H^-1 in its eigenbasis, the parameters, and which columns are powers of which order."""

    def __init__(self, fitted: Fitted, powers: Powers) -> None:
        self.powers, self.f = powers, len(powers.centre)
        theta = model_of(fitted.spec).coordinates(fitted.theta)
        self.T = theta.view(-1, theta.shape[-1])  # (k, d)
        self.k, self.d = self.T.shape
        self.Q = fitted.curvature.vectors.view(self.k, self.d, -1)
        self.h = fitted.curvature.values
        self.step = 2**0.5 if fitted.theta.ndim == 2 else 1.0  # a label's: see docs/maths.md, section 1

    @property
    def width(self) -> int:
        """Values per example."""
        return 2 * len(self.h) * (self.f + self.k)

    def block(self, examples: Examples, slopes: Tensor, rows: slice) -> tuple[Tensor, Tensor]:
        """J (b, N, f + k) and the leverages (b,)."""
        r, S, w, D = examples.r[rows], examples.S[rows], examples.w[rows], slopes[rows]
        P = torch.einsum("mj,cjN->mcN", examples.X[rows], self.Q)
        moved, bent = self._through(r, D)
        moved += torch.einsum("mcN,mce,mej->mNj", P, S, bent)
        J = torch.cat([moved, -self.step * P.mT], 2) * (-w[:, None, None] / self.h[:, None])
        L = torch.einsum("mcN,N,meN->mce", P, 1 / self.h, P)
        return J, w * (S * L).sum((1, 2))

    def _through(self, r: Tensor, D: Tensor) -> tuple[Tensor, Tensor]:
        """Q^T (r (x) D), (b, N, f), and T D, (b, k, f), one order of powers after the other."""
        moved, bent = r.new_zeros(len(r), len(self.h), self.f), r.new_zeros(len(r), self.k, self.f)
        for order in np.unique(self.powers.power):
            columns = np.flatnonzero(self.powers.power == order)
            of = torch.from_numpy(self.powers.feature[columns]).to(r.device)
            slope = D[:, columns]
            moved[:, :, of] += torch.einsum("cjN,mc,mj->mNj", self.Q[:, columns], r, slope)
            bent[:, :, of] += self.T[:, columns] * slope[:, None]
        return moved, bent
