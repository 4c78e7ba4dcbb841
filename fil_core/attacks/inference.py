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
from fil_core.attacks.black_box import fredrikson
from fil_core.attacks.candidates import candidate_shifts
from fil_core.attacks.count import Count
from fil_core.attacks.success import CLOSED_FORM, guessed_shares, success_probability, unseen_success
from fil_core.dataset import Dataset
from fil_core.models import Fitted
from fil_core.models.fitted import model_of
from fil_core.models.softmax import fit_softmax
from fil_core.progress import Progress

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
        fitted: an optimum with its curvature factorised.
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
        SingularCurvature: without an example the parameters are not determined (l2 = 0).
    """
    # In the coordinates of the family: what softmax's noise adds to all rows of Theta alike changes nothing.
    free = model_of(fitted.spec).coordinates(fitted.theta).numel()
    noise = torch.randn(trials, free, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    count = Count(attribute, sigmas, noise.to(fitted.theta.device), fitted.weights > 0)
    white = [name for name in attackers if name in WHITE_BOX]
    # First, because it alone can find that there are no candidates (l2 = 0).
    gram = _white_box(fitted, dataset, attribute, white, count, progress) if white else None
    if "fredrikson14" in attackers:
        fredrikson(fitted, dataset, attribute, count, progress)
    if "baseline" in attackers:
        count.same("baseline", _baseline(attribute))
    if "ideal" in attackers:
        count.same("ideal", _ideal(fitted, dataset, attribute, intercept, progress))
    drawn = _without_weight(fitted, attribute, white, count.success)
    return _together(attribute, attackers, sigmas, gram, drawn, count)


def _together(
    attribute: Attribute, attackers: Sequence[str], sigmas: Sequence[float], gram: np.ndarray | None,
    drawn: dict[str, np.ndarray], count: Count,
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


def _baseline(attribute: Attribute) -> np.ndarray:
    return np.full(len(attribute.codes), attribute.prior.argmax())


def _ideal(
    fitted: Fitted, dataset: Dataset, attribute: Attribute, intercept: bool, progress: Progress | None
) -> np.ndarray:
    """Trained and scored on the same rows. Without an intercept, as in the paper, it can be below the baseline.

    One-hot labels lose their first column: the others and an intercept would sum to it.
    """
    device = fitted.theta.device
    X = torch.from_numpy(np.delete(dataset.X, attribute.columns, axis=1)).to(device)
    y = fitted.targets(dataset.y)
    columns = [X, y[:, None] if y.ndim == 1 else y[:, 1:]] + [X.new_ones(dataset.n, 1)] * intercept
    F, codes = torch.cat(columns, 1), torch.from_numpy(attribute.codes).to(device)
    Y = torch.nn.functional.one_hot(codes, attribute.k).to(F)
    scale = float(F.square().mean()) or 1.0
    optimum, _ = fit_softmax(F, Y, None, dataset.n * _NEARLY_NO_PENALTY * scale, progress)
    return (F @ optimum.theta.T).argmax(1).cpu().numpy()


def _white_box(
    fitted: Fitted,
    dataset: Dataset,
    attribute: Attribute,
    white: Sequence[str],
    count: Count,
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


def _nearest(shift: Tensor, block: slice, white: Sequence[str], count: Count) -> None:
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
