"""Who is in which model, and the score that is read off a model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fil_core.membership.confidence import closeness, likelihood, logit_confidence, margin
from fil_core.membership.halves import half, inclusion, member_seed
from fil_core.membership.signals import Signals


@pytest.mark.parametrize("n", [4, 5, 101])
def test_pairs_have_complementary_halves(n):
    found = inclusion(n, range(10), seed=3)
    assert (found.sum(0) == n // 2).all()
    both = found[:, ::2].astype(int) + found[:, 1::2]
    assert both.max() == 1 and ((both == 0).sum(0) == n % 2).all()
    assert len({tuple(column) for column in found.T}) == 10 if n > 5 else True
    assert Signals(np.zeros((n, 10)), found).paired


def test_halves_depend_on_number_and_seed_alone():
    whole = inclusion(50, range(8), seed=1)
    np.testing.assert_array_equal(inclusion(50, [5, 2], seed=1), whole[:, [5, 2]])
    assert (half(50, 0, seed=1) != half(50, 0, seed=2)).any()
    assert len({member_seed(m, s, own) for m in range(9) for s in range(3) for own in range(2)}) == 54


def test_random_halves_of_others_are_not_taken_for_pairs():
    random = np.random.default_rng(0).random((40, 8)) < 0.5
    signals = Signals(np.zeros(random.shape), random)
    assert not signals.paired
    assert signals.shadows(3).tolist() == [True, True, True, False, True, True, True, True]
    ours = Signals(np.zeros((40, 5)), inclusion(40, range(5), seed=0))  # the last has no partner
    assert ours.shadows(2).tolist() == [True, True, False, False, True]
    assert ours.shadows(4).tolist() == [True, True, True, True, False]


def test_confidence_is_the_logit_of_the_probability_of_the_true_class():
    random = torch.Generator().manual_seed(0)
    Z = 3 * torch.randn(50, 4, generator=random, dtype=torch.float64)
    codes = torch.randint(4, (50,), generator=random)
    p = Z.softmax(1)[torch.arange(50), codes]
    torch.testing.assert_close(logit_confidence(Z, torch.eye(4, dtype=torch.float64)[codes]), torch.logit(p))
    y = (codes > 1).double()[:, None]
    p = torch.where(y > 0, Z[:, :1].sigmoid(), 1 - Z[:, :1].sigmoid())[:, 0]
    torch.testing.assert_close(logit_confidence(Z[:, :1], y), torch.logit(p))


def test_confidence_does_not_saturate():
    Z, Y = torch.tensor([[900.0, 0.0, -5.0]], dtype=torch.float64), torch.eye(3, dtype=torch.float64)[:1]
    np.testing.assert_allclose(float(logit_confidence(Z, Y)), 900 - np.log1p(np.exp(-5)), rtol=1e-15)


def test_margin_and_closeness_are_their_definitions():
    Z, Y = torch.tensor([[0.7, 0.4, -0.2]]), torch.tensor([[0.0, 1.0, 0.0]])
    assert float(margin(Z, Y)) == pytest.approx(0.4 - 0.7)
    assert margin(torch.tensor([[1.3], [1.3]]), torch.tensor([[1.0], [0.0]])).tolist() == pytest.approx([1.6, -1.6])
    assert closeness(torch.tensor([[1.0], [4.0]]), torch.tensor([[2.0], [2.0]]), 2.0).tolist() == [-0.5, -1.0]


def test_the_likelihood_of_a_squared_loss_is_that_of_normal_errors():
    losses = np.array([0.0, 1e-9, 0.02, 3.0, 900.0])
    s = likelihood(losses, 0.5)
    np.testing.assert_allclose(-np.logaddexp(0, -s)[1:], -losses[1:] / 0.5, rtol=1e-12)  # log p
    assert np.isfinite(s).all() and (np.diff(s) < 0).all()
