"""Attribute inference: how often each attacker guesses an example's attribute rightly from the released model.

Every attacker knows the other features and the label of the example under attack.

    baseline        the most frequent value
    ideal           multinomial logistic regression from the other features and the label; needs no model
    fredrikson14    black box: argmax of log P(label | prediction with the value) + log prior
    whitebox        the value whose candidate parameters are nearest to the released ones
    whitebox-prior  the same, less 2 sigma^2 log prior: the maximum of the posterior

Source: Fredrikson et al. (USENIX Security 2014) for the third; Hannun, Guo, van der Maaten (UAI 2021), Sec. 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.attacks.attackers import ATTACKERS, WHITE_BOX
from fil_core.attacks.attribute import Attribute
from fil_core.attacks.candidates import attackable, candidate_shifts
from fil_core.attacks.success import CLOSED_FORM, guessed_shares, success_probability, unseen_success
from fil_core.dataset import Dataset
from fil_core.linalg import row_blocks, weighted_gram
from fil_core.models import Fitted
from fil_core.models.softmax import fit_softmax
from fil_core.progress import Progress

_TRIALS = {"cpu": 2**21, "cuda": 2**26}  # (release, example, value) triples held at a time
_NEARLY_NO_PENALTY = 1e-8  # of the ideal attacker: gives separable values an optimum and is otherwise negligible


@dataclass(frozen=True, slots=True)
class Inference:
    """Success of each attacker against each example under each noise.

    Attributes:
        success: by attacker (n, S), the probability of a right guess over the release's noise: exact where there is a
            closed form, else the share of the trials.
        accuracy: by attacker (S,), its mean over examples: exact for two values, else the mean of the trials.
        standard_error: by attacker (S,), standard error of that mean over trials; 0 where nothing is drawn.
        exact: by white-box attacker (S,), the mean of the closed form, for two or three values.
        guessed: by attacker (S, k), the share of all guesses that name each value: exact where `success` is.
        gram: inner products of the candidates' shifts, (n, k, k), for two or three values, else None.
    """

    success: dict[str, np.ndarray]
    accuracy: dict[str, np.ndarray]
    standard_error: dict[str, np.ndarray]
    exact: dict[str, np.ndarray]
    guessed: dict[str, np.ndarray]
    gram: np.ndarray | None


def infer(
    fitted: Fitted,
    dataset: Dataset,
    attribute: Attribute,
    *,
    attackers: Sequence[str] = ATTACKERS,
    sigmas: Sequence[float] = (0.0,),
    trials: int = 100,
    seed: int = 0,
    intercept: bool = False,
    progress: Progress | None = None,
) -> Inference:
    """Attack the attribute of every training example.

    Args:
        fitted: least squares or logistic, at its optimum.
        dataset: its n training examples.
        attribute: an attribute of k values.
        attackers: some of `ATTACKERS`.
        sigmas: S standard deviations of the output noise, >= 0, in units of theta.
        trials: releases drawn where there is no closed form, >= 1; each is attacked for all examples, under each sigma.
        seed: seed of those draws.
        intercept: whether the ideal attacker has one; the paper's has none.
        progress: called with (examples done, n, text).

    Returns:
        Success by attacker, in the order of `ATTACKERS`.

    Raises:
        BadRequest: another kind of model.
        SingularCurvature: without an example the parameters are not determined (l2 = 0).
    """
    attackable(fitted)
    noise = torch.randn(
        trials, fitted.theta.shape[-1], generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    count = _Count(attribute, sigmas, noise.to(fitted.theta.device), fitted.weights > 0)
    white = [name for name in attackers if name in WHITE_BOX]
    # First, because it alone can find that there are no candidates (l2 = 0).
    gram = _white_box(fitted, dataset, attribute, white, count, progress) if white else None
    if "fredrikson14" in attackers:
        _fredrikson(fitted, dataset, attribute, count, progress)
    if "baseline" in attackers:
        count.same("baseline", _baseline(attribute))
    if "ideal" in attackers:
        count.same("ideal", _ideal(fitted, dataset, attribute, intercept, progress))
    drawn = _without_weight(fitted, attribute, white, count.success)
    return _together(attribute, attackers, sigmas, gram, drawn, count)


def _together(
    attribute: Attribute, attackers: Sequence[str], sigmas: Sequence[float], gram: np.ndarray | None,
    drawn: dict[str, np.ndarray], count: _Count,
) -> Inference:  # fmt: skip
    """What was drawn, and closed forms in its place where there are any; in the order of `ATTACKERS`."""
    closed = [name for name in WHITE_BOX if name in attackers]
    exact = _closed_forms(gram, attribute, closed, sigmas) if gram is not None else {}
    shares = {name: _guessed(gram, _prior(attribute, name), sigmas) for name in closed} if gram is not None else {}
    success, error, guessed = drawn | exact, count.standard_error, count.guessed | shares
    accuracy = {name: share.mean(0) for name, share in drawn.items()}
    if attribute.k == 2:
        accuracy = accuracy | {name: p.mean(0) for name, p in exact.items()}
        error = error | {name: np.zeros(len(sigmas)) for name in exact}
    in_order = [name for name in ATTACKERS if name in attackers]
    return Inference(
        success={name: success[name] for name in in_order},
        accuracy={name: accuracy[name] for name in in_order},
        standard_error={name: error[name] for name in in_order},
        exact={name: exact[name].mean(0) for name in in_order if name in exact},
        guessed={name: guessed[name] for name in in_order},
        gram=gram,
    )


def _without_weight(
    fitted: Fitted, attribute: Attribute, white: Sequence[str], success: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Drawn success where the white boxes learn nothing of an example of weight 0, however ties were broken."""
    unseen = (fitted.weights == 0).cpu().numpy()
    if not unseen.any():
        return success
    corrected = dict(success)
    for name in white:
        if name in success:  # with two values nothing is drawn
            guess = unseen_success(attribute.codes, attribute.k, _prior(attribute, name))[:, None]
            corrected[name] = np.where(unseen[:, None], guess, success[name])
    return corrected


