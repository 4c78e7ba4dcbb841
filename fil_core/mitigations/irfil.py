"""Training reweighted so that all examples leak alike: IRFIL, and weights that leave the leakiest examples out.

Iteratively reweighted Fisher information loss: start from omega = 1 / eta, then repeat

    omega  <-  omega scaled to mean 1, clamped, scaled again
    w       =  omega (sample), its class mean (class), or the product of both (hybrid)
    theta  <-  argmin sum_i w_i loss_i + n l2 / 2 |theta|^2,   eta from the weighted Hessian and Jacobians there
    omega  <-  omega / eta

Eta treats the weights as constants; what they reveal, since they are computed from the data, is not counted.

Source: Hannun, Guo, van der Maaten (UAI 2021), Sec. 5 and Algorithm 1; docs/maths.md, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest, FilError, SingularCurvature
from fil_core.leakage.fil import fil
from fil_core.models import Fitted, fit
from fil_core.progress import Progress
from fil_core.specs.weights import Irfil

FALL = 100.0  # factor by which the standard deviation of eta falls at convergence where no spread was requested
_FALLING = 0.995  # standard deviation over that of the round before; above it more rounds do not help
_EVEN = 1e-9  # of the mean: a standard deviation that is rounding
_APART = 1e12  # largest eta over the smallest: beyond it the small weights keep no digit


@dataclass(frozen=True, slots=True)
class Reweighting:
    """Rounds 0 (equal weights) to T of reweighting, all kept.

    Attributes:
        eta, weights: (T + 1, n).
        theta: (T + 1, ...), the parameters of each round.
        train_score, test_score: (T + 1,), accuracy or mean squared error.
        condition: (T + 1,), condition number of the curvature.
        converged: the requested spread was reached; without one, the standard deviation fell a hundredfold.
        why: why the rounds ended, as a sentence.
    """

    eta: np.ndarray
    weights: np.ndarray
    theta: np.ndarray
    train_score: np.ndarray
    test_score: np.ndarray
    condition: np.ndarray
    converged: bool
    why: str


class _Rounds:
    """The rounds so far, without their curvatures, which would be d^2 numbers per round."""

    def __init__(self, dataset: Dataset, columns: Sequence[int]) -> None:
        self.dataset, self.columns = dataset, columns
        self.eta: list[np.ndarray] = []
        self.weights: list[np.ndarray] = []
        self.theta: list[Tensor] = []
        self.scores: list[tuple[float, float]] = []
        self.condition: list[float] = []

    def add(self, fitted: Fitted) -> None:
        """Measure a round and keep it.

        Raises:
            BadData: some eta is zero, not finite, or a factor of 1e12 below the largest.
        """
        data = self.dataset
        eta = fil(fitted, data, columns=self.columns).cpu().numpy()
        _check_eta(eta, data)
        self.eta.append(eta)
        self.weights.append(fitted.weights.cpu().numpy())
        self.theta.append(fitted.theta)
        self.condition.append(fitted.curvature.condition)
        self.scores.append((fitted.score(data.X, data.y), fitted.score(data.X_test, data.y_test)))


def irfil(
    fitted: Fitted, dataset: Dataset, weighting: Irfil, *, columns: Sequence[int] = (), progress: Progress | None = None
) -> Reweighting:
    """Reweight and refit until eta is even.

    Args:
        fitted: the optimum at equal weights, round 0; its kind, penalty and device are those of every refit.
        dataset: its n training examples.
        weighting: method, rounds, clamps and stopping rule; its `attribute` is not read, see `columns`.
        columns: numbers of the features that eta is taken of; empty for the whole example.
        progress: called with (round, rounds, text).

    Returns:
        All rounds. A later round that has no optimum, or no usable eta, ends the sequence before it; `why` says so.

    Raises:
        BadData: some eta of round 0 is zero, not finite, or a factor of 1e12 below the largest.
        BadRequest: weights by class for a regression.

    Source: Hannun, Guo, van der Maaten (UAI 2021), Algorithm 1.
    """
    check_method(weighting, dataset)
    rounds, failure = _Rounds(dataset, columns), ""
    rounds.add(fitted)
    omega = 1 / rounds.eta[0]
    while (
        len(rounds.eta) <= weighting.iterations and _spread(rounds.eta[-1]) > weighting.spread * rounds.eta[-1].mean()
    ):
        if progress:
            progress(len(rounds.eta) - 1, weighting.iterations, "reweighting")
        omega = _clamped(omega, weighting)
        try:
            w = _by_method(omega, weighting.method, dataset)
            rounds.add(fit(fitted.spec, dataset, weights=w, start=rounds.theta[-1], device=fitted.theta.device))
        except SingularCurvature:
            failure = (
                f"Round {len(rounds.eta)} has no optimum, so it ended before it: the weights left some direction of "
                "the features without examples. Set a larger l2, or clamp the weights."
            )
            break
        except FilError as error:
            failure = f"Round {len(rounds.eta)} failed, so it ended before it: {error}"
            break
        omega = omega / rounds.eta[-1]
    converged, why = _verdict(rounds.eta, omega, weighting, failure)
    train, test = zip(*rounds.scores, strict=True)
    return Reweighting(
        eta=np.stack(rounds.eta),
        weights=np.stack(rounds.weights),
        theta=np.stack([theta.cpu().numpy() for theta in rounds.theta]),
        train_score=np.array(train),
        test_score=np.array(test),
        condition=np.array(rounds.condition),
        converged=converged,
        why=why,
    )


def check_method(weighting: Irfil, dataset: Dataset) -> None:
    """Refuse weights by class where there are no classes.

    Raises:
        BadRequest: for a regression.
    """
    if weighting.method != "sample" and not dataset.class_names:
        raise BadRequest(
            f"method: expected sample for a real-valued target, which has no classes; got {weighting.method}."
        )


def without_leakiest(eta: np.ndarray, k: int) -> np.ndarray:
    """Weights that leave out the k examples of largest eta; ties go to the earlier example.

    w_i = n / (n - k), or 0 for those k

    >>> without_leakiest(np.array([3.0, 1.0, 3.0]), 1).tolist()
    [0.0, 1.5, 1.5]

    Args:
        eta: (n,).
        k: number of examples left out, 0 <= k < n.

    Returns:
        (n,), >= 0, mean 1.

    Raises:
        BadRequest: k >= n.
    """
    n = len(eta)
    if k >= n:
        raise BadRequest(f"drop: expected fewer than the {n:,} training examples; got {k:,}.")
    weights = np.full(n, n / (n - k))
    weights[np.argsort(-eta, kind="stable")[:k]] = 0.0
    return weights


def _check_eta(eta: np.ndarray, dataset: Dataset) -> None:
    unusable = np.flatnonzero(~np.isfinite(eta) | (eta <= eta[np.isfinite(eta)].max(initial=0.0) / _APART))
    if unusable.size:
        first = f"{dataset.ids[unusable[0]]} with {eta[unusable[0]]:.3g}"
        raise BadData(
            f"reweighting: expected eta > 0 for every training example, within a factor of {_APART:.0e}; got "
            f"{unusable.size:,} that would have weights without end, the first of them example {first}. "
            "Take eta of the whole example, or a larger l2."
        )


def _spread(eta: np.ndarray) -> float:
    return float(eta.std(ddof=1)) if eta.size > 1 else 0.0


def _clamped(omega: np.ndarray, weighting: Irfil) -> np.ndarray:
    """omega scaled to mean 1, clamped, scaled again.

    >>> (14 * _clamped(np.array([1.0, 3.0]), Irfil(max_weight=1.25))).round(9).tolist()  # (.5, 1.25) / .875
    [8.0, 20.0]
    """
    omega = omega / omega.mean()
    omega = np.clip(omega, weighting.min_weight or 0.0, weighting.max_weight or np.inf)
    return omega / omega.mean()


def _by_method(omega: np.ndarray, method: str, dataset: Dataset) -> np.ndarray:
    if method == "sample":
        return omega
    codes = dataset.y.astype(int)
    mean = (np.bincount(codes, omega) / np.bincount(codes).clip(1))[codes]  # a class may have no examples
    return mean if method == "class" else mean * omega


def _verdict(eta: list[np.ndarray], omega: np.ndarray, weighting: Irfil, failure: str) -> tuple[bool, str]:
    """Whether it converged, and why it ended as it did."""
    spreads, T = [_spread(e) for e in eta], len(eta) - 1
    share = spreads[-1] / float(eta[-1].mean())
    fall = spreads[0] / spreads[-1] if spreads[-1] else np.inf
    done = share <= weighting.spread if weighting.spread else fall >= FALL or share <= _EVEN
    summary = (
        f"In {T} rounds the standard deviation of eta went from {spreads[0]:.3g} to {spreads[-1]:.3g}, which is "
        f"{share:.2g} of the mean."
    )
    if done:
        return True, f"{summary} {failure}".strip()
    target = f"at most {weighting.spread:g} of the mean" if weighting.spread else "at most a hundredth of the first"
    reason = failure or _reason(spreads, omega, weighting)
    return False, f"{summary} Not converged: that would take a standard deviation of {target}. {reason}".strip()


def _reason(spreads: list[float], omega: np.ndarray, weighting: Irfil) -> str:
    """Why it did not converge."""
    if weighting.method == "class":
        return "Weights by class move whole classes, never an example against its own."
    relative = omega / omega.mean()
    clamped = int((relative < (weighting.min_weight or 0)).sum() + (relative > (weighting.max_weight or np.inf)).sum())
    if clamped:
        return f"The clamps hold {clamped:,} {'example' if clamped == 1 else 'examples'} back."
    if len(spreads) > 1 and spreads[-1] < _FALLING * spreads[-2]:
        return f"The last round still took {1 - spreads[-1] / spreads[-2]:.0%} off: allow more iterations."
    return (
        "It does not fall any more: some examples leak as much however small their weight, as where they alone have a "
        "feature. A larger l2 or clamps help."
        if len(spreads) > 1
        else ""
    )
