"""TracIn against gradients one by one, against Captum, and against what it says of a step of descent."""

from __future__ import annotations

import copy

import pytest
import torch
from captum.influence import TracInCP
from torch import nn
from torch.func import functional_call
from torch.utils.data import TensorDataset

from fil_core.errors import BadRequest
from fil_core.influence import point
from fil_core.influence.tracin import Checkpoint, tracin
from fil_core.models.networks.losses import squared, tokens
from fil_core.models.networks.training import trainable

N, M, D, K = 17, 6, 4, 3


def mlp(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(D, 5), nn.Tanh(), nn.Linear(5, K)).double()


def examples(seed=0):
    random = torch.Generator().manual_seed(seed)
    shapes = (N, D), (N, K), (M, D), (M, K)
    return tuple(torch.randn(shape, generator=random, dtype=torch.float64) for shape in shapes)


CHECKPOINTS = [Checkpoint(trainable(mlp(1)), 0.5), Checkpoint(trainable(mlp(2)), 0.125)]


def each_target(module, losses, checkpoints, X, Y, X_t, Y_t):
    """(n, m), target by target."""
    columns = [tracin(module, losses, checkpoints, X, Y, (x[None], y[None])) for x, y in zip(X_t, Y_t, strict=True)]
    return torch.stack([one.influence for one in columns], 1)


def self_influence(module, losses, checkpoints, X, Y):
    return tracin(module, losses, checkpoints, X, Y, None).self_influence


def gradients(module, weights, X, Y, losses=squared):
    """(n, p), example by example, by reverse mode."""
    rows = []
    for x, y in zip(X, Y, strict=True):
        at = {name: value.clone().requires_grad_() for name, value in weights.items()}
        loss = losses(functional_call(module, at, (x[None],)), y[None]).sum()
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(at.values()))]))
    return torch.stack(rows)


@pytest.mark.parametrize("room", [None, 1, 3000])  # all at once, one by one, a few
def test_it_is_the_sum_of_inner_products(room, monkeypatch):
    if room:
        monkeypatch.setitem(point._BYTES, "cpu", room)
    module, (X, Y, X_t, Y_t) = mlp(0), examples()
    expected, own = torch.zeros(N, M, dtype=X.dtype), torch.zeros(N, dtype=X.dtype)
    for one in CHECKPOINTS:
        G, G_t = gradients(module, one.weights, X, Y), gradients(module, one.weights, X_t, Y_t)
        expected += one.lr * G @ G_t.T
        own += one.lr * G.square().sum(1)
    arguments = (module, squared, CHECKPOINTS, X, Y)
    # The same sums in another order.
    torch.testing.assert_close(each_target(*arguments, X_t, Y_t), expected, rtol=1e-12, atol=1e-13)
    mean = tracin(*arguments, (X_t, Y_t))
    torch.testing.assert_close(mean.influence, expected.mean(1), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(mean.self_influence, own, rtol=1e-12, atol=1e-13)
    assert tracin(*arguments, (X_t, Y_t), alone=False).self_influence is None
    torch.testing.assert_close(self_influence(*arguments), own, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(each_target(*arguments, X, Y).diagonal(), own, rtol=1e-12, atol=1e-13)


def test_it_is_that_of_captum():
    module, (X, Y, X_t, Y_t) = mlp(0), examples()

    def load(network, which):
        network.load_state_dict(CHECKPOINTS[int(which)].weights)
        return CHECKPOINTS[int(which)].lr

    theirs = TracInCP(copy.deepcopy(module), TensorDataset(X, Y), ["0", "1"], load, loss_fn=squared, batch_size=5)
    arguments = (module, squared, CHECKPOINTS, X, Y)
    # Both in float64; 1e-8 leaves room for any order of the sums, and for no wrong factor.
    torch.testing.assert_close(each_target(*arguments, X_t, Y_t), theirs.influence((X_t, Y_t)).T, rtol=1e-8, atol=1e-10)
    torch.testing.assert_close(self_influence(*arguments), theirs.self_influence(), rtol=1e-8, atol=1e-10)


def test_positive_means_that_leaving_it_out_raises_the_loss():
    """A step of descent without an example, finite differences of the real thing: n (loss without - loss with)."""
    module, (X, Y, X_t, Y_t) = mlp(0), examples()
    start, lr = CHECKPOINTS[0].weights, 1e-5
    names = list(start)

    def after(w):
        at = {name: value.clone().requires_grad_() for name, value in start.items()}
        loss = (w * squared(functional_call(module, at, (X,)), Y)).sum() / N
        slopes = torch.autograd.grad(loss, [at[name] for name in names])
        moved = {name: start[name] - lr * slope for name, slope in zip(names, slopes, strict=True)}
        return squared(functional_call(module, moved, (X_t,)), Y_t)

    everyone = torch.ones(N, dtype=X.dtype)
    changes = torch.stack([after(everyone - one) - after(everyone) for one in torch.eye(N, dtype=X.dtype)])
    said = each_target(module, squared, [Checkpoint(start, lr)], X, Y, X_t, Y_t) / N
    # Exact to first order in the step.
    torch.testing.assert_close(said, changes, rtol=0, atol=1e-3 * float(changes.abs().max()))


def test_frozen_weights_do_not_count():
    module, (X, Y, X_t, Y_t) = mlp(0), examples()
    module[0].requires_grad_(False)
    one = Checkpoint(trainable(module), 1.0)
    assert list(one.weights) == ["2.weight", "2.bias"]
    expected = gradients(module, one.weights, X, Y) @ gradients(module, one.weights, X_t, Y_t).T
    torch.testing.assert_close(each_target(module, squared, [one], X, Y, X_t, Y_t), expected, rtol=1e-12, atol=1e-13)


def test_sequences_are_the_sums_of_their_tokens():
    class Codes(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Embedding(7, 5 * 7).double()

        def forward(self, X):
            return self.layer(X.long()[:, 0]).view(-1, 5, 7)

    module, random = Codes(), torch.Generator().manual_seed(0)
    X = torch.randint(7, (N, 1), generator=random).double()
    Y = torch.randint(-1, 7, (N, 5), generator=random).double()
    one = Checkpoint(trainable(module), 2.0)
    G = gradients(module, one.weights, X, Y, tokens)
    found = each_target(module, tokens, [one], X, Y, X[:M], Y[:M])
    torch.testing.assert_close(found, 2 * G @ G[:M].T, rtol=1e-12, atol=1e-13)
    parts = tracin(module, tokens, [one], X, Y, (X[:M], Y[:M]), by_token=True)
    assert torch.equal(parts.tokens.isnan(), Y < 0)
    torch.testing.assert_close(parts.tokens.nansum(1), found.mean(1), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("itself", [True, False])
def test_no_checkpoint_is_refused(itself):
    X, Y, X_t, Y_t = examples()
    with pytest.raises(BadRequest, match="checkpoints: expected at least one"):
        tracin(mlp(0), squared, [], X, Y, None if itself else (X_t, Y_t))
