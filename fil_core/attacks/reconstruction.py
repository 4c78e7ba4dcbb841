"""Reconstruction of a training example from noisy parameters and all other examples.

Two attackers. The unbiased one takes the x that explains the release exactly (`Adversary.roots`); where there is none,
the point where the two explanations would meet. The one with a prior takes the posterior mean (`Posterior.mean`), the
prior a Gaussian with the mean and variances of the other examples of the same label. For logistic models the others'
loss is not quadratic; the minimum of its quadratic approximation is recomputed from their exact gradient until it moves
by little beside the noise.

Source: docs/maths.md, sections 3 and 6.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.attacks.informed import Adversary, Roots, Target
from fil_core.attacks.posterior import Posterior, nearly_prior
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.leakage.fil import jacobians
from fil_core.models import Fitted
from fil_core.progress import Progress
from fil_core.specs.checks import positive

_ROUNDS = 8  # of recomputing the centre, each of which reduces its error to about the leverage times that
_VALUES = {"cpu": 2**20, "cuda": 2**25}  # (release, feature) pairs attacked at a time
_ROUNDING = 1e-11  # of the parameters' norm: noise below it is lost in float64
_SETTLED = 0.01  # of sigma: a centre that moves by less leaves the guess unchanged


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """One example under S noises, T releases each (a single one without noise).

    Attributes:
        truth: (d,).
        guess, guess_prior: (S, d), the two attackers' answers to the first release.
        squared_error, squared_error_prior: S arrays (T,), mean over features.
        squared_error_nearer: S arrays (T,), of the better one of the two explanations: the error of an attacker who
            can tell them apart.
        explained: (S,), share of the releases that some x explains exactly.
        bound_unbiased: (S,), Cramér–Rao bound on the expected error of an unbiased attacker.
        bound_prior: (S,), van Trees bound for a Gaussian prior of `prior_std`, with the information of this example: no
            strict bound for a single one, nor for an attacker whose prior is narrower.
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
    """Reconstruct some training examples from noisy parameters and all other examples.

    Args:
        fitted: least squares or logistic, at its optimum.
        dataset: its n training examples, features (n, d).
        rows: positions of the m examples under attack, at least one.
        sigmas: S standard deviations of the output noise, >= 0, in units of theta, at least one.
        trials: T, releases for each noise > 0, >= 1; the same draws for every example and noise.
        seed: seed of those draws.
        prior_std: standard deviation per feature of the prior of the van Trees bound, > 0, in feature units.
        progress: called with (examples done, m, text).

    Returns:
        m reconstructions, in the order of `rows`.

    Raises:
        BadRequest: another kind of model, no rows, a sigma < 0, or an example of weight 0.
        BadData: all other examples of a label are the same.
        SingularCurvature: without an example the parameters are not determined (l2 = 0).

    Source: docs/maths.md, section 6.
    """
    positive("prior_std", prior_std)
    for sigma in sigmas:
        positive("sigma", sigma, zero=True)
    if not len(rows) or not len(sigmas):
        raise BadRequest("reconstruct: expected at least one example and one sigma; got none.")
    adversary = Adversary(fitted, dataset)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(trials, fitted.theta.shape[-1], generator=generator, dtype=torch.float64).to(
        fitted.theta.device
    )
    results = []
    for done, row in enumerate(rows):
        if progress:
            progress(done, len(rows), "reconstructing examples")
        results.append(_one(adversary, int(row), sigmas, noise, prior_std))
    return results


def unseen_error(fitted: Fitted, dataset: Dataset, rows: Sequence[int]) -> np.ndarray:
    """Mean-squared error per feature of a guesser without the release, who answers with the mean of the other examples.

    |x_i - mean of the other examples of the same label|^2 / d: the limit of the attack with a prior as sigma grows.

    Args:
        fitted: least squares or logistic; only its kind and device matter.
        dataset: its n training examples, features (n, d).
        rows: positions of the m examples under attack.

    Returns:
        (m,), >= 0, in squared feature units.

    Raises:
        BadRequest: another kind of model.
    """
    adversary = Adversary(fitted, dataset)
    X = adversary.terms.X
    f = adversary.terms.features
    return np.array([float((X[row] - adversary.others_like(int(row))[0])[:f].square().mean()) for row in rows])


