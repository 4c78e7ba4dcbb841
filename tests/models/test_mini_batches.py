"""Training on mini-batches and in parts: against a plain loop with PyTorch's optimiser."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from fil_core.errors import BadRequest
from fil_core.influence.metagradient import Training, metagradient
from fil_core.models.networks import gradients, training
from fil_core.models.networks.gradients import Sums
from fil_core.models.networks.losses import squared, tokens
from fil_core.models.networks.order import batches
from fil_core.models.networks.recurrent import LanguageModel
from fil_core.models.networks.training import largest_eigenvalue, retrain, run, trainable

# The same sums in another order, over some dozens of steps.
CLOSE = 1e-12
LR, L2, STEPS, BATCH = 0.1, 0.05, 25, 4


def rows(n=10, T=6, V=7):
    generator = torch.Generator().manual_seed(2)
    codes = torch.randint(V, (n, T), generator=generator).double()
    lengths = torch.randint(2, T + 1, (n,), generator=generator)
    return torch.where(torch.arange(T) < lengths[:, None], codes, -1.0)


@pytest.fixture(params=["text", "features"])
def case(request):
    torch.manual_seed(0)
    if request.param == "text":
        X = rows()
        return LanguageModel(7, 3, 5, 2).double(), X, X, tokens
    net = nn.Sequential(nn.Linear(40, 6), nn.Tanh(), nn.Linear(6, 2)).double()  # inputs by their span
    return net, torch.randn(10, 40, dtype=torch.float64), torch.rand(10, 2, dtype=torch.float64), squared


def by_optimiser(case, order, weights=None):
    """SGD as PyTorch has it; returns the weights and each batch's mean loss before its step."""
    net, X, Y, losses = case
    net, seen = copy.deepcopy(net), []
    start = trainable(net)
    sgd = torch.optim.SGD(net.parameters(), lr=LR)
    w = torch.ones(len(X), dtype=torch.float64) if weights is None else weights * len(X)
    for batch in order:
        sgd.zero_grad()
        loss = (losses(net(X[batch]), Y[batch]) * w[batch]).sum() / len(batch)
        decay = sum((value - start[name]).square().sum() for name, value in net.named_parameters())
        (loss + L2 / 2 * decay).backward()
        seen.append(float(loss.detach()))
        sgd.step()
    return trainable(net), seen


def close(one, other):
    return all((one[name] - other[name]).abs().max() <= CLOSE for name in other)


def test_an_epoch_is_every_example_once():
    order = batches(10, 4, 9, seed=3)
    assert [len(batch) for batch in order] == [4, 4, 2] * 3
    epochs = [torch.cat(order[i : i + 3]) for i in (0, 3, 6)]
    assert all(sorted(epoch.tolist()) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch.tolist()) for epoch in epochs}) == 3
    assert all(map(torch.equal, order[:5], batches(10, 4, 5, seed=3)))
    assert not torch.equal(order[0], batches(10, 4, 1, seed=4)[0])
    assert [len(batch) for batch in batches(5, 5, 2, seed=0)] == [5, 5] and batches(5, 2, 0, seed=0) == []


def test_a_run_is_stochastic_descent_in_that_order(case):
    net, X, Y, losses = case
    order = batches(len(X), BATCH, STEPS, seed=1)
    done = run(net, X, Y, lr=LR, l2=L2, steps=STEPS, losses=losses, order=order)
    weights, seen = by_optimiser(case, order)
    assert close(done.weights, weights)
    assert done.losses.tolist() == pytest.approx(seen, rel=1e-12) and len(done.objective) == STEPS
    assert done.checkpoints[0] == 0 and done.checkpoints[-1] == STEPS and done.curved == len(X)
    with torch.no_grad():
        ends = [float(losses(torch.func.functional_call(net, at, (X,)), Y).mean()) for at in (trainable(net), weights)]
    assert done.at_checkpoints[[0, -1]].tolist() == pytest.approx(ends, rel=1e-12)
    again = run(net, X, Y, lr=LR, l2=L2, steps=STEPS, losses=losses, order=order)
    assert all(torch.equal(again.weights[name], value) for name, value in done.weights.items())


def test_retraining_takes_the_same_order_with_weights(case):
    net, X, Y, losses = case
    order = batches(len(X), BATCH, STEPS, seed=1)
    w = torch.full((3, len(X)), 1 / len(X), dtype=torch.float64)
    w[1, 3] = 0.0
    w[2, :5] = 0.02
    found = retrain(net, X, Y, w, lr=LR, l2=L2, steps=STEPS, losses=losses, order=order)
    for b in range(3):
        weights, _ = by_optimiser(case, order, w[b])
        assert close({name: value[b] for name, value in found.items()}, weights)
    full = run(net, X, Y, lr=LR, l2=L2, steps=STEPS, losses=losses, order=order).weights
    assert close({name: value[0] for name, value in found.items()}, full)


