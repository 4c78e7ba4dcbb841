"""Examples whose gradient lies far from the others': norms, and an isolation forest on the gradients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from fil_core.errors import BadRequest

DIRECTIONS = 512  # of a projection: squared lengths are then right to 6 %
TREES = 100  # 500 find no more of planted noise
_BLOCK = 2**22  # random numbers held at once


def l1_norms(G: Tensor) -> Tensor:
    """Sum of the absolute entries of each gradient, G (n, p): (n,), larger for stranger examples.

    >>> l1_norms(torch.tensor([[3.0, -4.0], [0.0, 1.0]])).tolist()
    [7.0, 1.0]
    """
    return G.abs().sum(1)


def l2_norms(G: Tensor) -> Tensor:
    """Euclidean length of each gradient, G (n, p): (n,), larger for stranger examples.

    >>> l2_norms(torch.tensor([[3.0, -4.0], [0.0, 1.0]])).tolist()
    [5.0, 1.0]
    """
    return torch.linalg.vector_norm(G, dim=1)


def forest_scores(G: Tensor, *, seed: int = 0, trees: int = TREES) -> Tensor:
    """Outlier score of each gradient by an isolation forest: how few random cuts leave the example alone.

    The forest is fed the entries of the gradients as they are, one feature for each parameter. Its cuts are parallel to
    the axes, so that a rotation of the parameters changes the scores; of more features than there are cuts it sees a
    random part. For many parameters feed it `projected` gradients, and say so beside the result.

    Args:
        G: (n, p) gradient of each example's own loss, n >= 2, finite.
        seed: of the forest.
        trees: how many, >= 1, each on at most 256 of the examples.

    Returns:
        (n,) between 0 and 1, larger for stranger examples, about .5 where nothing stands out.

    Raises:
        BadRequest: fewer than two examples, or a gradient that is not finite.

    Source: Chhabra et al., Outlier Gradient Analysis (ICML 2025); Liu, Ting, Zhou, Isolation Forest (ICDM 2008).
    """
    from sklearn.ensemble import IsolationForest  # loads for a second

    if len(G) < 2:
        raise BadRequest(f"gradients: expected those of at least two examples; got {len(G)}. Take more examples.")
    if not bool(torch.isfinite(G).all()):
        # The trees of scikit-learn would take NaN for a missing value.
        raise BadRequest("gradients: expected finite ones; got NaN or infinity. Take a model whose loss is finite.")
    largest = G.abs().amax()
    # Trees compute in float32, in which small gradients would all be 0; a common factor changes no cut.
    scaled = (G / torch.where(largest > 0, largest, torch.ones_like(largest))).float().cpu().numpy()
    forest = IsolationForest(n_estimators=trees, random_state=seed).fit(scaled)
    return torch.from_numpy(-forest.score_samples(scaled)).to(G.device, G.dtype)


def projected(G: Tensor, *, seed: int = 0, directions: int = DIRECTIONS) -> Tensor:
    """Gradients on random directions, `G R / sqrt(q)` with independent entries +-1 of R (p, q).

    Inner products keep their expectation; the relative standard deviation of squared lengths is at most sqrt(2/q). One
    seed is one R whatever the examples, so that they can be projected a few at a time and G need never be whole.

    Args:
        G: (n, p) gradients, or those of some of the examples.
        seed: of R.
        directions: q, >= 1.

    Returns:
        (n, q), or G itself where p <= q.
    """
    p, q = G.shape[1], directions
    if p <= q:
        return G
    generator, rows = torch.Generator().manual_seed(seed), max(1, _BLOCK // q)
    found = G.new_zeros(len(G), q)
    for block in G.split(rows, 1):
        signs = torch.randint(0, 2, (block.shape[1], q), generator=generator, dtype=torch.int8)
        found += block @ signs.mul_(2).sub_(1).to(G.device, G.dtype)
    return found / q**0.5


@dataclass(frozen=True)
class Outliers:
    """How far the gradient of each example lies from the others'.

    Attributes:
        forest: (n,) scores of an isolation forest.
        l1, l2: (n,) norms of the whole gradients.
        weights: entries of a gradient.
        fed: entries that the forest was fed: all of them, or so many random directions.
    """

    forest: Tensor
    l1: Tensor
    l2: Tensor
    weights: int
    fed: int


def outlying(blocks: Iterable[Tensor], *, seed: int = 0) -> Outliers:
    """Scores and norms of gradients that come a few at a time; of many weights the forest is fed random directions.

    Args:
        blocks: gradients of the examples in their order, (b, p) each.
        seed: of the forest and of the directions.

    Raises:
        BadRequest: fewer than two examples, or a gradient that is not finite.
    """
    l1, l2, fed, weights = [], [], [], 0
    for G in blocks:
        l1.append(l1_norms(G).double())
        l2.append(l2_norms(G).double())
        fed.append(projected(G, seed=seed))
        weights = G.shape[1]
    F = torch.cat(fed)
    return Outliers(forest_scores(F, seed=seed).double(), torch.cat(l1), torch.cat(l2), weights, F.shape[1])