def _one(adversary: Adversary, row: int, sigmas: Sequence[float], noise: Tensor, prior_std: float) -> Reconstruction:
    target = adversary.target(row)
    truth, f = adversary.terms.X[row] @ target.vectors, adversary.terms.features

    def error(x: Tensor) -> Tensor:
        """Mean-squared error over the features, whose basis is turned back only where not all columns are features."""
        off = x - truth
        return (off if f == len(truth) else (off @ target.vectors.T)[..., :f]).square().mean(-1)

    J = jacobians(adversary.terms, slice(row, row + 1))
    # One release without noise, all of them with; the releases of every sigma are attacked together, in pieces.
    counts = [len(noise) if sigma else 1 for sigma in sigmas]
    starts = np.cumsum([0, *counts[:-1]])
    which = torch.cat([torch.arange(count, device=noise.device) for count in counts])
    std = torch.tensor(np.repeat(np.asarray(sigmas, dtype=np.float64), counts)).to(noise)
    rotated, pieces = noise @ target.vectors, []
    size = max(1, _VALUES[noise.device.type] // noise.shape[1])
    first: dict[int, tuple[Tensor, Tensor]] = {}
    for start in range(0, len(which), size):
        part = slice(start, start + size)
        released = target.theta + std[part, None] * rotated[which[part]]
        roots = adversary.roots(target, released)
        known = dataclasses.replace(roots, x=adversary.constant_kept(target, roots, released))
        guess = _within(known.likelier, target.reach)
        posterior = _with_prior(adversary, target, released, std[part], roots)
        first |= {int(s): (guess[s - start], posterior[s - start]) for s in starts if start <= s < start + len(guess)}
        nearer = torch.minimum(torch.nan_to_num(error(known.x).amin(1), nan=torch.inf), error(guess))
        pieces.append(torch.stack([error(guess), error(posterior), nearer, roots.real.double()]))
    unbiased, prior, nearer, real = (row.split(counts) for row in torch.cat(pieces, 1).cpu())

    def at_each_sigma(bound: Callable[[float], Tensor]) -> np.ndarray:
        return np.array([float(bound(float(sigma))[0]) if sigma else 0.0 for sigma in sigmas])

    return Reconstruction(
        truth=adversary.terms.X[row, :f].cpu().numpy(),
        guess=torch.stack([first[int(s)][0] for s in starts]).matmul(target.vectors.T)[:, :f].cpu().numpy(),
        guess_prior=torch.stack([first[int(s)][1] for s in starts]).matmul(target.vectors.T)[:, :f].cpu().numpy(),
        squared_error=[part.numpy() for part in unbiased],
        squared_error_prior=[part.numpy() for part in prior],
        squared_error_nearer=[part.numpy() for part in nearer],
        explained=np.array([float(part.mean()) for part in real]),
        bound_unbiased=at_each_sigma(J.bound_unbiased),
        bound_prior=at_each_sigma(lambda sigma: J.bound_prior(sigma, prior_std)),
        eta=float(J.eta_squared()[0].clamp_min(0).sqrt()),
    )


def _within(x: Tensor, reach: Tensor) -> Tensor:
    """x scaled back into the ball of radius `reach`; NaN and infinities become 0."""
    x = torch.nan_to_num(x, nan=0.0, posinf=0.0, neginf=0.0)
    return x * (reach / x.norm(dim=1, keepdim=True).clamp_min(1e-300)).clamp_max(1)


def _with_prior(adversary: Adversary, target: Target, released: Tensor, sigma: Tensor, roots: Roots) -> Tensor:
    """The posterior mean, (R, d); without noise the likelier explanation itself."""
    x = _within(roots.likelier, target.reach)
    noisy = (sigma > 0).nonzero()[:, 0]
    if not noisy.numel():
        return _within(x, target.reach)
    drawn, drowned = nearly_prior(adversary, target, released[noisy], sigma[noisy])
    x[noisy[drowned]] = drawn[drowned]
    active = noisy[~drowned]
    centre = target.centre.expand_as(released).clone()
    rounding = _ROUNDING * float(target.theta.norm())
    for _ in range(_ROUNDS):
        if not active.numel():
            break
        posterior = Posterior(adversary, target, released[active], sigma[active].clamp_min(rounding), centre[active])
        x[active], theta = posterior.mean(roots.rows(active))
        if adversary.kind == "least-squares":
            break  # the others' loss is quadratic, so the centre does not depend on theta
        before, centre[active] = centre[active], adversary.centre_at(target, theta)
        active = active[(centre[active] - before).norm(dim=1) > _SETTLED * sigma[active]]
    return _within(x, target.reach)
