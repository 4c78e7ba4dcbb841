"""Reconstruction of a training example from noisy parameters and all other examples.

Two attackers. The unbiased one takes the x that explains the release exactly (`Adversary.roots`); where there is none,
the point where the two explanations would meet. The one with a prior takes the posterior mean (`Posterior.mean`), the
prior a Gaussian with the mean and variances of the other examples of the same label. For logistic models the others'
loss is not quadratic; what is missing is a shift of its minimum, renewed from their exact gradient until it no longer
matters beside the noise.

Source: docs/maths.md, sections 3 and 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.attacks.candidates import attackable
from fil_core.attacks.informed import Adversary, Roots, Target
from fil_core.attacks.posterior import Posterior
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.leakage.fil import jacobians
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.specs.checks import positive

_ROUNDS = 8  # of renewing the centre, each of which leaves about the leverage of what was missing
_VALUES = {"cpu": 2**20, "cuda": 2**25}  # (release, feature) pairs attacked at a time
_ROUNDING = 1e-11  # of the parameters' norm
_SETTLED = 0.01  # of sigma: a centre that moves less than this moves no guess


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """One example under S noises, T releases each (a single one without noise).

    Attributes:
        truth: (d,).
        guess, guess_prior: (S, d), the two attackers' answers to the first release.
        squared_error, squared_error_prior: S arrays (T,), mean over features.
        squared_error_nearer: S arrays (T,), of the better one of the two explanations: what is left to who can tell
            them apart.
        explained: (S,), share of the releases that some x explains exactly.
        bound_unbiased: (S,), no unbiased attack's expected error is below it (Cramer-Rao).
        bound_prior: (S,), van Trees' floor for a Gaussian prior of `prior_std`, with the information of this example:
            no strict bound for a single one, nor for an attacker who knows more of the others than their spread.
        eta: Fisher information loss at sigma = 1.
    """

    truth: np.ndarray
    guess: np.ndarray
    guess_prior: np.ndarray
    squared_error: list[np.ndarray]
    squared_error_prior: list[np.ndarray]
    squared_error_nearer: list[np.ndarray]
    explained: np.ndarray
    bound_unbiased: np.ndarray
    bound_prior: np.ndarray
    eta: float


def reconstruct(
    fitted: Fitted,
    dataset: Dataset,
    rows: Sequence[int],
    *,
    sigmas: Sequence[float],
    trials: int = 100,
    seed: int = 0,
    prior_std: float,
    progress: Progress | None = None,
) -> list[Reconstruction]:
    """Attack some training examples.

    Args:
        fitted: least squares or logistic, at its optimum.
        dataset: its n training examples, features (n, d).
        rows: positions of the examples to attack.
        sigmas: S standard deviations of the output noise, >= 0.
        trials: T, releases for each noise > 0; the same draws for every example and noise.
        seed: of those draws.
        prior_std: standard deviation a feature of the prior that the floor assumes, > 0.
        progress: told (examples done, number of examples, what).

    Raises:
        BadRequest: another kind of model, no rows, a sigma < 0.
        SingularCurvature: without an example the parameters are not determined (l2 = 0).
    """
    attackable(fitted)
    positive("prior_std", prior_std)
    for sigma in sigmas:
        positive("sigma", sigma, zero=True)
    if not len(rows) or not len(sigmas):
        raise BadRequest("reconstruct: expected at least one example and one sigma; got none.")
    adversary = Adversary(fitted, dataset)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(trials, dataset.d, generator=generator, dtype=torch.float64).to(fitted.theta.device)
    found = []
    for done, row in enumerate(rows):
        if progress:
            progress(done, len(rows), "reconstructing examples")
        found.append(_one(adversary, int(row), sigmas, noise, prior_std))
    return found


def unseen_error(fitted: Fitted, dataset: Dataset, rows: Sequence[int]) -> np.ndarray:
    """Mean-squared error a feature, (m,), of who knows all others but not the release, and answers with their mean.

    It is what the attack with a prior tends to as the noise grows.

    Args:
        fitted, dataset, rows: as for `reconstruct`; weights do not matter.
    """
    attackable(fitted)
    adversary = Adversary(fitted, dataset)
    X = adversary.terms.X
    return np.array([float((X[row] - adversary.others_like(int(row))[0]).square().mean()) for row in rows])


def _one(adversary: Adversary, row: int, sigmas: Sequence[float], noise: Tensor, prior_std: float) -> Reconstruction:
    target = adversary.target(row)
    truth = adversary.terms.X[row] @ target.vectors
    J = jacobians(adversary.terms, slice(row, row + 1))
    # One release without noise, all of them with; the releases of every sigma are attacked together, in pieces.
    counts = [len(noise) if sigma else 1 for sigma in sigmas]
    starts = np.cumsum([0, *counts[:-1]])
    which = torch.cat([torch.arange(count, device=noise.device) for count in counts])
    spread = torch.tensor(np.repeat(np.asarray(sigmas, dtype=np.float64), counts)).to(noise)
    rotated, pieces = noise @ target.vectors, []
    size = max(1, _VALUES[noise.device.type] // noise.shape[1])
    first: dict[int, tuple[Tensor, Tensor]] = {}
    for start in range(0, len(which), size):
        part = slice(start, start + size)
        released = target.theta + spread[part, None] * rotated[which[part]]
        roots = adversary.roots(target, released)
        guess, both = _within(roots.likelier, target.reach), (roots.x - truth).square().mean(2)
        posterior = _with_prior(adversary, target, released, spread[part], roots)
        first |= {int(s): (guess[s - start], posterior[s - start]) for s in starts if start <= s < start + len(guess)}
        errors = [(answer - truth).square().mean(1) for answer in (guess, posterior)]
        nearer = torch.minimum(torch.nan_to_num(both.amin(1), nan=torch.inf), errors[0])
        pieces.append(torch.stack([*errors, nearer, roots.real.double()]))
    unbiased, prior, nearer, real = (row.split(counts) for row in torch.cat(pieces, 1).cpu())

    def of(floor: Callable[[float], Tensor]) -> np.ndarray:
        return np.array([float(floor(float(sigma))[0]) if sigma else 0.0 for sigma in sigmas])

    return Reconstruction(
        truth=adversary.terms.X[row].cpu().numpy(),
        guess=torch.stack([first[int(s)][0] for s in starts]).matmul(target.vectors.T).cpu().numpy(),
        guess_prior=torch.stack([first[int(s)][1] for s in starts]).matmul(target.vectors.T).cpu().numpy(),
        squared_error=[part.numpy() for part in unbiased],
        squared_error_prior=[part.numpy() for part in prior],
        squared_error_nearer=[part.numpy() for part in nearer],
        explained=np.array([float(part.mean()) for part in real]),
        bound_unbiased=of(J.bound_unbiased),
        bound_prior=of(lambda sigma: J.bound_prior(sigma, prior_std)),
        eta=float(J.eta_squared()[0].clamp_min(0).sqrt()),
    )


def _within(x: Tensor, reach: Tensor) -> Tensor:
    """x drawn back into a ball; what is not a number becomes its centre."""
    x = torch.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
    return x * (reach / x.norm(dim=1, keepdim=True).clamp_min(1e-300)).clamp_max(1)


def _with_prior(adversary: Adversary, target: Target, released: Tensor, sigma: Tensor, roots: Roots) -> Tensor:
    """The posterior mean, (R, d); without noise the likelier explanation itself."""
    x = _within(roots.likelier, target.reach)
    active = (sigma > 0).nonzero()[:, 0]
    centre = target.centre.expand_as(released).clone()
    rounding = _ROUNDING * float(target.theta.norm())  # noise below it is not seen beside that of float64
    for _ in range(_ROUNDS):
        if not active.numel():
            break
        there = Posterior(adversary, target, released[active], sigma[active].clamp_min(rounding), centre[active])
        x[active], theta = there.mean(roots.rows(active))
        if adversary.kind == "least-squares":
            break  # the others' loss is quadratic, so the centre holds everywhere
        before, centre[active] = centre[active], adversary.centre_at(target, theta)
        active = active[(centre[active] - before).norm(dim=1) > _SETTLED * sigma[active]]
    return _within(x, target.reach)
