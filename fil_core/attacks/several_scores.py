"""The informed adversary of a softmax model.

Without noise the other examples leave a matrix of rank one, from which x follows by one scalar equation (`rank_one`).
With noise the unbiased attacker answers with the maximum of the likelihood (`best_example`), starting from there. Two
maxima are compared by the likelihood, the density of a Gaussian fitted to the other examples of the same label, and the
volume det(J^T J)^(-1/2); whole numbers decide first. The others' loss is the quadratic with its exact gradient at the
answer's T*(x), renewed until its minimum moves by little beside the noise.

Source: docs/maths.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.attacks import rank_one
from fil_core.attacks.best_example import Aim, Prior, best
from fil_core.attacks.informed import (
    ROUNDING,
    ROUNDS,
    SETTLED,
    Adversary,
    Answers,
    cholesky_of_others,
    variances_along,
    within,
)
from fil_core.attacks.others_curvature import OthersCurvature
from fil_core.attacks.retrained import Example, Retrained
from fil_core.attacks.score_posterior import posterior_means
from fil_core.dataset import Dataset
from fil_core.linalg import row_blocks, weighted_gram
from fil_core.models import Fitted

_VALUES = {"cpu": 2**25, "cuda": 2**30}  # float64 values of the releases attacked at a time
_RELEASES = {"cpu": 64, "cuda": 1024}  # of them at most: more are no faster, and progress is told after each lot
_STEPS, _ARRIVED = 30, 1e-14
_EXPLAINED = 1e-6  # of the distance that the example moves the parameters: a misfit below it is none
_APART = 1e-6  # relative distance of two explanations that are not the same


@dataclass(frozen=True, slots=True)
class SoftmaxTarget:
    """One example under attack.

    Attributes:
        row: its position.
        example: what its retraining needs.
        centre: the optimum without it, T of Theta = V T, (C-1, d). T: the optimum with it.
        prior: Gaussian of the other examples of the same label, with their variances along each eigenvector of the
            others' curvature, summed over the scores.
        vectors, variance: those eigenvectors (d, d) and variances (d,).
        factor: Cholesky factor of their shrunken covariance, (d, d).
        reach: the largest norm of a guess.
    """

    row: int
    example: Example
    centre: Tensor
    T: Tensor
    prior: Prior
    vectors: Tensor
    variance: Tensor
    factor: Tensor
    reach: Tensor


class SeveralScores(Adversary):
    """The informed adversary of a softmax model."""

    releases: int

    def __init__(self, fitted: Fitted, dataset: Dataset) -> None:
        super().__init__(fitted, dataset)
        t = self.terms
        k, d = t.basis.shape[1], t.X.shape[1]
        self.T = t.basis.T @ t.Theta
        device = t.X.device.type
        self.releases = max(1, min(_RELEASES[device], _VALUES[device] // (3 * k * k * d + 4 * d * d)))
        self._traces = t.w * (t.p * (1 - t.p)).sum(1)  # of w V^T (diag p - p p^T) V
        self._summed: Tensor | None = None

    def target(self, row: int) -> SoftmaxTarget:
        """One example as a target: all that does not depend on the noise. Costs one (d, d) eigenproblem."""
        t, w = self.terms, self.weight(row)
        x = t.X[row]
        others = OthersCurvature.without(t, row)
        if self._summed is None:
            self._summed = weighted_gram(t.X, self._traces)
        mean, cov = self.others_like(row)
        penalty = torch.as_tensor(self.ridge).to(x).expand(len(x)) * t.basis.shape[1]
        Q = torch.linalg.eigh(self._summed - self._traces[row] * torch.outer(x, x) + torch.diag(penalty))[1]
        variance = variances_along(cov, Q)
        example = Example(self.y[row], w, t.basis, others, t.features)
        target = SoftmaxTarget(
            row=row, example=example, centre=self.T, T=self.T, prior=Prior(mean, (Q / variance) @ Q.T), vectors=Q,
            variance=variance, factor=cholesky_of_others(cov), reach=self.reach(row),
        )  # fmt: skip
        object.__setattr__(target, "centre", self._without(target))
        return target

    def _without(self, target: SoftmaxTarget) -> Tensor:
        """The optimum without the example, (k, d): Newton with the others' curvature kept."""
        centre = self.T[None]
        for _ in range(_STEPS):
            before, centre = centre, self.centre_at(target, centre)
            if float((centre - before).norm()) <= _ARRIVED * float(centre.norm()):
                break
        return centre[0]

    def centre_at(self, target: SoftmaxTarget, T: Tensor) -> Tensor:
        """Minimum of the quadratic with the others' curvature and with their exact gradient at T, (m, k, d)."""
        return T - target.example.others.solve(self.others_gradient(T, target.row))

    def others_gradient(self, T: Tensor, row: int) -> Tensor:
        """Gradient of the others' loss and the penalty at T (m, k, d), (m, k, d)."""
        t, total = self.terms, self.ridge * T
        w = t.w.clone()
        w[row] = 0
        Theta = t.basis @ T
        for block in row_blocks(len(t.X), max(Theta.shape[0] * Theta.shape[1], 64), t.X.device):
            p = torch.softmax(Theta @ t.X[block].T, 1)
            p = torch.where(self.y[block].T == 1, 0.0, p)
            delta = p - self.y[block].T * p.sum(1, keepdim=True)  # p_y - 1 would cancel
            total = total + (t.basis.T @ (delta * w[block])) @ t.X[block]
        return total

    def attack(self, target: SoftmaxTarget, noise: Tensor, sigma: Tensor) -> Answers:
        """Answers to the parameters plus sigma (R,), >= 0, times noise (R, (C-1) d)."""
        released = target.T + sigma[:, None, None] * noise.view(-1, *target.T.shape)
        gradient = self.others_gradient(released, target.row)
        x = self.starts(target, released, -gradient)
        at_release = released - target.example.others.solve(gradient)
        aim = Aim(
            target.example, released, sigma.clamp_min(ROUNDING * float(target.T.norm())), at_release, target.reach
        )
        centres = at_release[:, None].repeat(1, 2, 1, 1)
        around = aim.around(target.centre.expand_as(released))
        noisy = (sigma > 0).nonzero()[:, 0]
        if noisy.numel():
            self._maximise(target, around, noisy, x, centres)
        choice, misfit = self._likelier(target, aim, x, centres)
        rows = torch.arange(len(x), device=x.device)
        unbiased = within(x[rows, choice], target.reach)
        moved = (released - target.centre).flatten(1).norm(dim=1)
        explained = misfit[rows, choice] <= _EXPLAINED * moved
        prior = unbiased.clone()
        if noisy.numel():
            prior[noisy] = posterior_means(self, target, around.rows(noisy), unbiased[noisy], x[noisy])
        return Answers(unbiased, prior, x, explained)

    def _maximise(self, target: SoftmaxTarget, aim: Aim, noisy: Tensor, x: Tensor, centres: Tensor) -> None:
        """Put the maxima of the likelihood in place of two starts each, and the centres there."""
        two = noisy[(_distance(x) > _APART)[noisy]]
        for j, rows in ((1, two), (0, noisy)):
            if rows.numel():
                at, _, centre = self.settled(target, aim.rows(rows), within(x[rows, j], target.reach))
                x[rows, j], centres[rows, j] = at.x, centre
        one = torch.ones_like(x[:, 0, 0], dtype=torch.bool)
        one[two] = False
        one = noisy[one[noisy]]
        x[one, 1], centres[one, 1] = x[one, 0], centres[one, 0]

    def starts(self, target: SoftmaxTarget, released: Tensor, R: Tensor) -> Tensor:
        """Two examples that explain a release best by the matrix R (R, k, d) there, (R, 2, d), the same where one."""
        e = target.example
        U, size, Vt = torch.linalg.svd(R, full_matrices=False)
        u, v, size = U[..., 0], Vt[:, 0], size[:, 0]
        entry = (u @ e.basis.T)[:, e.y == 1]
        sign = torch.where(entry > 0, -1.0, 1.0)
        u, v, entry = u * sign, v * sign, entry[:, 0].abs()
        along = (released @ v[..., None])[..., 0]
        alpha, _ = rank_one.roots(along @ e.basis.T, e.y, size * entry / e.w)
        g = e.derivatives((alpha.nan_to_num(0.0)[..., None] * along[:, None]).flatten(0, 1))[0].view(*alpha.shape, -1)
        off = (g * alpha[..., None] - (size[:, None] * u)[:, None] / e.w).norm(dim=2)
        order = torch.nan_to_num(off, nan=torch.inf).argsort(dim=1, stable=True)[:, :2]
        two = alpha.gather(1, order)
        two = torch.where(two.isnan(), two[:, :1], two).sort(1).values
        x = two[..., None] * v[:, None]
        x[..., e.free :] = 1
        return x

    def settled(self, target: SoftmaxTarget, aim: Aim, x: Tensor) -> tuple[Retrained, Tensor, Tensor]:
        """The best x from x (B, d), its objective, and the centre there, renewed until it moves no more."""
        at, value = best(aim, x)
        centre, active = aim.centre.clone(), torch.arange(len(x), device=x.device)
        for _ in range(ROUNDS):
            before, centre[active] = centre[active], self.centre_at(target, at.T[active])
            moved = (centre[active] - before).flatten(1).norm(dim=1)
            near = at.x[active].norm(dim=1) < 2 * aim.reach
            active = active[near & (moved > SETTLED * aim.sigma[active])]
            if not active.numel():
                break
            part, value[active] = best(aim.around(centre).rows(active), at.x[active])
            at.replaced(active, part)
        return at, value, centre

    def _likelier(self, target: SoftmaxTarget, aim: Aim, x: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
        """Which of two explanations (R, 2, d) is the likelier one, (R,), and the misfits of both, (R, 2)."""
        weight, misfit = x.new_zeros(x.shape[:2]), x.new_zeros(x.shape[:2])
        two = _distance(x) > _APART
        for j in range(2):
            at = target.example.retrained(x[:, j], centres[:, j])
            misfit[:, j] = (2 * aim.misfit(at)).sqrt() * aim.sigma
            rows = two.nonzero()[:, 0]
            if rows.numel():
                density = self._log_density(target, x[rows, j]) + at.rows(rows).log_volume()
                weight[rows, j] = density - aim.rows(rows).misfit(at.rows(rows))
        choice = torch.nan_to_num(weight, nan=-torch.inf).argmax(1)
        whole = self.looks_whole(x, target.row)
        return torch.where(whole.any(1), whole.double().argmax(1), choice), misfit

    def _log_density(self, target: SoftmaxTarget, x: Tensor) -> Tensor:
        """Log density of a Gaussian fitted to the other examples of the same label, up to a constant, (R,)."""
        centred = x - target.prior.mean
        return -(centred * torch.cholesky_solve(centred.T, target.factor).T).sum(1) / 2


def _distance(x: Tensor) -> Tensor:
    """Relative distance of two explanations, (R,), of (R, 2, d)."""
    return (x[:, 1] - x[:, 0]).norm(dim=1) / x.norm(dim=2).amax(1).clamp_min(1e-300)
