"""The black box of Fredrikson et al.: the likelier label under the noisy model's prediction with each value.

It guesses argmax_v of log P(label | prediction with v) + log prior_v. Least squares: a Gaussian density with the noisy
model's own residual variance; classification: its confusion counts.

Source: Fredrikson et al. (USENIX Security 2014); docs/maths.md, section 6.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fil_core.attacks.attribute import Attribute
from fil_core.attacks.count import Count
from fil_core.dataset import Dataset
from fil_core.linalg import row_blocks, sum_zero_basis, weighted_gram
from fil_core.models import Fitted
from fil_core.progress import Progress


def fredrikson(fitted: Fitted, dataset: Dataset, attribute: Attribute, count: Count, progress: Progress | None) -> None:
    """Count the guesses of `fredrikson14` for every example, release and sigma.

    Args:
        fitted: an optimum.
        dataset: its n training examples.
        attribute: an attribute of k values.
        count: holds the releases and receives the guesses.
        progress: called with (examples done, n, text).
    """
    X, y = fitted.design(dataset.X), fitted.targets(dataset.y)
    columns, values = list(attribute.columns), torch.from_numpy(attribute.values).to(X)
    theta, e = fitted.theta.reshape(-1, X.shape[1]), _noise(fitted, count.noise)  # of c scores: (c, d) and (T, c, d)
    scores = len(theta)
    make = _ResidualVariance if fitted.spec.kind == "least-squares" else _Confusion
    log_likelihood = make(X, theta, y, e, count)
    for block in row_blocks(dataset.n, X.shape[1], X.device):
        if progress:
            progress(block.start, dataset.n, "black-box guesses")
        x, change = X[block], values - X[block][:, None, columns]
        z = (x @ theta.T)[:, None] + change @ theta[:, columns].T
        for releases in count.releases(len(x), scores):
            noise = torch.einsum("tcd,md->tmc", e[releases], x)[:, :, None]
            noise = noise + torch.einsum("tcs,mks->tmkc", e[releases][:, :, columns], change)
            for s, sigma in enumerate(count.sigmas):
                evidence = log_likelihood(z + sigma * noise, y[block], s, releases)
                count.add("fredrikson14", s, releases, block, (evidence + count.log_prior).argmax(2))


def _noise(fitted: Fitted, noise: Tensor) -> Tensor:
    """The releases' noise in the family's coordinates as noise on the parameters of each score, (T, c, d)."""
    if fitted.theta.ndim == 1:
        return noise[:, None]
    C, d = fitted.theta.shape
    return sum_zero_basis(C).to(noise) @ noise.view(-1, C - 1, d)


class _ResidualVariance:
    """log P(y | prediction) of a regression: Gaussian with the noisy model's own residual variance on the data."""

    def __init__(self, X: Tensor, theta: Tensor, y: Tensor, e: Tensor, count: Count) -> None:
        n, r, e = len(y), X @ theta[0] - y, e[:, 0]
        mean = X.mean(0)
        cov = (weighted_gram(X, None) - n * torch.outer(mean, mean)) / (n - 1)
        cross = X.T @ (r - r.mean()) / (n - 1)
        parts = r.var(), 2 * (e @ cross), ((e @ cov) * e).sum(1)
        self.variance = torch.stack([parts[0] + s * parts[1] + s**2 * parts[2] for s in count.sigmas])

    def __call__(self, z: Tensor, y: Tensor, s: int, releases: slice) -> Tensor:
        """Log-likelihood up to a constant, (t, m, k), of scores (t, m, k, 1)."""
        return -((z[..., 0] - y[:, None]) ** 2) / (2 * self.variance[s, releases, None, None].clamp_min(1e-300))


class _Confusion:
    """log P(y | predicted class), from the noisy model's confusion counts on the data, one added to every cell."""

    def __init__(self, X: Tensor, theta: Tensor, y: Tensor, e: Tensor, count: Count) -> None:
        T, C = len(e), max(2, len(theta))
        cells = torch.ones(len(count.sigmas), T * C * C, dtype=torch.long, device=X.device)
        release = torch.arange(T, device=X.device)[:, None]
        for block in row_blocks(len(y), T * len(theta), X.device):
            z, noise = X[block] @ theta.T, torch.einsum("tcd,md->tmc", e, X[block])
            for s, sigma in enumerate(count.sigmas):
                cell = (release * C + _codes(y[block])) * C + _predicted(z + sigma * noise)
                cells[s] += torch.bincount(cell.flatten(), minlength=T * C * C)
        shares = cells.view(-1, T, C, C).to(X)  # y, predicted
        self.log = (shares / shares.sum(2, keepdim=True)).log()

    def __call__(self, z: Tensor, y: Tensor, s: int, releases: slice) -> Tensor:
        """Log-likelihood, (t, m, k), of scores (t, m, k, c)."""
        return self.log[s, releases][:, _codes(y)].gather(2, _predicted(z))


def _codes(y: Tensor) -> Tensor:
    """Classes of coded targets: 0/1 (m,), or one-hot (m, C)."""
    return y.long() if y.ndim == 1 else y.argmax(1)


def _predicted(z: Tensor) -> Tensor:
    """Classes of scores, (..., c) to (...)."""
    return (z[..., 0] > 0).long() if z.shape[-1] == 1 else z.argmax(-1)
