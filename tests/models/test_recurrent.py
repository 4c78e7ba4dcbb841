"""The recurrent language model against PyTorch's LSTM, and under every transformation that measures need."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, hessian, jacrev, jvp, vjp, vmap

from fil_core.errors import BadRequest
from fil_core.models.networks import network
from fil_core.models.networks.losses import of_tokens, tokens
from fil_core.models.networks.recurrent import LanguageModel
from fil_core.models.networks.training import trainable
from fil_core.specs import NetworkSpec
from fil_core.specs.networks import NETWORKS, Shape

# The same sums in another order.
CLOSE = {"rtol": 0.0, "atol": 1e-12}
V, H = 7, 5


def model(embedding=3, layers=1, *, tied=False, seed=0):
    torch.manual_seed(seed)
    return LanguageModel(V, embedding, H, layers, tied=tied).double()


def sequences(n=6, T=8, seed=1):
    """Codes padded with -1; every row has at least two tokens, the first one all."""
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(V, (n, T), generator=generator).double()
    lengths = torch.randint(2, T + 1, (n,), generator=generator)
    lengths[0] = T
    return torch.where(torch.arange(T) < lengths[:, None], codes, -1.0)


def loss(net, X):
    return lambda weights: tokens(functional_call(net, weights, (X,)), X).mean()


@pytest.mark.parametrize("layers", [1, 2])
def test_it_is_pytorchs_lstm_whose_biases_are_added(layers):
    net, X = model(layers=layers), sequences()
    theirs = nn.LSTM(3, H, layers, batch_first=True).double()
    with torch.no_grad():
        for i, cell in enumerate(net.cells):
            getattr(theirs, f"weight_ih_l{i}").copy_(cell.input.weight)
            getattr(theirs, f"weight_hh_l{i}").copy_(cell.recurrent.weight)
            split = torch.rand_like(cell.input.bias)
            getattr(theirs, f"bias_ih_l{i}").copy_(split)
            getattr(theirs, f"bias_hh_l{i}").copy_(cell.input.bias - split)
        embedded = net.embedding.weight[X[:, :-1].long().clamp_min(0)]
        inputs = torch.cat([torch.zeros(len(X), 1, 3, dtype=torch.float64), embedded], 1)
        expected = net.output(theirs(inputs)[0])
        torch.testing.assert_close(net(X), expected, **CLOSE)


def test_its_weights_start_as_pytorchs_do():
    torch.manual_seed(0)
    net = LanguageModel(400, 30, 100, 1)
    for weight in net.cells[0].state_dict().values():
        assert float(weight.abs().max()) == pytest.approx(0.1, rel=0.02)  # 1/sqrt(100), nearly reached by 400 draws
    assert float(net.state_dict()["embedding.weight"].std()) == pytest.approx(1.0, rel=0.03)  # of 12,000 draws: 0.0065
    tied = LanguageModel(400, 100, 100, 1, tied=True).state_dict()
    assert float(tied["embedding.weight"].std()) == pytest.approx(0.1, rel=0.03) and not tied["output.bias"].any()


def test_a_position_sees_the_tokens_before_it_alone():
    net, X = model(), sequences()
    other = X.clone()
    other[0, 4] = (X[0, 4] + 1) % V
    with torch.no_grad():
        one, two = net(X), net(other)
    assert torch.equal(one[0, :5], two[0, :5]) and torch.equal(one[1:], two[1:])
    assert not torch.allclose(one[0, 5], two[0, 5])


def test_neither_padding_nor_other_rows_change_a_loss():
    net, X = model(layers=2), sequences()
    padded = torch.cat([X, torch.full((len(X), 3), -1.0, dtype=torch.float64)], 1)
    with torch.no_grad():
        losses = tokens(net(X), X)
        torch.testing.assert_close(tokens(net(padded), padded), losses, **CLOSE)
        for x, own in zip(X, losses, strict=True):
            short = x[x >= 0][None]
            torch.testing.assert_close(tokens(net(short), short)[0], own, **CLOSE)
            by_hand = -net(short)[0].log_softmax(-1)[range(short.shape[1]), short[0].long()].sum()
            torch.testing.assert_close(own, by_hand, **CLOSE)
        assert not of_tokens(net(X), X)[X < 0].any()


def test_padding_has_no_gradient():
    net, X = model(), sequences()
    padded = torch.cat([X, torch.full((len(X), 3), -1.0, dtype=torch.float64)], 1)
    one, other = (grad(loss(net, x))(trainable(net)) for x in (X, padded))
    for name, slope in one.items():
        torch.testing.assert_close(other[name], slope, **CLOSE)


@pytest.mark.parametrize("tied", [False, True])
def test_many_networks_at_once_are_each_by_itself(tied):
    nets = [model(H, 2, tied=tied, seed=seed) for seed in range(3)]
    X, start = sequences(), [trainable(net) for net in nets]
    stacked = {name: torch.stack([weights[name] for weights in start]) for name in start[0]}
    value = loss(nets[0], X)
    slopes = vmap(grad(value))(stacked)
    for b, weights in enumerate(start):
        torch.testing.assert_close(vmap(value)(stacked)[b], value(weights), **CLOSE)
        for name, slope in grad(value)(weights).items():
            torch.testing.assert_close(slopes[name][b], slope, **CLOSE)


@pytest.mark.parametrize(("layers", "tied"), [(1, False), (2, False), (1, True)])
def test_derivatives_are_those_of_differences(layers, tied):
    net, X = model(H if tied else 3, layers, tied=tied), sequences()
    start, value = trainable(net), loss(net, X)
    generator = torch.Generator().manual_seed(3)
    d, e = (
        {name: torch.randn(each.shape, generator=generator, dtype=torch.float64) for name, each in start.items()}
        for _ in range(2)
    )

    def moved(step, along):
        return {name: each + step * along[name] for name, each in start.items()}

    def inner(one, other):
        return sum(float((one[name] * other[name]).sum()) for name in one)

    h = 1e-5  # central differences err by h^2 and by rounding / h, 1e-10 each
    slope = (value(moved(h, d)) - value(moved(-h, d))) / (2 * h)
    torch.testing.assert_close(jvp(value, (start,), (d,))[1], slope, rtol=1e-7, atol=1e-8)
    assert inner(vjp(value, start)[1](torch.tensor(1.0, dtype=torch.float64))[0], d) == pytest.approx(
        float(slope), rel=1e-7
    )
    ahead, behind = (grad(value)(moved(step, d)) for step in (h, -h))
    along = inner({name: (ahead[name] - behind[name]) / (2 * h) for name in ahead}, e)
    forward = jvp(grad(value), (start,), (d,))[1]
    backward = vjp(grad(value), start)[1](d)[0]
    assert inner(forward, e) == pytest.approx(along, rel=1e-6)
    assert inner(backward, e) == pytest.approx(along, rel=1e-6)


def test_its_hessian_is_symmetric_and_that_of_products():
    net, X = model(), sequences(3, 4)
    start, value = trainable(net), loss(net, X)
    H_ee = hessian(lambda weight: value(start | {"embedding.weight": weight}))(start["embedding.weight"]).reshape(
        21, 21
    )
    torch.testing.assert_close(H_ee, H_ee.T, **CLOSE)
    unit = {name: torch.zeros_like(each) for name, each in start.items()}
    unit["embedding.weight"][2, 1] = 1.0
    product = jvp(grad(value), (start,), (unit,))[1]["embedding.weight"].flatten()
    torch.testing.assert_close(product, H_ee[:, 7], **CLOSE)


def test_jacobians_of_every_loss_are_gradients():
    net, X = model(), sequences(4)
    start = trainable(net)
    J = jacrev(lambda weights: tokens(functional_call(net, weights, (X,)), X))(start)
    by_vmap = vmap(grad(lambda at, x: tokens(functional_call(net, at, (x[None],)), x[None])[0]), (None, 0))(start, X)
    for i in range(len(X)):
        slopes = grad(loss(net, X[i : i + 1]))(start)
        for name in start:
            torch.testing.assert_close(J[name][i], slopes[name], **CLOSE)
            torch.testing.assert_close(by_vmap[name][i], slopes[name], **CLOSE)


def test_a_tied_network_has_one_matrix_for_both_ends():
    net, X = model(H, tied=True), sequences()
    assert "output.weight" not in net.state_dict() and net.output.bias.shape == (V,)
    slopes = grad(loss(net, X))(trainable(net))
    untied = model(H)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            untied.state_dict()[name].copy_(value)
        untied.output.weight.copy_(net.embedding.weight)
        torch.testing.assert_close(untied(X), net(X), **CLOSE)
    apart = grad(loss(untied, X))(trainable(untied))
    torch.testing.assert_close(slopes["embedding.weight"], apart["embedding.weight"] + apart["output.weight"], **CLOSE)


@pytest.mark.parametrize("spec", [
    NetworkSpec(kind="lstm", embedding=3, width=5),
    NetworkSpec(kind="lstm", embedding=4, width=4, depth=2, tied=True),
    NetworkSpec(kind="lstm", embedding=2, width=6, depth=2, precision="float32"),
])  # fmt: skip
def test_a_spec_builds_it_and_knows_its_size(spec):
    net = network(spec, Shape(9, 11))
    count = sum(value.numel() for value in net.parameters())
    assert spec.family.parameters(spec, 9, 11) == count
    looked_up = 0 if spec.tied else net.embedding.weight.numel()  # and not multiplied with
    assert spec.family.operations(spec, 9, 11) == 9 * (count - looked_up)
    with torch.no_grad():
        logits = net(torch.zeros(2, 9, dtype=getattr(torch, spec.precision)))
    assert logits.shape == (2, 9, 11) and logits.dtype == getattr(torch, spec.precision)


def test_a_seed_is_one_start():
    spec = NetworkSpec(kind="lstm", width=4, embedding=4)
    one, same, other = (network(s, Shape(5, 6)) for s in (spec, spec, dataclasses.replace(spec, init_seed=1)))
    assert all(torch.equal(one.state_dict()[name], value) for name, value in same.state_dict().items())
    assert not torch.equal(one.embedding.weight, other.embedding.weight)
    assert float(one.state_dict()["output.weight"].abs().max()) <= 1 / math.sqrt(4)


def test_sizes_that_no_network_has_are_refused():
    with pytest.raises(BadRequest, match="depth: expected at most 2 layers of lstm; got 3"):
        NetworkSpec(kind="lstm", depth=3)
    with pytest.raises(BadRequest, match="tied: expected an embedding as wide .* got embedding 16 and width 256"):
        NetworkSpec(kind="lstm", tied=True)
    assert NetworkSpec(kind="mlp", depth=3, tied=True) == NetworkSpec(kind="mlp", depth=3)  # it has no part there


def test_its_words_are_its_own_options():
    spec = NetworkSpec(kind="lstm", width=8, depth=2, embedding=8, tied=True)
    assert spec.text == "lstm 2 × 8, embedding 8, tied"
    assert NetworkSpec(width=8).text == "mlp 1 × 8, relu" and NetworkSpec(kind="linear").text == "linear"
    assert NETWORKS["lstm"].needs_text and not NETWORKS["mlp"].needs_text
