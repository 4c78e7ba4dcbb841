"""Influence functions of linear models at their optimum, by the curvature: exact, and without a p x p per example.

With k scores per example (one, or C - 1 for softmax, in the basis of directions that sum to zero), the gradient of
example i is r_i (x) x_i and its part of the Hessian S_i (x) x_i x_i^T, r_i (k,) and S_i (k, k) with the example's
weight. The Hessian is the Gauss-Newton and the Fisher matrix. See `influence.curvatures` for the definitions.

Source: docs/maths.md, section 9; Koh and Liang (ICML 2017).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import SingularCurvature
from fil_core.influence.influences import Influences, divided, inverse, sweep, without_own
from fil_core.influence.sample_space import in_sample_space
from fil_core.linalg import row_blocks, sum_zero_basis, weighted_gram
from fil_core.models import Fitted, Softmax
from fil_core.models.fitted import model_of, penalties
from fil_core.models.leave_one_out import shifts
from fil_core.models.softmax import curvature_in_scores
from fil_core.progress import Progress


@dataclass(frozen=True)
class Examples:
    """Some examples as a linear model sees them at its parameters.

    Attributes:
        X: (n, d) inputs, with the constant as the last column where there is one.
        r: (n, k) derivative of the loss in the scores, without weights.
        S: (n, k, k) its second derivative.
        w: (n,) weights.
        loss: (n,).
    """

    X: Tensor
    r: Tensor
    S: Tensor
    w: Tensor
    loss: Tensor

    def products(self, U: Tensor) -> Tensor:
        """Weighted gradients times a direction U (k, d), (n,)."""
        return self.w * (self.r * (self.X @ U.T)).sum(1)

    @property
    def mean_gradient(self) -> Tensor:
        """Of their loss, without weights, (k, d)."""
        return self.r.T @ self.X / len(self.X)


def examples_of(fitted: Fitted, X: np.ndarray, y: np.ndarray, w: Tensor | None = None) -> Examples:
    """Examples at the optimum of a model.

    Args:
        fitted: the model.
        X: (n, features).
        y: (n,) targets as in `Dataset.y`.
        w: (n,) weights; None for ones.
    """
    weights = torch.ones(len(X), dtype=torch.float64, device=fitted.theta.device) if w is None else w
    t = model_of(fitted.spec).terms(
        fitted.design(X), weights, fitted.theta, fitted.targets(y), fitted.scores(X), fitted.curvature, fitted.intercept
    )
    if isinstance(t, Softmax):
        return Examples(t.X, t.delta @ t.basis, curvature_in_scores(t.p, t.basis), t.w, t.loss)
    return Examples(t.X, t.r[:, None], t.a[:, None, None], t.w, t.loss)


def gradients(fitted: Fitted, examples: Examples) -> Iterator[Tensor]:
    """Gradients of the losses of single examples, without weights, (b, p) for one block of rows after the other.

    Of softmax in all of Theta (C, d), in whose entries the norms do not depend on a choice of basis.

    Args:
        fitted: the model.
        examples: as it sees them.
    """
    r = examples.r @ _scores_basis(fitted).T
    for rows in row_blocks(len(r), r.shape[1] * examples.X.shape[1], r.device):
        yield (r[rows, :, None] * examples.X[rows, None, :]).flatten(1)


def of_hessian(fitted: Fitted, train: Examples, target: Tensor | None, *, damping: float) -> Influences:
    """By the Hessian of the objective, from its factorisation at the optimum.

    Args:
        fitted: the model.
        train: its n training examples.
        target: gradient of the target's loss, (k, d); None for the loss of each example itself.
        damping: >= 0, on the mean loss.
    """
    H, n = fitted.curvature, len(train.X)
    return _of_factored(H.values, H.vectors, train, target, damping, n, own_curvature=True)


def of_empirical_fisher(
    fitted: Fitted, dataset: Dataset, train: Examples, target: Tensor | None, *, damping: float
) -> Influences:
    """By the empirical Fisher matrix: n x n where there are fewer examples than parameters, else p x p.

    Args:
        fitted: the model.
        dataset: its training examples.
        train: the same as the model sees them.
        target: gradient of the target's loss, (k, d); None for each example itself.
        damping: >= 0.
    """
    n, (k, d) = len(train.X), (train.r.shape[1], train.X.shape[1])
    r = train.w[:, None] * train.r
    if n < k * d and not fitted.intercept:
        K = (r @ r.T) * (train.X @ train.X.T)
        towards = None if target is None else train.products(target)[None]
        found = in_sample_space(K[None], towards, n, fitted.spec.penalty, damping, weights=k * d)
        return _unweighted(found, train.w, every=target is None)
    M = _assembled(train.X, r[:, :, None] * r[:, None, :])
    M.diagonal().add_(_ridge(fitted, dataset, k, d))
    values, vectors = torch.linalg.eigh(M)
    return _of_factored(values, vectors, train, target, damping, n, own_curvature=False)


def _unweighted(found: Influences, w: Tensor, *, every: bool) -> Influences:
    """The influence of every example on its own loss without its weight, from that on the weighted loss.

    Args:
        found: where each example's own loss has its weight.
        w: (n,) weights.
        every: whether all influences are on the examples' own losses, or the self-influence alone.
    """

    def without(values: Tensor) -> Tensor:
        return torch.where(w > 0, values / w, torch.zeros_like(values))

    assert found.corrected is not None
    assert found.self_influence is not None
    alone = dataclasses.replace(found, self_influence=without(found.self_influence))
    if not every:
        return alone
    return dataclasses.replace(
        alone,
        influence=without(found.influence),
        corrected=without(found.corrected),
        by_damping=without(found.by_damping),
    )


def on_targets(
    fitted: Fitted, dataset: Dataset, target: tuple[np.ndarray, np.ndarray], *, damping: float = 0.0
) -> Tensor:
    """Influence of every training example on the loss of each of some others by the Hessian, (n, m).

    From the parameters alone: the Hessian is assembled there and factorised by Cholesky's method, once for all targets.

    Args:
        fitted: the model; its own factorisation is not used.
        dataset: its n training examples.
        target: features (m, features) and targets (m,) of the examples whose losses are meant.
        damping: >= 0, on the mean loss.

    Raises:
        SingularCurvature: the damped Hessian is not positive definite.
    """
    train, others = examples_of(fitted, dataset.X, dataset.y, fitted.weights), examples_of(fitted, *target)
    # A column of zeros has a gradient of zero in every training example, and nothing in the Hessian but its penalty.
    used = (train.X != 0).any(0)
    X, X_t = train.X[:, used], others.X[:, used]
    n, (k, d) = len(X), (train.r.shape[1], X.shape[1])
    H = _assembled(X, train.w[:, None, None] * train.S)
    H.diagonal().add_(_ridge(fitted, dataset, k, len(used)).view(k, -1)[:, used].flatten() + n * damping)
    L, failed = torch.linalg.cholesky_ex(H)
    if bool(failed):
        raise SingularCurvature(
            f"The curvature with damping {damping:g} is not positive definite: expected one that determines all "
            f"{k * d:,} parameters. Take a larger damping or penalty."
        )
    g = (others.r[:, :, None] * X_t[:, None, :]).flatten(1)  # (m, k d)
    U = torch.cholesky_solve(g.T, L).view(k, d, -1)
    influence = torch.zeros(n, len(g), dtype=torch.float64, device=g.device)
    for c in range(k):
        influence.addcmul_((train.w * train.r[:, c])[:, None], X @ U[c])
    return influence


def _assembled(X: Tensor, S: Tensor) -> Tensor:
    """sum_i S_i (x) x_i x_i^T, (k d, k d), of S (n, k, k) symmetric."""
    k, d = S.shape[1], X.shape[1]
    M = torch.zeros(k * d, k * d, dtype=X.dtype, device=X.device)
    for c in range(k):
        for e in range(c + 1):
            rows, columns = slice(c * d, (c + 1) * d), slice(e * d, (e + 1) * d)
            M[rows, columns] = M[columns, rows] = weighted_gram(X, S[:, c, e])
    return M


def of_diagonal(fitted: Fitted, dataset: Dataset, train: Examples, target: Tensor | None, *, damping: float) -> Influences:  # noqa: E501 # fmt: skip
    """By the diagonal of the empirical Fisher matrix; arguments as for `of_empirical_fisher`.

    Of softmax the diagonal over all entries of Theta (C, d): that in a basis of the directions that sum to zero would
    depend on the basis, and so on the order of the classes.
    """
    V = _scores_basis(fitted)
    r, towards = train.r @ V.T, None if target is None else (V @ target).flatten()
    n, (k, d) = len(train.X), (r.shape[1], train.X.shape[1])
    squares = (train.w[:, None] * r).square().T @ train.X.square()  # (k, d)
    diagonal = squares.flatten() + _ridge(fitted, dataset, k, d)
    dampings = sweep(float(diagonal.max()) / n, damping)
    chosen = dampings.index(float(damping))
    inverses = torch.stack([inverse(diagonal, n * each) for each in dampings])
    by_damping, corrected, own = [], [], []
    for rows in row_blocks(n, k * d, train.X.device):
        g = (r[rows, :, None] * train.X[rows, None, :]).flatten(1)
        G = train.w[rows, None] * g
        product = G * (g if towards is None else towards)
        by_damping.append(inverses @ product.T)
        own.append((G * g) @ inverses[chosen])
        corrected.append(divided(product * inverses[chosen], 1 - G.square() * inverses[chosen]).sum(1))
    influence = torch.cat(by_damping, 1)
    return Influences(
        influence[chosen], torch.cat(corrected), torch.cat(own), dampings, influence, "direct",
        float(diagonal.min()) / n, float(diagonal.max()) / n, 0,
    )  # fmt: skip


def _scores_basis(fitted: Fitted) -> Tensor:
    """From directions (k, d) to those of all parameters: columns that sum to zero for softmax, else a one."""
    if fitted.theta.ndim == 1:
        return torch.ones(1, 1, dtype=fitted.theta.dtype, device=fitted.theta.device)
    return sum_zero_basis(len(fitted.theta)).to(fitted.theta)


def of_identity(train: Examples, target: Tensor | None, *, damping: float) -> Influences:
    """By the identity: inner products of gradients over n; `damping` is not used."""
    n = len(train.X)
    own = train.w * train.r.square().sum(1) * train.X.square().sum(1) / n
    found = own if target is None else train.products(target) / n
    return Influences(found, found, own, [float(damping)], found[None], "none")


def _ridge(fitted: Fitted, dataset: Dataset, k: int, d: int) -> Tensor:
    """n times the penalty of every parameter, (k d,)."""
    ridge = penalties(fitted.spec, dataset, fitted.intercept, fitted.theta.device)
    each = torch.as_tensor(ridge, dtype=torch.float64, device=fitted.theta.device)
    return each.expand(d).repeat(k)


def _of_factored(
    values: Tensor, vectors: Tensor, train: Examples, target: Tensor | None, damping: float, n: int,
    *, own_curvature: bool,
) -> Influences:  # fmt: skip
    """By n B = Q diag(values) Q^T, penalty included, with n times a damping on top.

    Args:
        values: (k d,).
        vectors: Q, (k d, k d).
        train: the examples.
        target: (k, d), or None for each example itself.
        damping: the one that is asked for.
        n: by which the mean loss divides.
        own_curvature: whether an example's part of n B is S_i (x) x x^T, or the outer product of its gradient.
    """
    k, d = train.r.shape[1], train.X.shape[1]
    dampings = sweep(float(values[-1]) / n, damping)
    chosen = dampings.index(float(damping))
    inverses = [inverse(values, n * each) for each in dampings]
    M = (vectors * inverses[chosen]) @ vectors.T
    L = _between_scores(train.X, M.view(k, d, k, d))
    self_influence = train.w * torch.einsum("na,nab,nb->n", train.r, L, train.r)
    if target is None:
        by_damping = _own_by_damping(train, vectors, inverses)
        moved = torch.einsum("nab,nb->na", L, train.r)
    else:
        rotated = vectors.T @ target.flatten()
        by_damping = torch.stack([train.products((vectors @ (inv * rotated)).view(k, d)) for inv in inverses])
        moved = train.X @ (vectors @ (inverses[chosen] * rotated)).view(k, d).T
    if own_curvature:
        corrected = train.w * without_own(moved, L, train.r, train.w[:, None, None] * train.S)
    else:
        corrected = divided(by_damping[chosen], 1 - train.w * self_influence)
    return Influences(
        by_damping[chosen], corrected, self_influence, dampings, by_damping, "direct",
        float(values[0]) / n, float(values[-1]) / n, int((values < 0).sum()),
    )  # fmt: skip


def _own_by_damping(train: Examples, vectors: Tensor, inverses: list[Tensor]) -> Tensor:
    """w_i g_i^T (n B)^-1 g_i of every example for each damping, (D, n)."""
    weights, parts = torch.stack(inverses, 1), []
    for rows in row_blocks(len(train.X), len(vectors), train.X.device):
        g = (train.r[rows, :, None] * train.X[rows, None, :]).flatten(1)
        parts.append(train.w[rows, None] * ((g @ vectors).square() @ weights))
    return torch.cat(parts).T


def _between_scores(X: Tensor, M: Tensor) -> Tensor:
    """x_i^T M_ce x_i of every example, (n, k, k), from blocks M (k, d, k, d)."""
    k, d = M.shape[:2]
    if k == 1:
        return ((X @ M[0, :, 0]) * X).sum(1)[:, None, None]
    found = []
    for rows in row_blocks(len(X), k * d, X.device):
        x = X[rows]
        across = [(x @ M[c].reshape(d, k * d)).view(-1, k, d) @ x[:, :, None] for c in range(k)]
        found.append(torch.cat(across, 2).mT)
    return torch.cat(found)


def true_changes(
    fitted: Fitted, dataset: Dataset, rows: Tensor, target: tuple[np.ndarray, np.ndarray] | None,
    *, progress: Progress | None = None,
) -> Tensor:  # fmt: skip
    """The target's mean loss at the optimum without each of some examples, less that at the optimum, (m,).

    Args:
        fitted: the model.
        dataset: its training examples.
        rows: (m,) positions of the examples that are left out, one at a time.
        target: features and targets of the examples whose loss is meant; None for the one that is left out.
        progress: called with (done, total, what).
    """
    model, found = model_of(fitted.spec), torch.empty(len(rows), dtype=torch.float64, device=fitted.theta.device)
    where = {int(row): j for j, row in enumerate(rows)}
    X0, y0 = (dataset.X, dataset.y) if target is None else target
    X, y, Z = fitted.design(X0), fitted.targets(y0), fitted.scores(X0)

    def losses(scores: Tensor, coded: Tensor) -> Tensor:
        ones = scores.new_ones(len(scores))
        return model.terms(X[:1], ones, fitted.theta, coded, scores, fitted.curvature, fitted.intercept).loss

    before = losses(Z, y)
    for block, shift in shifts(fitted, dataset, rows, progress=progress):
        for row, one in zip(block.tolist(), shift, strict=True):
            moved = one.view(-1, X.shape[1])
            own = slice(row, row + 1) if target is None else slice(None)
            change = X[own] @ (moved[0] if Z.ndim == 1 else _scores_of(fitted, moved).T)
            found[where[row]] = (losses(Z[own] + change, y[own]) - before[own]).mean()
    return found


def _scores_of(fitted: Fitted, moved: Tensor) -> Tensor:
    """A shift in the basis of directions that sum to zero (C-1, d) as one of Theta (C, d)."""
    return sum_zero_basis(len(moved) + 1).to(moved) @ moved
