"""Slow references of the attacks: every candidate trained separately, every release compared with every candidate."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from fil_core import Attribute, Dataset, Fitted
from fil_core.models.glm import fit_logistic

Candidate = Callable[[Fitted, Dataset, Attribute, int, int], Tensor]


def refitted(fitted: Fitted, dataset: Dataset, attribute: Attribute, i: int, v: int) -> Tensor:
    """Parameters (d,) of the same model trained anew, with value v for the attribute of example i.

    Args:
        fitted: least squares or logistic; of it only the penalty and the coding of the labels are used.
        dataset: what it was trained on, with weights 1.
        attribute: k values. i: position of the example. v: which value.
    """
    X, y = torch.from_numpy(dataset.X).clone(), fitted.targets(dataset.y)
    X[i, list(attribute.columns)] = torch.from_numpy(attribute.values[v])
    ridge = dataset.n * fitted.spec.penalty
    if fitted.spec.kind == "logistic":
        return fit_logistic(X, y, None, ridge)[0].theta
    return torch.linalg.solve(X.T @ X + ridge * torch.eye(X.shape[1], dtype=X.dtype), X.T @ y)


def solver_again(fitted: Fitted, dataset: Dataset) -> Candidate:
    """A faster loop for least squares: X^T X and X^T y are kept, and only the system is solved per candidate."""
    X, y = torch.from_numpy(dataset.X), fitted.targets(dataset.y)
    H = X.T @ X + dataset.n * fitted.spec.penalty * torch.eye(X.shape[1], dtype=X.dtype)
    b = X.T @ y

    def candidate(fitted: Fitted, dataset: Dataset, attribute: Attribute, i: int, v: int) -> Tensor:
        x, changed = X[i], X[i].clone()
        changed[list(attribute.columns)] = torch.from_numpy(attribute.values[v])
        return torch.linalg.solve(H - torch.outer(x, x) + torch.outer(changed, changed), b + y[i] * (changed - x))

    return candidate


def seconds_each(
    candidate: Candidate,
    fitted: Fitted,
    dataset: Dataset,
    attribute: Attribute,
    rows: Sequence[int],
    released: Tensor | None = None,
) -> float:
    """The fewest seconds that one example took.

    Args:
        candidate: trains one candidate.
        fitted, dataset, attribute: what it is trained from.
        rows: positions of the examples.
        released: (T, d) releases, of which each is guessed from too; None for the k candidates alone.
    """
    seconds = []
    for i in rows:
        start = time.perf_counter()
        thetas = torch.stack([candidate(fitted, dataset, attribute, i, v) for v in range(attribute.k)])
        if released is not None:
            nearest(thetas, released)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def nearest(candidates: Tensor, released: Tensor, bonus: Tensor | float = 0.0) -> Tensor:
    """Index of the candidate with the smallest squared distance, less its bonus, to each release, (T,).

    Args:
        candidates: (k, d). released: (T, d) releases.
        bonus: (k,) or one number, subtracted from the squared distances.
    """
    return ((released[:, None] - candidates).square().sum(2) - bonus).argmin(1)


def shared_trials(shift: Tensor, codes: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """Whether each release's nearest candidate is the true one, for all examples: (T, n), release by release.

    Args:
        shift: candidates less the parameters, (n, k, d). codes: true values, (n,).
        noise: standard normal, (T, d), each draw shared by all examples. sigma: its standard deviation.
    """
    guesses = [(sigma * e - shift).square().sum(2).argmin(1) for e in noise]
    return torch.stack(guesses) == codes