def test_a_metagradient_unrolls_the_same_run(case):
    net, X, Y, losses = case
    order = batches(len(X), BATCH, STEPS, seed=1)
    span_free = Training(net, X, Y, losses, LR, L2, STEPS, order)

    def target(weights):
        return losses(torch.func.functional_call(net, weights, (X[:1],)), Y[:1])[0]

    found = metagradient(span_free, lambda at: {n: g[None] for n, g in torch.func.grad(target)(at).items()})[:, 0]
    h, i = 1e-4, 3
    w = torch.full((2, len(X)), 1 / len(X), dtype=torch.float64)
    w[0, i] *= 1 + h
    w[1, i] *= 1 - h
    ends = retrain(net, X, Y, w, lr=LR, l2=L2, steps=STEPS, losses=losses, order=order)
    up, down = (float(target({name: value[b] for name, value in ends.items()})) for b in (0, 1))
    # Minus the derivative in the weight; central differences err by h^2 and by rounding / h.
    assert float(found[i]) == pytest.approx(-(up - down) / (2 * h), rel=1e-5, abs=1e-9)


def test_a_step_in_parts_is_the_whole_step(case, monkeypatch):
    net, X, Y, losses = case
    w = torch.rand(2, len(X), dtype=torch.float64)
    start = trainable(net)
    whole, parts = (Sums(net, losses, size) for size in (len(X), 3))
    slopes, value = whole.gradient(start, X, Y, w[0])
    in_parts, same = parts.gradient(start, X, Y, w[0])
    assert close(in_parts, slopes) and float(same) == pytest.approx(float(value), rel=1e-12)
    assert float(parts.value(start, X, Y, w[0])) == pytest.approx(float(value), rel=1e-12)
    stacked = {name: value.expand(2, *value.shape) for name, value in start.items()}
    many = parts.gradients(stacked, X, Y, w)
    assert close({name: slope[0] for name, slope in many.items()}, slopes)
    at_once = run(net, X, Y, lr=LR, l2=L2, steps=STEPS, losses=losses)
    monkeypatch.setattr(gradients, "_STEP_BYTES", 1)
    assert gradients.rows_at_once(net, X) == 1
    one_by_one = run(net, X, Y, lr=LR, l2=L2, steps=STEPS, losses=losses)
    assert close(one_by_one.weights, at_once.weights)
    assert one_by_one.losses.tolist() == pytest.approx(at_once.losses.tolist(), rel=1e-12)


def test_the_curvature_of_many_outputs_is_measured_on_a_stated_sample(case, monkeypatch):
    net, X, Y, losses = case
    each = net(X[:1]).numel()
    monkeypatch.setattr(training, "_CURVED", 10 * each - 1)
    monkeypatch.setattr(training, "_SAMPLE", 5 * each)
    done = run(net, X, Y, lr=LR, l2=L2, steps=STEPS, losses=losses)
    assert done.curved == 5 and len(done.curvature) == len(done.checkpoints) <= 7
    sample = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))[:5]

    def mean(at):
        return losses(torch.func.functional_call(net, at, (X[sample],)), Y[sample]).mean()

    expected = largest_eigenvalue(torch.func.grad(mean), trainable(net)) + L2
    assert done.curvature[0] == pytest.approx(expected, rel=1e-3)  # in the span's coordinates: another start


def test_progress_says_the_mean_loss_since_it_last_did(case):
    net, X, Y, losses = case
    told = []
    done = run(
        net, X, Y, lr=LR, l2=0.0, steps=300, losses=losses, order=batches(len(X), BATCH, 300, seed=0),
        says=lambda loss: f"{loss:.9f}", progress=lambda *said: told.append(said),
    )  # fmt: skip
    assert [said[:2] for said in told] == [(step, 300) for step in range(3, 301, 3)]
    last = float(done.losses[-3:].mean())
    assert told[-1][2] == f"step 300: {last:.9f}"


def test_stochastic_descent_that_diverges_is_stopped(case):
    _, X, Y, _ = case
    net = nn.Sequential(nn.Linear(X.shape[1], Y.shape[1])).double()
    with pytest.raises(BadRequest, match="lr: expected a step with which the loss stays finite"):
        run(net, X, Y, lr=1e6, l2=0.0, steps=500, order=batches(len(X), BATCH, 500, seed=0))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine")
def test_a_card_takes_the_same_steps(case):
    net, X, Y, losses = case
    order = batches(len(X), BATCH, STEPS, seed=1)
    here = run(net, X, Y, lr=LR, l2=L2, steps=STEPS, losses=losses, order=order)
    there = run(copy.deepcopy(net).cuda(), X.cuda(), Y.cuda(), lr=LR, l2=L2, steps=STEPS, losses=losses, order=order)
    for name, value in here.weights.items():
        torch.testing.assert_close(there.weights[name].cpu(), value, rtol=0.0, atol=1e-10)  # other sums in each step
