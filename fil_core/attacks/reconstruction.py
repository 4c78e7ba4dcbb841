"""Reconstruction of a training example from noisy parameters and all other examples.

Two attackers. The unbiased one takes the x that explains the release exactly, or, of a softmax model, best. The one
with a prior takes the posterior mean, the prior a Gaussian with the mean and variances of the others of the same label.
`one_score` and `several_scores` have both; here they meet their errors and the bounds. Where the others' loss is not
quadratic, the minimum of its quadratic approximation is recomputed from their exact gradient until it moves by little
beside the noise.

Source: docs/maths.md, sections 3 and 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.attacks.informed import Adversary
from fil_core.attacks.one_score import OneScore
from fil_core.attacks.several_scores import SeveralScores
from fil_core.attacks.two_classes import TwoClasses
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.leakage.fil import jacobians
from fil_core.models import Fitted
from fil_core.models.fitted import model_of
from fil_core.progress import Progress
from fil_core.specs.checks import positive


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
        fitted: the model at its optimum.
        dataset: its n training examples, features (n, d).
        rows: positions of the m examples under attack, at least one.
        sigmas: S standard deviations of the output noise, >= 0, in units of theta, at least one.
        trials: T, releases for each noise > 0, >= 1; the same draws for every example and noise.
        seed: seed of those draws.
        prior_std: standard deviation per feature of the prior of the van Trees bound, > 0, in feature units.
        progress: called with (releases done, all releases of all examples, text).

    Returns:
        m reconstructions, in the order of `rows`.

    Raises:
        BadRequest: no rows, a sigma < 0, or an example of weight 0.
        BadData: all other examples of a label are the same.
        SingularCurvature: without an example the parameters are not determined (l2 = 0).

    Source: docs/maths.md, section 6.
    """
    positive("prior_std", prior_std)
    for sigma in sigmas:
        positive("sigma", sigma, zero=True)
    if not len(rows) or not len(sigmas):
        raise BadRequest("reconstruct: expected at least one example and one sigma; got none.")
    adversary = adversary_of(fitted, dataset)
    generator = torch.Generator().manual_seed(seed)
    size = model_of(fitted.spec).coordinates(fitted.theta).numel()  # noise in T is as noise in Theta along its rows
    noise = torch.randn(trials, size, generator=generator, dtype=torch.float64).to(fitted.theta.device)

    def one(position: int) -> Reconstruction:
        def report(done: int, total: int | None, text: str) -> None:
            if progress and total:
                progress(position * total + done, len(rows) * total, text)

        return _one(adversary, int(rows[position]), sigmas, noise, prior_std, report)

    return [one(position) for position in range(len(rows))]


def adversary_of(fitted: Fitted, dataset: Dataset) -> Adversary:
    """The informed adversary of a model.

    Args:
        fitted: the model at its optimum.
        dataset: its n training examples.

    Returns:
        That of one score for least squares, logistic regression and two classes of softmax, else that of several.
    """
    if fitted.spec.kind != "softmax":
        return OneScore(fitted, dataset)
    return (TwoClasses if fitted.classes == 2 else SeveralScores)(fitted, dataset)


def unseen_error(fitted: Fitted, dataset: Dataset, rows: Sequence[int]) -> np.ndarray:
    """Mean-squared error per feature of a guesser without the release, who answers with the mean of the other examples.

    |x_i - mean of the other examples of the same label|^2 / d: the limit of the attack with a prior as sigma grows.

    Args:
        fitted: the model; only its kind and device matter.
        dataset: its n training examples, features (n, d).
        rows: positions of the m examples under attack.

    Returns:
        (m,), >= 0, in squared feature units.
    """
    adversary = adversary_of(fitted, dataset)
    X = adversary.terms.X
    f = adversary.terms.features
    return np.array([float((X[row] - adversary.others_like(int(row))[0])[:f].square().mean()) for row in rows])


def _one(
    adversary: Adversary, row: int, sigmas: Sequence[float], noise: Tensor, prior_std: float, progress: Progress
) -> Reconstruction:
    target, f = adversary.target(row), adversary.terms.features
    truth = adversary.terms.X[row]

    def error(x: Tensor) -> Tensor:
        """Mean-squared error over the features."""
        return (x - truth)[..., :f].square().mean(-1)

    # One release without noise, all of them with; the releases of every sigma are attacked together, in pieces.
    counts = [len(noise) if sigma else 1 for sigma in sigmas]
    starts = np.cumsum([0, *counts[:-1]])
    which = torch.cat([torch.arange(count, device=noise.device) for count in counts])
    std = torch.tensor(np.repeat(np.asarray(sigmas, dtype=np.float64), counts)).to(noise)
    pieces: list[Tensor] = []
    first: dict[int, tuple[Tensor, Tensor]] = {}
    for start in range(0, len(which), adversary.releases):
        progress(start, len(which), "reconstructing examples")
        part = slice(start, start + adversary.releases)
        found = adversary.attack(target, noise[which[part]], std[part])
        here = [int(s) for s in starts if start <= s < start + len(found.prior)]
        first |= {s: (found.unbiased[s - start], found.prior[s - start]) for s in here}
        nearer = torch.minimum(torch.nan_to_num(error(found.either).amin(1), nan=torch.inf), error(found.unbiased))
        pieces.append(torch.stack([error(found.unbiased), error(found.prior), nearer, found.explained.double()]))
    unbiased, prior, nearer, explained = (row.split(counts) for row in torch.cat(pieces, 1).cpu())
    J = jacobians(adversary.terms, slice(row, row + 1))

    def at_each_sigma(bound: Callable[[float], Tensor]) -> np.ndarray:
        return np.array([float(bound(float(sigma))[0]) if sigma else 0.0 for sigma in sigmas])

    return Reconstruction(
        truth=truth[:f].cpu().numpy(),
        guess=torch.stack([first[int(s)][0] for s in starts])[:, :f].cpu().numpy(),
        guess_prior=torch.stack([first[int(s)][1] for s in starts])[:, :f].cpu().numpy(),
        squared_error=[part.numpy() for part in unbiased],
        squared_error_prior=[part.numpy() for part in prior],
        squared_error_nearer=[part.numpy() for part in nearer],
        explained=np.array([float(part.mean()) for part in explained]),
        bound_unbiased=at_each_sigma(J.bound_unbiased),
        bound_prior=at_each_sigma(lambda sigma: J.bound_prior(sigma, prior_std)),
        eta=float(J.eta_squared()[0].clamp_min(0).sqrt()),
    )
