"""Training of real networks: against descent written out, with and without examples, in the span of the inputs."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from fil_core.errors import BadRequest
from fil_core.models.networks.span import input_span
from fil_core.models.networks.training import (
    activation_bytes,
    largest_eigenvalue,
    outputs_at,
    retrain,
    run,
    squared_distances,
    trainable,
)

# Sums in another order: a few units in the last place for each of some dozens of steps.
CLOSE = 1e-12
LR, L2, STEPS = 0.1, 0.05, 30


@pytest.fixture(params=[(20, 40), (20, 5)], ids=["more features than examples", "fewer"])
def case(request):
    n, d = request.param
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(d, 16), nn.Tanh(), nn.Linear(16, 2)).double()
    return net, torch.randn(n, d, dtype=torch.float64), torch.rand(n, 2, dtype=torch.float64)


def written_out(net, X, Y, w, l2=L2):
    """Descent as its definition has it; returns the weights and the loss before each step."""
    net, start, losses = copy.deepcopy(net), trainable(net), []
    for _ in range(STEPS):
        loss = ((net(X) - Y).square().sum(1) * w).sum() / 2
        decay = sum((value - start[name]).square().sum() for name, value in net.named_parameters())
        losses.append(float(loss.detach()))
        slopes = torch.autograd.grad(loss + l2 / 2 * decay, list(net.parameters()))
        with torch.no_grad():
            for value, slope in zip(net.parameters(), slopes, strict=True):
                value -= LR * slope
    return trainable(net), losses


def close(one, other):
    return all((one[name] - other[name]).abs().max() <= CLOSE for name in other)


def test_a_watched_run_is_descent(case):
    net, X, Y = case
    before = trainable(net)
    done = run(net, X, Y, lr=LR, l2=L2, steps=STEPS)
    weights, losses = written_out(net, X, Y, torch.full((len(X),), 1 / len(X), dtype=torch.float64))
    assert close(done.weights, weights) and close(trainable(net), before)
    assert done.losses[:-1].tolist() == pytest.approx(losses, rel=1e-12)
    decay = sum(float((done.weights[name] - before[name]).square().sum()) for name in before)
    assert float(done.objective[-1] - done.losses[-1]) == pytest.approx(L2 / 2 * decay, rel=1e-9)
    assert done.checkpoints[0] == 0 and done.checkpoints[-1] == STEPS and len(done.losses) == STEPS + 1


@pytest.mark.parametrize("l2", [0.0, L2])
def test_many_runs_at_once_are_each_the_one_without_its_examples(case, l2, monkeypatch):
    net, X, Y = case
    w = torch.full((5, len(X)), 1 / (len(X) - 1), dtype=torch.float64)
    w[torch.arange(5), torch.arange(5)] = 0.0
    w[4] = 0.0
    w[4, :7] = 1 / 7
    found = retrain(net, X, Y, w, lr=LR, l2=l2, steps=STEPS)
    for b in range(5):
        kept = w[b] > 0
        weights, _ = written_out(net, X[kept], Y[kept], w[b][kept], l2)
        assert close({name: value[b] for name, value in found.items()}, weights)
    monkeypatch.setattr("fil_core.models.networks.gradients._CPU_BYTES", 1)
    assert close(retrain(net, X, Y, w, lr=LR, l2=l2, steps=STEPS), found)


def test_distances_and_outputs_are_those_of_the_weights(case):
    net, X, Y = case
    w = torch.full((2, len(X)), 1 / len(X), dtype=torch.float64)
    w[1, 3] = 0.0
    found, start = retrain(net, X, Y, w, lr=LR, l2=0.0, steps=3), trainable(net)
    flat = [torch.cat([value[b].flatten() for value in found.values()]) for b in (0, 1)]
    origin = torch.cat([value.flatten() for value in start.values()])
    expected = [float((one - origin).square().sum()) for one in flat]
    assert squared_distances(found, start).tolist() == pytest.approx(expected)
    torch.testing.assert_close(outputs_at(net, start, X, most=3), outputs_at(net, start, X), rtol=CLOSE, atol=CLOSE)
    torch.testing.assert_close(outputs_at(net, start, X), net(X).detach())


def test_the_largest_eigenvalue_is_that_of_the_hessian(case):
    net, X, Y = case
    start = trainable(net)
    names, sizes = list(start), [value.numel() for value in start.values()]

    def loss(weights):
        return (torch.func.functional_call(net, weights, (X,)) - Y).square().sum(1).mean() / 2

    def of_flat(flat):
        return loss({n: p.view_as(start[n]) for n, p in zip(names, flat.split(sizes), strict=True)})

    H = torch.autograd.functional.hessian(of_flat, torch.cat([value.flatten() for value in start.values()]))
    exact = float(torch.linalg.eigvalsh(H)[-1])
    # It stops once the value has settled to 1e-4, from below.
    assert largest_eigenvalue(torch.func.grad(loss), start) == pytest.approx(exact, rel=1e-3)
    done = run(net, X, Y, lr=LR, l2=L2, steps=2)
    assert done.curvature[0] == pytest.approx(exact + L2, rel=1e-3)


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU])
def test_a_large_decay_makes_no_eigenvalues_that_are_none(activation):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(5, 4), activation(), nn.Linear(4, 4), activation(), nn.Linear(4, 1)).double()
    X, Y = torch.randn(12, 5, dtype=torch.float64), torch.rand(12, 1, dtype=torch.float64).round()
    done = run(net, X, Y, lr=0.1, l2=0.5, steps=50)
    names = list(done.weights)
    sizes = [value.numel() for value in done.weights.values()]

    def loss(flat):
        at = {n: p.view_as(done.weights[n]) for n, p in zip(names, flat.split(sizes), strict=True)}
        return (torch.func.functional_call(net, at, (X,)) - Y).square().sum(1).mean() / 2

    H = torch.autograd.functional.hessian(loss, torch.cat([value.flatten() for value in done.weights.values()]))
    assert done.curvature[-1] == pytest.approx(float(torch.linalg.eigvalsh(H)[-1]) + 0.5, rel=1e-3)


def test_the_span_of_the_inputs_is_used_only_behind_a_linear_layer(case):
    net, X, _ = case
    span = input_span(net, trainable(net), X)
    assert (span.basis is not None) == (X.shape[1] > len(X))
    back = span.expanded(span.reduced(trainable(net)))
    assert close(back, trainable(net))
    behind = nn.Sequential(nn.Tanh(), *net)
    assert input_span(behind, trainable(behind), X).basis is None
    assert input_span(nn.Linear(X.shape[1], 1).double(), {}, X).basis is None


def test_copies_among_the_inputs_do_not_matter():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(30, 4), nn.ReLU(), nn.Linear(4, 1)).double()
    X, Y = torch.randn(6, 30, dtype=torch.float64), torch.rand(6, 1, dtype=torch.float64)
    X[3:] = X[:3]  # a span of three directions
    weights, _ = written_out(net, X, Y, torch.full((6,), 1 / 6, dtype=torch.float64))
    assert close(run(net, X, Y, lr=LR, l2=L2, steps=STEPS).weights, weights)


def test_frozen_weights_stay():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).double()
    net[0].weight.requires_grad_(False)
    X, Y = torch.randn(6, 3, dtype=torch.float64), torch.rand(6, 1, dtype=torch.float64)
    assert set(run(net, X, Y, lr=LR, l2=0.0, steps=2).weights) == {"0.bias", "2.weight", "2.bias"}


def test_a_run_that_diverges_is_stopped(case):
    _, X, Y = case
    linear = nn.Sequential(nn.Linear(X.shape[1], 2)).double()
    with pytest.raises(BadRequest, match="lr: expected a step with which the loss stays finite; with 1e\\+06"):
        run(linear, X, Y, lr=1e6, l2=0.0, steps=500)


def test_what_layers_put_out_is_counted():
    net = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1)).double()
    assert activation_bytes(net, torch.zeros(1, 3, dtype=torch.float64)) == 8 * (5 + 5 + 1)
    assert not net[0]._forward_hooks


def test_a_start_without_a_finite_loss_is_not_blamed_on_the_step(case):
    net, X, Y = case
    huge = copy.deepcopy(net)
    with torch.no_grad():
        huge[2].weight.fill_(1e200)
    with pytest.raises(BadRequest, match="initial: expected weights with which the loss is finite"):
        run(huge, X, Y, lr=LR, l2=0.0, steps=3)
