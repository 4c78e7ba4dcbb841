"""Networks trained together on their own halves: the same as one after the other, with what is read off on the way."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call

from fil_core.errors import BadRequest
from fil_core.models.networks.build import network
from fil_core.models.networks.ensemble import Course, loss_ranges, outputs_of_all, train
from fil_core.models.networks.losses import cross_entropy, squared
from fil_core.models.networks.norms import gradient_norms
from fil_core.models.networks.order import batches
from fil_core.models.networks.training import trainable
from fil_core.specs import NetworkSpec
from fil_core.specs.networks import Shape

EXACT = dict(rtol=1e-9, atol=1e-11)  # sums in another order, over some hundred steps


def problem(kind: str = "mlp", n: int = 23, d: int = 9, k: int = 3, **fields):
    """Modules of four members at their own starts, inputs, one-hot targets and halves."""
    spec = NetworkSpec(kind=kind, **({"width": 7} if kind == "mlp" else {}) | fields)
    image = (int(d**0.5),) * 2 if kind == "cnn" else None
    modules = [network(dataclasses.replace(spec, init_seed=seed), Shape(d, k, image)) for seed in range(4)]
    random = torch.Generator().manual_seed(5)
    X = torch.randn(n, d, generator=random, dtype=torch.float64)
    Y = torch.eye(k, dtype=torch.float64)[torch.randint(k, (n,), generator=random)]
    rows = torch.stack([torch.randperm(n, generator=random)[: n // 2].sort().values for _ in modules])
    starts = [trainable(module) for module in modules]
    return modules, {name: torch.stack([one[name] for one in starts]) for name in starts[0]}, X, Y, rows


def one_by_one(module: nn.Module, X, Y, rows, course: Course, losses, seed: int) -> dict:
    """The same training with an optimiser of PyTorch."""
    start = trainable(module)
    h = len(rows)
    order = batches(h, course.batch, course.steps, seed) if course.batch else [torch.arange(h)] * course.steps
    descent = torch.optim.SGD(module.parameters(), lr=course.lr)
    for step, at in enumerate(order):
        descent.param_groups[0]["lr"] = course.rate(step)
        descent.zero_grad()
        seen = rows[at]
        loss = losses(module(X[seen]), Y[seen]).mean()
        loss = loss + course.l2 / 2 * sum((p - start[name]).square().sum() for name, p in module.named_parameters())
        loss.backward()
        descent.step()
    return trainable(module)


@pytest.mark.parametrize(
    ("fields", "course", "losses"),
    [
        ({}, Course(0.3, 40, batch=4), cross_entropy),
        ({"depth": 2, "activation": "gelu"}, Course(0.2, 30, l2=0.1), squared),
        ({"scaling": "ntk", "no_bias": True}, Course(0.2, 30, batch=5, drops=True), cross_entropy),
        ({"d": 60}, Course(0.1, 30, batch=3, l2=0.01), squared),  # more features than examples: in their span
        ({"kind": "linear"}, Course(0.3, 25, batch=100), cross_entropy),  # larger than a half
        ({"kind": "cnn", "d": 16, "n": 9}, Course(0.1, 4, batch=2), cross_entropy),
    ],
)
def test_networks_trained_together_are_those_trained_one_by_one(fields, course, losses):
    modules, starts, X, Y, rows = problem(**fields)
    seeds = [11, 12, 13, 14]
    done = train(modules[0], starts, X, Y, rows, course, losses=losses, seeds=seeds)
    outputs = outputs_of_all(modules[0], done.weights, X)
    for b, module in enumerate(modules):
        alone = one_by_one(module, X, Y, rows[b], course, losses, seeds[b])
        for name, value in alone.items():
            torch.testing.assert_close(done.weights[name][b], value, **EXACT)
        torch.testing.assert_close(outputs[b], functional_call(modules[0], alone, (X,)).detach(), **EXACT)


def test_a_group_of_networks_does_not_depend_on_how_many_fit(monkeypatch):
    modules, starts, X, Y, rows = problem()
    course = Course(0.3, 20, batch=4)
    whole = train(modules[0], starts, X, Y, rows, course, losses=cross_entropy, seeds=[1, 2, 3, 4])
    monkeypatch.setattr("fil_core.models.networks.ensemble.networks_at_once", lambda *_: 3)
    parts = train(modules[0], starts, X, Y, rows, course, losses=cross_entropy, seeds=[1, 2, 3, 4])
    for name, value in whole.weights.items():
        torch.testing.assert_close(parts.weights[name], value, **EXACT)
    np.testing.assert_allclose(parts.traces, whole.traces, **EXACT)


def test_traces_are_the_losses_that_the_steps_saw():
    modules, starts, X, Y, rows = problem(n=8)  # halves of four, two steps an epoch
    course = Course(0.5, 6, batch=2)
    done = train(modules[0], starts, X, Y, rows, course, losses=cross_entropy, seeds=[3, 4, 5, 6])
    assert done.traces.shape == (4, 3, 8)
    for b in range(4):
        inside = torch.isfinite(done.traces[b]).all(0)
        assert inside.nonzero()[:, 0].tolist() == rows[b].tolist()
        first = rows[b][batches(4, 2, 6, seed=3 + b)[0]]  # seen before any step was taken
        at_start = cross_entropy(functional_call(modules[b], {}, (X[first],)), Y[first]).detach()
        torch.testing.assert_close(done.traces[b, 0, first], at_start, **EXACT)


def test_ranges_of_traces_are_quantiles_of_what_is_known():
    random = np.random.default_rng(0)
    traces = random.gamma(1.0, size=(3, 11, 5))
    traces[0, :4, 2] = np.nan
    traces[1, :, 3] = np.nan
    found = loss_ranges(torch.from_numpy(traces)).numpy()
    for b in range(3):
        for i in range(5):
            known = traces[b, ~np.isnan(traces[b, :, i]), i]
            wanted = np.subtract(*np.quantile(known, [0.75, 0.25])) if len(known) else np.nan
            np.testing.assert_allclose(found[b, i], wanted, rtol=1e-12)


def test_a_long_training_keeps_some_losses_of_each_part():
    modules, starts, X, Y, rows = problem(n=6)
    done = train(modules[0], starts, X, Y, rows, Course(0.01, 1000), losses=squared, seeds=[0, 0, 0, 0])
    assert 32 < done.traces.shape[1] <= 64
    assert (torch.isfinite(done.traces).all(1).sum(1) == 3).all()


def test_networks_that_diverge_are_counted():
    modules, starts, X, Y, rows = problem()
    with pytest.raises(BadRequest, match="4 of 4"):
        train(modules[0], starts, X, Y, rows, Course(1e6, 50), losses=squared, seeds=[0, 0, 0, 0])


@pytest.mark.parametrize("losses", [squared, cross_entropy])
@pytest.mark.parametrize(
    "fields", [{"depth": 2}, {"scaling": "ntk"}, {"no_bias": True}, {"kind": "cnn", "d": 16, "n": 5}]
)
def test_norms_of_gradients_are_those_of_backpropagation(fields, losses):
    modules, _, X, Y, _ = problem(**fields)
    module = modules[1]
    found = gradient_norms(module, trainable(module), X, Y, losses)
    for i in range(len(X)):
        module.zero_grad()
        losses(module(X[i : i + 1]), Y[i : i + 1]).sum().backward()
        norm = torch.stack([p.grad.square().sum() for p in module.parameters()]).sum().sqrt()
        torch.testing.assert_close(found[i], norm, rtol=1e-10, atol=1e-12)


def test_cross_entropy_is_that_of_pytorch():
    outputs = torch.tensor([[2.0], [-800.0], [0.5]], dtype=torch.float64)
    y = torch.tensor([[1.0], [1.0], [0.0]], dtype=torch.float64)
    wanted = nn.functional.binary_cross_entropy_with_logits(outputs, y, reduction="none")[:, 0]
    torch.testing.assert_close(cross_entropy(outputs, y), wanted)
    many, codes = torch.randn(6, 4, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 0, 1])
    wanted = nn.functional.cross_entropy(many, codes, reduction="none")
    torch.testing.assert_close(cross_entropy(many, torch.eye(4, dtype=torch.float64)[codes]), wanted)