class _Count:
    """Guesses by attacker, noise, release and example, and how many of them are right."""

    def __init__(self, attribute: Attribute, sigmas: Sequence[float], noise: Tensor, trained_on: Tensor) -> None:
        self.codes = torch.from_numpy(attribute.codes).to(noise.device)
        self.prior = torch.from_numpy(attribute.prior).to(noise)
        self.log_prior, self.trained_on = self.prior.log(), trained_on
        self.sigmas, self.noise, self.k = sigmas, noise, attribute.k
        self._by_example: dict[str, Tensor] = {}
        self._by_release: dict[str, Tensor] = {}
        self._by_value: dict[str, Tensor] = {}
        self._same: dict[str, np.ndarray] = {}

    def same(self, name: str, guess: np.ndarray) -> None:
        """An attacker who does not use the released parameters: guess (n,), the code for each example."""
        self._same[name] = guess

    def releases(self, rows: int) -> list[slice]:
        """The releases in pieces that suit a block of `rows` examples."""
        size = max(1, _TRIALS[self.noise.device.type] // max(1, rows * self.k))
        return [slice(i, i + size) for i in range(0, len(self.noise), size)]

    def add(self, name: str, s: int, releases: slice, block: slice, guess: Tensor) -> None:
        """Count the right guesses of some releases under one sigma for a block of examples.

        Args:
            name: the attacker.
            s: position of sigma among `sigmas`.
            releases: positions of t releases.
            block: positions of m examples.
            guess: (t, m), codes of the values.
        """
        if name not in self._by_example:
            S, T = len(self.sigmas), len(self.noise)
            self._by_example[name] = self.noise.new_zeros(S, len(self.codes))
            self._by_release[name] = self.noise.new_zeros(S, T)
            self._by_value[name] = self.noise.new_zeros(S, self.k)
        right = (guess == self.codes[block]).to(self.noise)
        self._by_example[name][s, block] += right.sum(0)
        self._by_release[name][s, releases] += right.sum(1)
        counted = guess[:, self.trained_on[block]] if name in WHITE_BOX else guess
        self._by_value[name][s] += torch.bincount(counted.flatten(), minlength=self.k)

    @property
    def success(self) -> dict[str, np.ndarray]:
        """Share of right guesses, (n, S)."""
        drawn = {name: (hits.T / len(self.noise)).cpu().numpy() for name, hits in self._by_example.items()}
        codes = self.codes.cpu().numpy()
        right = {name: (guess == codes).astype(float) for name, guess in self._same.items()}
        return drawn | {name: np.repeat(r[:, None], len(self.sigmas), 1) for name, r in right.items()}

    @property
    def guessed(self) -> dict[str, np.ndarray]:
        """Share of the guesses that name each value, (S, k); a white box guesses as `unseen_success` says unseen."""
        n, unseen = len(self.codes), float((~self.trained_on).sum())
        best = torch.nn.functional.one_hot(self.prior.argmax(), self.k).to(self.noise)
        shares = {}
        for name, counts in self._by_value.items():
            blind = {"whitebox": torch.full_like(best, 1 / self.k), "whitebox-prior": best}.get(name)
            extra = 0.0 if blind is None else unseen * blind
            shares[name] = ((counts / len(self.noise) + extra) / n).cpu().numpy()
        for name, guess in self._same.items():
            share = np.bincount(guess, minlength=self.k) / n
            shares[name] = np.repeat(share[None], len(self.sigmas), 0)
        return shares

    @property
    def standard_error(self) -> dict[str, np.ndarray]:
        """Standard error of that mean over releases, (S,); NaN for a single release with noise."""
        n, T = len(self.codes), len(self.noise)
        errors = {name: np.zeros(len(self.sigmas)) for name in self._same}
        for name, hits in self._by_release.items():
            error = (hits / n).std(1) / T**0.5 if T > 1 else hits.new_full((len(hits),), torch.nan)
            noiseless = torch.tensor([sigma == 0 for sigma in self.sigmas], device=hits.device)
            errors[name] = torch.where(noiseless, 0.0, error).cpu().numpy()
        return errors


def _baseline(attribute: Attribute) -> np.ndarray:
    return np.full(len(attribute.codes), attribute.prior.argmax())


def _ideal(
    fitted: Fitted, dataset: Dataset, attribute: Attribute, intercept: bool, progress: Progress | None
) -> np.ndarray:
    """Trained and scored on the same rows. Without an intercept, as in the paper, it can be below the baseline."""
    device = fitted.theta.device
    X = torch.from_numpy(np.delete(dataset.X, attribute.columns, axis=1)).to(device)
    columns = [X, fitted.targets(dataset.y)[:, None]] + [X.new_ones(dataset.n, 1)] * intercept
    F, codes = torch.cat(columns, 1), torch.from_numpy(attribute.codes).to(device)
    Y = torch.nn.functional.one_hot(codes, attribute.k).to(F)
    scale = float(F.square().mean()) or 1.0
    optimum, _ = fit_softmax(F, Y, None, dataset.n * _NEARLY_NO_PENALTY * scale, progress)
    return (F @ optimum.theta.T).argmax(1).cpu().numpy()


def _fredrikson(
    fitted: Fitted, dataset: Dataset, attribute: Attribute, count: _Count, progress: Progress | None
) -> None:
    """The noisy model's prediction under each value, against the label."""
    device, theta = fitted.theta.device, fitted.theta
    X, y = fitted.design(dataset.X), fitted.targets(dataset.y)
    columns, values = list(attribute.columns), torch.from_numpy(attribute.values).to(device)
    log_likelihood = (_ResidualVariance if fitted.spec.kind == "least-squares" else _Confusion)(X, X @ theta, y, count)
    for block in row_blocks(dataset.n, X.shape[1], device):
        if progress:
            progress(block.start, dataset.n, "black-box guesses")
        x, change = X[block], values - X[block][:, None, columns]
        z = (x @ theta)[:, None] + change @ theta[columns]
        for releases in count.releases(len(x)):
            e = count.noise[releases]
            noise = (e @ x.T)[:, :, None] + torch.einsum("ts,mks->tmk", e[:, columns], change)
            for s, sigma in enumerate(count.sigmas):
                evidence = log_likelihood(z + sigma * noise, y[block], s, releases)
                count.add("fredrikson14", s, releases, block, (evidence + count.log_prior).argmax(2))


class _ResidualVariance:
    """log P(y | prediction) of a regression: Gaussian with the noisy model's own residual variance on the data."""

    def __init__(self, X: Tensor, z: Tensor, y: Tensor, count: _Count) -> None:
        n, r = len(y), z - y
        mean, e = X.mean(0), count.noise
        cov = (weighted_gram(X, None) - n * torch.outer(mean, mean)) / (n - 1)
        cross = X.T @ (r - r.mean()) / (n - 1)
        parts = r.var(), 2 * (e @ cross), ((e @ cov) * e).sum(1)
        self.variance = torch.stack([parts[0] + s * parts[1] + s**2 * parts[2] for s in count.sigmas])

    def __call__(self, z: Tensor, y: Tensor, s: int, releases: slice) -> Tensor:
        """Log-likelihood up to a constant, (t, m, k)."""
        return -((z - y[:, None]) ** 2) / (2 * self.variance[s, releases, None, None].clamp_min(1e-300))


class _Confusion:
    """log P(y | predicted class), from the noisy model's confusion counts on the data, one added to every cell."""

    def __init__(self, X: Tensor, z: Tensor, y: Tensor, count: _Count) -> None:
        n, T = len(y), len(count.noise)
        cells = X.new_ones(len(count.sigmas), T, 2, 2)  # y, predicted
        for block in row_blocks(n, T, X.device):
            noise = count.noise @ X[block].T
            for s, sigma in enumerate(count.sigmas):
                positive = (z[block] + sigma * noise > 0).to(X)
                for label in (0, 1):
                    labelled = (y[block] == label).to(X)
                    cells[s, :, label, 1] += positive @ labelled
                    cells[s, :, label, 0] += (1 - positive) @ labelled
        self.log = (cells / cells.sum(2, keepdim=True)).log()

    def __call__(self, z: Tensor, y: Tensor, s: int, releases: slice) -> Tensor:
        """Log-likelihood, (t, m, k)."""
        table = self.log[s, releases]  # (t, y, predicted)
        of_label = torch.where((y == 1)[None, :, None], table[:, 1, None, :], table[:, 0, None, :])  # (t, m, predicted)
        return torch.where(z > 0, of_label[:, :, 1:], of_label[:, :, :1])


def _white_box(
    fitted: Fitted,
    dataset: Dataset,
    attribute: Attribute,
    white: Sequence[str],
    count: _Count,
    progress: Progress | None,
) -> np.ndarray | None:
    """Candidates of every example, once; their Gram matrices for few values, noisy trials for more than two."""
    k = attribute.k
    gram = np.empty((dataset.n, k, k)) if k <= CLOSED_FORM else None
    for block, shift in candidate_shifts(fitted, dataset, attribute, progress=progress):
        if gram is not None:
            gram[block] = (shift @ shift.mT).cpu().numpy()
        if k > 2:
            _nearest(shift, block, white, count)
    return gram


def _nearest(shift: Tensor, block: slice, white: Sequence[str], count: _Count) -> None:
    """|theta~ - theta_v|^2 = |Delta_v|^2 - 2 sigma Delta_v^T e, up to a term that does not depend on v."""
    m, k, d = shift.shape
    length = shift.square().sum(2)
    for releases in count.releases(m):
        along = (count.noise[releases] @ shift.view(m * k, d).T).view(-1, m, k)
        for s, sigma in enumerate(count.sigmas):
            distance = length - 2 * sigma * along
            for name in white:
                bonus = 2 * sigma**2 * count.log_prior if name == "whitebox-prior" else 0.0
                count.add(name, s, releases, block, (distance - bonus).argmin(2))


def _closed_forms(
    gram: np.ndarray, attribute: Attribute, white: Sequence[str], sigmas: Sequence[float]
) -> dict[str, np.ndarray]:
    success = {}
    for name in white:
        prior = _prior(attribute, name)
        columns = [success_probability(gram, attribute.codes, float(sigma), prior) for sigma in sigmas]
        success[name] = np.stack(columns, 1)
    return success


def _guessed(gram: np.ndarray, prior: np.ndarray | None, sigmas: Sequence[float]) -> np.ndarray:
    return np.stack([guessed_shares(gram, float(sigma), prior) for sigma in sigmas])


def _prior(attribute: Attribute, attacker: str) -> np.ndarray | None:
    """The shares of the values, for an attacker who uses them."""
    return attribute.prior if attacker == "whitebox-prior" else None
