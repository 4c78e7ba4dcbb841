"""Eta of the longest row through the scale that it sets, where features are divided by the largest norm of a row.

With s = |x0_m| and v = x0_m / s, a change of x0_m by s dv moves row m by dv and, through s, the features x_j of every
row j by -x_j (v^T dv). So the Jacobian of row m gains one term,

    J_m + H^-1 G v^T,   G = sum_j w_j d^2 loss_j / (d theta d x_j) x_j,

which is formed: it is wanted for one row. Centre (in the units of the source) and directions of principal components
are constants here, as everywhere.

Source: docs/maths.md, before section 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.leakage.fil import simplex_basis
from fil_core.linalg import row_blocks, sum_zero_basis
from fil_core.models import Fitted, Glm, Softmax
from fil_core.models.softmax import curvature_in_scores

_TIE = 1e-12  # relative difference of two norms that is rounding
_MOST = 3  # rows of one norm that are measured
_CHUNK = 4096  # rows whose norms are taken at a time


@dataclass(frozen=True, slots=True)
class ScaleRows:
    """The rows that set the scale.

    Attributes:
        ids: of the examples with the largest norm, at most three; usually one.
        eta: their eta through the scale as well, each as if it were the only one.
    """

    ids: tuple[int, ...]
    eta: tuple[float, ...]


def eta_through_scale(
    fitted: Fitted, dataset: Dataset, *, sigma: float = 1.0, columns: Sequence[int] = (), simplex: bool = False
) -> ScaleRows | None:
    """Eta of the rows that set the unit ball, with what they change in all other rows.

    Args:
        fitted: an optimum with its curvature factorised.
        dataset: the examples it was trained on.
        sigma: as for `fil`.
        columns: as for `fil`.
        simplex: as for `fil`.

    Returns:
        None where the features are not divided by the largest norm, or all of them are zero.
    """
    if not dataset.preprocessing.unit_ball:
        return None
    norms = _norms(dataset.source)
    rows = np.flatnonzero(norms >= norms.max() * (1 - _TIE))[:_MOST]
    if norms.max() == 0:
        return None
    scores = _Scores.of(fitted.terms(dataset))
    change = scores.through_scale()
    eta = [_eta(scores, change, dataset, int(i), columns, simplex) / sigma for i in rows]
    return ScaleRows(tuple(int(dataset.ids[i]) for i in rows), tuple(eta))


def _norms(X: np.ndarray) -> np.ndarray:
    starts = range(0, len(X), _CHUNK)
    return np.concatenate([np.linalg.norm(X[i : i + _CHUNK].astype(np.float64), axis=1) for i in starts])


@dataclass(frozen=True)
class _Scores:
    """A model of k scores, or of k = C - 1 coordinates of C scores: derivatives of the loss in them.

    Attributes:
        terms: of all examples.
        delta: (n, k) first derivatives; curvature is in parameters (k, d) likewise.
        theta: (k, f) parameters of the features.
        unit: length of a step of the label in these coordinates.
    """

    terms: Glm | Softmax
    delta: Tensor
    theta: Tensor
    unit: float

    @staticmethod
    def of(terms: Glm | Softmax) -> _Scores:
        f = terms.features
        if isinstance(terms, Glm):
            return _Scores(terms, terms.r[:, None], terms.theta[None, :f], 1.0)
        V = terms.basis
        return _Scores(terms, terms.delta @ V, (V.T @ terms.Theta)[:, :f], 2**0.5)

    def second(self, rows: slice | Tensor) -> Tensor:
        """Second derivatives, (m, k, k)."""
        if isinstance(self.terms, Glm):
            return self.terms.a[rows][:, None, None]
        return curvature_in_scores(self.terms.p[rows], sum_zero_basis(self.terms.p.shape[1]).to(self.theta))

    def through_scale(self) -> Tensor:
        """G, (k, d)."""
        X, f = self.terms.X, self.terms.features
        G = X.new_zeros(self.theta.shape[0], X.shape[1])
        for block in row_blocks(len(X), X.shape[1], X.device):
            Y, w = X[block, :f], self.terms.w[block, None]
            G[:, :f] += (w * self.delta[block]).T @ Y
            along = torch.einsum("mkl,ml->mk", self.second(block), Y @ self.theta.T)
            G += (w * along).T @ X[block]
        return G

    def mixed(self, i: int) -> tuple[Tensor, Tensor]:
        """Second derivatives of the loss of example i in theta and in its features, and in its label, (k d, .)."""
        x, k, f = self.terms.X[i], self.theta.shape[0], self.terms.features
        w = self.terms.w[i]
        eye = torch.eye(len(x)).to(x)[:, :f]
        G = (self.second(slice(i, i + 1))[0] @ self.theta)[:, None, :] * x[None, :, None]
        of_features = w * (self.delta[i][:, None, None] * eye + G)
        of_label = -self.unit * w * torch.eye(k).to(x)[:, None, :] * x[None, :, None]
        return of_features.reshape(-1, f), of_label.reshape(-1, k)


def _eta(scores: _Scores, change: Tensor, dataset: Dataset, i: int, columns: Sequence[int], simplex: bool) -> float:
    """Largest singular value of the Jacobian of row i, formed."""
    of_features, of_label = scores.mixed(i)
    preprocessing, x0 = dataset.preprocessing, dataset.source[i].astype(np.float64)
    v = torch.from_numpy(x0 / np.linalg.norm(x0)).to(change)
    if preprocessing.basis is not None:
        of_features = of_features @ torch.from_numpy(preprocessing.basis.T.copy()).to(change)
    of_features = of_features - torch.outer(change.flatten(), v)
    chosen = of_features[:, list(columns)] if columns else torch.cat([of_features, of_label], 1)
    if simplex:
        chosen = chosen @ simplex_basis(dataset, columns).to(chosen)
    J = scores.terms.curvature.solve(chosen)
    return float(torch.linalg.eigvalsh(J.T @ J)[-1].clamp_min(0).sqrt())
