"""The informed adversary of a model of one score: both explanations of a release from one number.

    v(theta) = -(sum_{j != i} w_j r_j x_j + n l2 theta) = w r x,     hence  w r z = v^T theta  with  z = theta^T x.

Both r and x follow from one number. Least squares, r = z - y:   r^2 + y r = v^T theta / w, a quadratic.  Logistic, with
t = z for y = 0 and t = -z for y = 1:   t s(t) = v^T theta / w =: c, so t = c + W(c e^-c) with Lambert's W. Both have up
to two roots, each with an x that explains the parameters exactly. With an intercept the last entry of x is 1, which
tells them apart. Where the other examples have whole numbers, as in
pixels and codes, the x that has them too is the right one; otherwise the two are compared by the density of a Gaussian
fitted to the other examples of the same label, times the volume |det dx/dtheta|.

Source: docs/maths.md, section 6.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import lambertw
from torch import Tensor

from fil_core.attacks.informed import (
    WITHOUT,
    Adversary,
    Answers,
    cholesky_of_others,
    variances_along,
    within,
)
from fil_core.attacks.posterior import posterior_means
from fil_core.dataset import Dataset
from fil_core.errors import SingularCurvature
from fil_core.linalg import Curvature, row_blocks, weighted_gram
from fil_core.models import Fitted
from fil_core.models.glm import least_squares_terms, logistic_terms, penalised

_TERMS = {"least-squares": least_squares_terms, "logistic": logistic_terms}
_LEAST, _MEET = -0.27846454276107379, -1.2784645427610738  # the least t s(t), and the t where its two roots meet
_STEPS, _ARRIVED = 20, 1e-14
_VALUES = {"cpu": 2**20, "cuda": 2**25}  # (release, feature) pairs attacked at a time


@dataclass(frozen=True, slots=True)
class Target:
    """One example under attack, in the eigenbasis of the other examples' curvature.

    Attributes:
        row: its position.
        y, w: its label in the model's coding, and its weight.
        vectors: the eigenbasis Q, (d, d), in which everything else is: x stands for x @ Q.
        alpha: eigenvalues of the other examples' inverse Hessian, (d,).
        centre: the optimum without this example, (d,).
        theta: the optimum with it, (d,).
        mean, variance: of the other examples of the same label (of all for a regression) along each eigenvector, (d,).
        factor: Cholesky factor of their shrunken covariance, in the basis of the features, (d, d).
        reach: twice the largest norm of the other examples, the largest norm of a guess.
        constant: the direction c, (d,), along which every example is 1; None without an intercept.
    """

    row: int
    y: Tensor
    w: Tensor
    vectors: Tensor
    alpha: Tensor
    centre: Tensor
    theta: Tensor
    mean: Tensor
    variance: Tensor
    factor: Tensor
    reach: Tensor
    constant: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Roots:
    """The examples that explain some releases.

    Attributes:
        x: (T, 2, d) explanations, the same twice where there is one.
        z: (T, 2), their scores.
        best: (T,), 0 or 1, the likelier one.
        real: (T,), whether any exists; otherwise x is where the two roots would meet.
    """

    x: Tensor
    z: Tensor
    best: Tensor
    real: Tensor

    @property
    def likelier(self) -> Tensor:
        """The likelier explanations, (T, d)."""
        return self.x[torch.arange(len(self.x), device=self.x.device), self.best]

    def rows(self, rows: Tensor) -> Roots:
        """The explanations of some of the releases."""
        return Roots(self.x[rows], self.z[rows], self.best[rows], self.real[rows])


class OneScore(Adversary):
    """The informed adversary of a least-squares or logistic model."""

    releases: int

    def __init__(self, fitted: Fitted, dataset: Dataset) -> None:
        super().__init__(fitted, dataset)
        t = self.terms
        self.H = penalised(weighted_gram(t.X, t.w * t.a), self.ridge)
        self.releases = max(1, _VALUES[t.X.device.type] // t.X.shape[1])

    def target(self, row: int) -> Target:
        """One example as a target: all that does not depend on the noise. Costs one (d, d) eigenproblem.

        Raises:
            SingularCurvature: without this example the parameters are not determined (l2 = 0).
            BadRequest: the example has weight 0, so the parameters do not depend on it.
            BadData: all other examples of its label are the same.
        """
        t = self.terms
        x, w = t.X[row], self.weight(row)
        try:
            others = Curvature.factor(self.H - w * t.a[row] * torch.outer(x, x))
        except SingularCurvature as error:
            raise SingularCurvature(WITHOUT) from error
        Q = others.vectors
        mean, cov = self.others_like(row)
        target = Target(
            row=row, y=self.y[row], w=w, vectors=Q, alpha=others.inverse_values, centre=Q.T @ t.theta,
            theta=Q.T @ t.theta, mean=Q.T @ mean, variance=variances_along(cov, Q), factor=cholesky_of_others(cov),
            reach=self.reach(row), constant=Q[-1] if t.intercept else None,
        )  # fmt: skip
        return dataclasses.replace(target, centre=self._without(target))

    def attack(self, target: Target, noise: Tensor, sigma: Tensor) -> Answers:
        """Answers to the parameters plus sigma (R,), >= 0, times noise (R, d)."""
        released = target.theta + sigma[:, None] * (noise @ target.vectors)
        roots = self.roots(target, released)
        known = dataclasses.replace(roots, x=self.constant_kept(target, roots, released))
        unbiased = within(known.likelier, target.reach)
        answers = unbiased, posterior_means(self, target, released, sigma, roots), known.x
        unbiased, prior, either = (x @ target.vectors.T for x in answers)
        return Answers(unbiased, prior, either, roots.real)

    def _without(self, target: Target) -> Tensor:
        """The optimum without the example, (d,): Newton with the others' curvature kept; one step for least squares."""
        centre = target.theta[None]
        for _ in range(_STEPS):
            before, centre = centre, self.centre_at(target, centre)
            if float((centre - before).norm()) <= _ARRIVED * float(centre.norm()):
                break
        return centre[0]

    def centre_at(self, target: Target, theta: Tensor) -> Tensor:
        """Minimum of the quadratic with the others' curvature and with their exact gradient at theta, (m, d)."""
        return theta - target.alpha * (self.others_gradient(theta @ target.vectors.T, target.row) @ target.vectors)

    def others_gradient(self, theta: Tensor, row: int) -> Tensor:
        """Gradient of the others' loss and the penalty at theta (m, d), in the basis of the features, (m, d)."""
        t = self.terms
        w = t.w.clone()
        w[row] = 0
        total = self.ridge * theta
        for block in row_blocks(len(t.X), max(len(theta), 64), t.X.device):
            r = _TERMS[self.kind](theta @ t.X[block].T, self.y[block])[1]
            total = total + (r * w[block]) @ t.X[block]
        return total

    def loss_terms(self, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """First and second derivative of one example's loss in its score."""
        return _TERMS[self.kind](z, y)[1:]

    def roots(self, target: Target, released: Tensor) -> Roots:
        """Every x with which training gives exactly the released parameters.

        Args:
            target: the example under attack.
            released: T releases of the parameters, (T, d), in the target's basis.

        Returns:
            Up to two explanations of each release.
        """
        Q = target.vectors
        v = -self.others_gradient(released @ Q.T, target.row) @ Q
        c = (v * released).sum(1) / target.w
        z, real = _SOLVE[self.kind](c, target.y)
        r, a = self.loss_terms(z, target.y)
        x = v[:, None] / (target.w * torch.where(r == 0, torch.finfo(r.dtype).tiny, r))[..., None]
        weight = self._log_density(target, x) + self._log_volume(target, x, z, r, a)
        best = torch.nan_to_num(weight, nan=-torch.inf).argmax(1)
        if target.constant is not None:  # the right one is 1 along it
            best = torch.nan_to_num((x @ target.constant - 1).abs(), nan=torch.inf).argmin(1)
        whole = self.looks_whole(x @ Q.T, target.row)
        best = torch.where(whole.any(1), whole.double().argmax(1), best)
        excluded = whole.any(1)[:, None] & ~whole
        chosen = best[:, None].expand(-1, 2)
        z = torch.where(excluded, z.gather(1, chosen), z)
        x = torch.where(excluded[..., None], x.gather(1, chosen[..., None].expand_as(x)), x)
        return Roots(x, z, best, real)

    def constant_kept(self, target: Target, roots: Roots, released: Tensor) -> Tensor:
        """The explanations with the constant that the attacker knows, (T, 2, d): as they are without an intercept.

        A noisy release is explained by an x whose last entry c^T x is not quite 1. With S = J^-1 J^-T, the covariance
        of that x, the best x with the constant is x - S c (c^T x - 1) / (c^T S c), with which the error reaches the
        Cramér–Rao bound for little noise. By J = -w H^-1 (r I + a x theta^T), S is diagonal plus low rank here.

        Args:
            target: the example under attack.
            roots: explanations of the releases.
            released: T releases of the parameters, (T, d), in the target's basis.
        """
        if target.constant is None:
            return roots.x
        x, c, theta = roots.x, target.constant, released[:, None]
        r, a = self.loss_terms(roots.z, target.y)
        ratio, curved = (a / (r + a * roots.z))[..., None], target.w * a[..., None]

        def times_h(y: Tensor) -> Tensor:
            return y / target.alpha + curved * x * (x * y).sum(-1, keepdim=True)

        y = times_h(times_h(c - ratio * theta * (x @ c)[..., None]))
        along = y - ratio * x * (theta * y).sum(-1, keepdim=True)
        kept = x - along * ((x @ c - 1) / (along @ c))[..., None]
        return torch.where(kept.isfinite().all(-1, keepdim=True) & roots.real[:, None, None], kept, x)

    def _log_volume(self, target: Target, x: Tensor, z: Tensor, r: Tensor, a: Tensor) -> Tensor:
        """-log |det dtheta/dx| up to a constant, (T, 2): det = (-w)^d r^(d-1) (r + a z) / det H(x)."""
        d = x.shape[-1]
        leverage = target.w * a * (x.square() * target.alpha).sum(-1)
        return torch.log1p(leverage) - (d - 1) * r.abs().log() - (r + a * z).abs().log()

    def _log_density(self, target: Target, x: Tensor) -> Tensor:
        """Log density of a Gaussian fitted to the other examples of the same label, up to a constant, (T, 2)."""
        centred = ((x - target.mean) @ target.vectors.T).flatten(0, 1)
        solved = torch.cholesky_solve(centred.T, target.factor).T
        return -((centred * solved).sum(1) / 2).view(x.shape[:-1])


def _quadratic(c: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Scores z = r + y with r^2 + y r = c, (T, 2), and whether they are real, (T,).

    >>> z, real = _quadratic(torch.tensor([6.0]).double(), torch.tensor([1.0]).double())  # r = 2 or -3
    >>> z.round(decimals=9).tolist(), real.tolist()
    ([[3.0, -2.0]], [True])
    """
    square = y * y / 4 + c
    root = square.clamp_min(0).sqrt()
    large = torch.where(y < 0, -y / 2 + root, -y / 2 - root)  # of the same sign as -y: nothing cancels
    small = torch.where(large == 0, 0.0, -c / large)
    meet = -y / 2 + 0 * c
    r = torch.where((square >= 0)[:, None], torch.stack([small, large], 1), torch.stack([meet, meet], 1))
    return r + y, square >= 0


def _lambert(c: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Scores z with t s(t) = c, t = z for y = 0 and -z for y = 1: (T, 2), and whether there are any, (T,).

    >>> t = torch.tensor([0.5, -2.0]).double()
    >>> z, real = _lambert(t * t.sigmoid(), torch.zeros(2).double())
    >>> z.sub(t[:, None]).abs().amin(1).round(decimals=9).tolist(), real.tolist()  # t is among the roots
    ([0.0, 0.0], [True, True])
    """
    c0 = c.cpu().numpy()
    real = c0 > _LEAST
    safe = np.where(real, c0, 0.0)
    argument = safe * np.exp(-safe)  # in (-1/e, 1/e]
    two = argument < 0  # False also where e^-c times a tiny c is nothing
    first = safe + lambertw(argument, 0).real
    second = np.where(two, safe + lambertw(np.where(two, argument, -0.1), -1).real, first)
    # Near the point where the roots meet, and beyond it, Lambert's W is not finite in floating point.
    first, second = (np.where(real & np.isfinite(t), t, _MEET) for t in (first, second))
    t = torch.from_numpy(np.stack([first, second], 1)).to(c)
    return torch.where(y > 0, -t, t), torch.from_numpy(real).to(c.device)


_SOLVE = {"least-squares": _quadratic, "logistic": _lambert}
