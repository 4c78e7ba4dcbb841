"""Outlying gradients: planted noise in two half-moons, as Chhabra et al. have it, and what the scores must obey."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import make_moons
from torch import nn
from torch.func import functional_call, grad, vmap

from fil_core.errors import BadRequest
from fil_core.influence import outliers
from fil_core.influence.outliers import forest_scores, l1_norms, l2_norms, projected

PLANTED = 20


def moons(seed, noise=0.05):
    """250 points of two half-moons, the labels of 20 of them, drawn at random, replaced by the other."""
    X, y = make_moons(250, noise=noise, random_state=seed)
    planted = np.zeros(250, dtype=bool)
    planted[np.random.default_rng(seed).choice(250, PLANTED, replace=False)] = True
    return torch.from_numpy(X), torch.from_numpy(np.where(planted, 1 - y, y)).double(), torch.from_numpy(planted)


def loss(Z, y):
    return nn.functional.binary_cross_entropy_with_logits(Z[:, 0], y)


def gradients_of_a_trained_network(X, y):
    """One hidden layer of 100 ReLU units, 300 steps of Adam on all points."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(2, 100), nn.ReLU(), nn.Linear(100, 1)).double()
    optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
    for _ in range(300):
        optimiser.zero_grad()
        loss(module(X), y).backward()
        optimiser.step()
    weights = {name: one.detach() for name, one in module.named_parameters()}
    one = grad(lambda at, x, t: loss(functional_call(module, at, (x[None],)), t[None]))
    return torch.cat([part.flatten(1) for part in vmap(one, (None, 0, 0))(weights, X, y).values()], 1)


def found(scores, planted):
    return float(planted[scores.argsort(descending=True)[:PLANTED]].double().mean())


def test_planted_noise_in_two_half_moons_is_found():
    """The share of the 20 replaced labels among the 20 largest scores, over eight draws of data and forests' seeds.

    Measured here: forest .950 (.85 to 1 over data and seeds), L2 norm .981, L1 norm .975. With more noise in the moons
    themselves there is less to find, as they touch: at .1 forest .921 and L2 .962, at .2 with 32 units .765 and .787.
    With 32 units, at 0, .05, .1: forest .944, .935, .898, L2 .994, .981, .962. The norm is never behind the forest.
    """
    shares = []
    for seed in range(8):
        X, y, planted = moons(seed)
        G = gradients_of_a_trained_network(X, y)
        forests = [found(forest_scores(G, seed=each), planted) for each in range(2)]
        shares.append([*forests, found(l2_norms(G), planted), found(l1_norms(G), planted)])
    forest, norms = np.array(shares)[:, :2], np.array(shares)[:, 2:]
    assert forest.mean() >= 0.9 and forest.min() >= 0.8
    assert norms.mean(0).min() >= forest.mean()


def normal(n=60, p=8, seed=0):
    return torch.randn(n, p, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_one_far_away_comes_first():
    G = normal()
    G[17] = 9
    for scores in (forest_scores(G), l1_norms(G), l2_norms(G)):
        assert int(scores.argmax()) == 17
    assert 0 < float(forest_scores(G).min()) < 0.55 < float(forest_scores(G)[17]) < 1


def test_a_common_factor_changes_no_score_even_below_float32():
    G = normal()
    # A power of two: exact.
    torch.testing.assert_close(forest_scores(G * 2.0**-200), forest_scores(G), rtol=0, atol=0)


def test_a_seed_is_one_forest_and_gradients_stay():
    G = normal()
    before = G.clone()
    assert torch.equal(forest_scores(G, seed=1), forest_scores(G, seed=1))
    assert not torch.equal(forest_scores(G, seed=1), forest_scores(G, seed=2))
    assert torch.equal(before, G)


def test_equal_gradients_have_equal_scores():
    for G in (torch.zeros(9, 4), torch.ones(9, 4)):
        assert len(set(forest_scores(G).tolist())) == 1


def test_projections_keep_lengths_and_do_not_depend_on_the_blocks(monkeypatch):
    G = normal(40, 5000)
    whole = projected(G, seed=3)
    assert whole.shape == (40, 512)
    ratio = whole.square().sum(1) / G.square().sum(1)
    # Four standard deviations of sqrt(2 / q).
    torch.testing.assert_close(ratio, torch.ones_like(ratio), rtol=0, atol=4 * math.sqrt(2 / 512))
    assert not torch.equal(whole, projected(G, seed=4))
    parts = torch.cat([projected(G[:7], seed=3), projected(G[7:], seed=3)])
    torch.testing.assert_close(parts, whole, rtol=1e-12, atol=1e-12)  # sums of another length of row
    monkeypatch.setattr(outliers, "_BLOCK", 1000)
    torch.testing.assert_close(projected(G, seed=3), whole, rtol=1e-12, atol=1e-12)


def test_few_parameters_are_not_projected():
    G = normal()
    assert projected(G) is G


def test_what_a_forest_cannot_take_is_refused():
    with pytest.raises(BadRequest, match="at least two examples; got 1"):
        forest_scores(torch.ones(1, 3))
    for bad in (math.nan, math.inf):
        with pytest.raises(BadRequest, match="expected finite"):
            forest_scores(torch.tensor([[1.0, bad], [0.0, 1.0]]))
