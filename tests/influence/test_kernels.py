"""Kernels of networks against Jacobians taken by autograd, one output of one example at a time."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

from fil_core.errors import BadRequest
from fil_core.influence import jacobians, layers
from fil_core.influence import kernels as module_of_kernels
from fil_core.influence.jacobians import outputs
from fil_core.influence.kernels import DerivativesTooLarge, free_memory, kernels
from fil_core.influence.ways import Way

CLOSE = 1e-12  # relative to the largest entry: sums of at most 1e4 products in another order


class Scaled(nn.Linear):
    """A linear layer that multiplies its input."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.scale = 1 / math.sqrt(inputs)

    def forward(self, x):
        return F.linear(self.scale * x, self.weight, self.bias)


class Image(nn.Module):
    """Rows to images."""

    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(len(x), *self.shape)


class Residual(nn.Module):
    """A block of a residual network, with in-place activations and additions as torchvision has them."""

    def __init__(self, c, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.down = nn.Sequential(nn.Conv2d(c, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += self.down(x)
        return self.relu(out)


def mlp(depth, activation, k, layer=nn.Linear):
    widths = [6, *[9] * depth]
    hidden = [one for a, b in itertools.pairwise(widths) for one in (layer(a, b), activation())]
    return nn.Sequential(*hidden, layer(widths[-1], k))


def cnn(k=2):
    return nn.Sequential(
        Image(2, 9, 8),
        nn.Conv2d(2, 4, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(4, 3, (3, 2), padding=(2, 1), dilation=(2, 1), bias=False),
        nn.Tanh(),
        nn.Conv2d(3, 3, (2, 3), padding="same"),
        nn.GELU(),
        nn.Conv2d(3, 5, 2, padding="valid"),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, k),
    )


def residual(k=2):
    net = nn.Sequential(
        Image(2, 9, 8),
        nn.Conv2d(2, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        Residual(4, 4, 1),
        Residual(4, 6, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, k),
    )
    for one in net.modules():
        if isinstance(one, nn.BatchNorm2d):
            for moment, least in ((one.running_mean, -1.0), (one.running_var, 0.5), (one.weight, 0.5), (one.bias, -1)):
                nn.init.uniform_(moment, least, least + 2)
    return net


def frozen(net, *names):
    for name, one in net.named_parameters():
        one.requires_grad_(name not in names)
    return net


def built(build, *args, seed=0, **options):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build(*args, **options).double().eval()


def data(n, d, seed=1):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def jacobian(net, X):
    """(n k, p), one row at a time."""
    trained, rows = [one for one in net.parameters() if one.requires_grad], []
    for x in X:
        for value in net(x[None].clone())[0]:
            found = torch.autograd.grad(value, trained, retain_graph=True, allow_unused=True)
            pairs = zip(trained, found, strict=True)
            rows.append(torch.cat([(torch.zeros_like(w) if g is None else g).flatten() for w, g in pairs]))
    return torch.stack(rows)


def check_close(one, other, close=CLOSE):
    torch.testing.assert_close(one, other, rtol=0, atol=close * float(other.abs().max()))


def check(net, X, X_val, expected, close=CLOSE, **options):
    J, J_val = jacobian(net, X), jacobian(net, X_val)
    found = kernels(net, X, X_val, **options)
    assert (found.mode, found.parameters) == (expected, J.shape[1])
    assert found.train.dtype == found.cross.dtype == torch.float64
    assert torch.equal(found.train, found.train.T)
    check_close(found.train, J @ J.T, close)
    check_close(found.cross, J_val @ J.T, close)
    return found


# --- by layer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [nn.Linear, Scaled])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU, nn.GELU])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_mlp(depth, activation, k, layer):
    found = check(built(mlp, depth, activation, k, layer), data(11, 6), data(4, 6, seed=2), "by layer")
    assert found.coordinates == found.parameters
    eigenvalues = torch.linalg.eigvalsh(found.train)
    assert eigenvalues[0] > -CLOSE * eigenvalues[-1]


@pytest.mark.parametrize("form", ["the cheaper", "_derivatives", "_positions"])
@pytest.mark.parametrize("build", [cnn, residual])
def test_convolutions(build, form, monkeypatch):
    """Each form of a convolution's derivatives, whichever would be the cheaper one."""
    chosen, used = layers._form, set()

    def choose(layer, y, n, k):
        found = chosen(layer, y, n, k)
        if isinstance(layer, nn.Conv2d) and form != "the cheaper":
            found = getattr(layers, form)
        used.add(found.__name__)
        return found

    monkeypatch.setattr(layers, "_form", choose)
    check(built(build), data(7, 144), data(3, 144, seed=2), "by layer")
    assert {"_positions", "_derivatives" if form == "the cheaper" else form} <= used  # the linear layer has positions


def test_the_cheaper_form_of_a_convolution():
    """By counts of multiply-adds: one position is cheap by itself, and many are not."""
    layer, many = nn.Conv2d(512, 512, 3), torch.zeros(1, 512, 1, 1)
    assert layers._form(layer, many, 1000, 1) is layers._positions
    layer, many = nn.Conv2d(1, 32, 3), torch.zeros(1, 32, 28, 28)
    assert layers._form(layer, many, 1000, 1) is layers._derivatives


@pytest.mark.parametrize(
    "net",
    [
        lambda: frozen(mlp(2, nn.Tanh, 2), "0.weight", "2.bias"),
        lambda: frozen(mlp(2, nn.Tanh, 2), "0.weight", "0.bias", "4.weight"),
        lambda: frozen(cnn(), "1.weight", "5.bias", "10.weight"),
        lambda: frozen(residual(), "1.weight", "2.weight", "4.bn1.bias", "4.bn2.weight", "4.bn2.bias", "8.bias"),
    ],
)
def test_frozen_parameters_take_no_part(net):
    net = built(net)
    d = 6 if isinstance(net[0], nn.Linear) else 144
    check(net, data(5, d), data(2, d, seed=2), "by layer")


def test_a_layer_that_is_not_used_takes_no_part():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(6, 2), nn.Linear(6, 2)

        def forward(self, x):
            self.idle(x)
            return self.used(x)

    check(built(Idle), data(5, 6), data(2, 6, seed=2), "by layer")


def test_no_validation_examples():
    found = kernels(built(mlp, 1, nn.Tanh, 2), data(5, 6), data(0, 6))
    assert found.cross.shape == (0, 10)


def test_single_precision():
    """The kernel of the same weights in float64 to single rounding, in sums that float64 holds."""
    net, X = built(mlp, 2, nn.Tanh, 2), data(30, 6)
    exact = kernels(net, X, X[:3])
    found = kernels(net.float(), X.float(), X[:3].float())
    assert (found.mode, found.train.dtype) == ("by layer", torch.float64)
    check_close(found.train, exact.train, 1e-6)
    check_close(found.cross, exact.cross, 1e-6)


# --- whatever is not by layer ---------------------------------------------------------------------------------------


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.again, self.last = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 2)

    def forward(self, x):
        return self.last(torch.tanh(self.again(torch.tanh(self.again(self.first(x))))))


class Custom(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.factor = nn.Linear(6, 2), nn.Parameter(torch.rand(2))

    def forward(self, x):
        return self.factor * torch.tanh(self.layer(x))


class Functional(nn.Module):
    """Uses its weight a second time, outside of the layer."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(6, 6)

    def forward(self, x):
        return F.linear(torch.tanh(self.layer(x)), self.layer.weight.T)


class Cubed(nn.Linear):
    """A linear layer by name alone."""

    def forward(self, x):
        return F.linear(x, self.weight**3, self.bias)


class Doubled(nn.Linear):
    """Gives more outputs than its weight has."""

    def forward(self, x):
        return torch.cat([super().forward(x), super().forward(2 * x)], 1)


class Enlarged(nn.Conv2d):
    """Pads by more than it says."""

    def forward(self, x):
        return super().forward(F.pad(x, [1, 1, 1, 1]))


class Tokens(nn.Module):
    """Linear layers over tokens."""

    def __init__(self):
        super().__init__()
        self.layer, self.last = nn.Linear(2, 3), nn.Linear(9, 2)

    def forward(self, x):
        return self.last(torch.tanh(self.layer(x.reshape(-1, 3, 2))).flatten(1))


def tied():
    net = mlp(2, nn.Tanh, 9)
    net[4].weight = net[2].weight
    return net


def grouped():
    return nn.Sequential(Image(2, 3, 1), nn.Conv2d(2, 4, (2, 1), groups=2), nn.Flatten(), nn.Linear(8, 2))


OTHERS = {
    "a layer used twice": Shared,
    "one weight in two layers": tied,
    "a parameter of its own": Custom,
    "layer normalisation": lambda: nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 2)),
    "a weight used outside": Functional,
    "another forward": lambda: nn.Sequential(Cubed(6, 4), nn.Tanh(), nn.Linear(4, 2)),
    "more outputs": lambda: nn.Sequential(Doubled(6, 4), nn.Tanh(), nn.Linear(8, 2)),
    "more positions": lambda: nn.Sequential(Image(2, 3, 1), Enlarged(2, 2, (2, 1)), nn.Flatten(), nn.Linear(24, 2)),
    "tokens": Tokens,
    "groups": grouped,
    "weight normalisation": lambda: parametrizations.weight_norm(nn.Linear(6, 2)),
    "circular padding": lambda: nn.Sequential(
        Image(2, 3, 1), nn.Conv2d(2, 2, (3, 1), padding=(1, 0), padding_mode="circular"), nn.Flatten(), nn.Linear(6, 2)
    ),
}


@pytest.mark.parametrize("memory", [None, 2**16])  # at once, and block by block
@pytest.mark.parametrize("name", OTHERS)
def test_other_networks_go_by_jacobians(name, memory):
    check(built(OTHERS[name]), data(9, 6), data(4, 6, seed=2), "jacobian", memory=memory)


def test_a_use_that_only_some_examples_have_is_seen():
    """A layer that is called again after the examples by which the network was examined."""

    class Sometimes(Shared):
        def forward(self, x):
            h = self.again(torch.tanh(self.first(x)))
            return self.last(self.again(h) if len(x) > 8 else h)

    # For one example by itself it is used once, and that is what the network is.
    net = built(Sometimes)
    check(net, data(12, 6), data(4, 6, seed=2), "jacobian")


# --- memory ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [lambda: mlp(2, nn.Tanh, 3), cnn, residual, Shared])
def test_results_do_not_depend_on_memory(build):
    net = built(build)
    d = 144 if isinstance(net, nn.Sequential) and isinstance(net[0], Image) else 6
    X, X_val, seen = data(23, d), data(9, d, seed=2), set()
    whole = kernels(net, X, X_val)
    with pytest.raises(BadRequest, match="memory"):
        kernels(net, X, X_val, memory=100)
    for memory in (2**power for power in range(12, 23)):
        totals = []
        try:
            found = kernels(net, X, X_val, memory=memory, progress=lambda *told, to=totals: to.append(told))
        except BadRequest:
            continue  # not even one example fits
        assert [done for done, *_ in totals] == list(range(totals[0][1]))
        seen.add(len(totals))
        assert torch.equal(found.train, found.train.T)
        check_close(found.train, whole.train)
        check_close(found.cross, whole.cross)
    assert max(seen) > 8 and len(seen) > 1  # blocks of a few examples, and more passes than blocks


def test_memory_that_is_taken_stays_below_what_is_allowed(monkeypatch):
    """No block's Jacobian is larger than its quarter, though all together are larger than what is allowed."""
    net, X, allowed, sizes = built(Shared), data(40, 6), 2**15, []
    derivatives = jacobians.Jacobians.derivatives

    def watched(self, X):
        found = derivatives(self, X)
        sizes.append(sum(one.numel() * one.element_size() for one in found))
        return found

    monkeypatch.setattr(jacobians.Jacobians, "derivatives", watched)
    kernels(net, X, X[:5], memory=allowed)
    assert max(sizes) < allowed / 4 and sum(sizes) > allowed and len(sizes) > 20


@pytest.mark.parametrize("held", [1e2, 1e5, 1e7])
@pytest.mark.parametrize("work", [1e3, 1e6])
@pytest.mark.parametrize("k", [1, 10])
def test_blocks_fit(held, work, k):
    """What is held, and the work on one block more, fit together; the largest blocks fit nearly."""
    way = Way("jacobian", list, 1, 1, held, work, {})
    for memory in (2 * held + work, 10 * (held + work), 1e9):
        rows, at_once = module_of_kernels._blocks(way, k, memory, torch.device("cpu"))
        assert rows * (at_once * held + held + work) <= memory < rows * ((at_once + 1) * held + held + work)
        assert rows == 1 or 2 * 8 * (rows * k) ** 2 <= memory / 4


def test_what_does_not_fit_is_refused(monkeypatch):
    net, X = built(Shared), data(20, 6)
    with pytest.raises(BadRequest, match="memory: .*one example"):
        kernels(net, X, X, memory=1000)
    wide = built(mlp, 1, nn.Tanh, 1)
    wide = nn.Sequential(nn.Linear(6, 3000), nn.LayerNorm(3000), nn.Linear(3000, 1)).double()
    with pytest.raises(DerivativesTooLarge, match=r"Take kernel subsampled \("):
        kernels(wide, X, X, memory=1_300_000)
    assert kernels(wide, X, X, memory=1_300_000, mode="subsampled").mode == "subsampled"
    monkeypatch.setattr(module_of_kernels, "free_memory", lambda device: 10_000)
    with pytest.raises(BadRequest, match="at most 10 training"):
        kernels(net, X, X)  # 8 x 40 x 80 bytes, and there is room for 7,500: a factor of 3.4, its root 1.85


def test_there_is_memory():
    assert free_memory(torch.device("cpu")) > 2**20


# --- at random ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["subsampled", "projected"])
def test_small_networks_are_exact_at_random_too(mode):
    found = check(built(mlp, 1, nn.Tanh, 2), data(9, 6), data(3, 6, seed=2), mode, mode=mode, seed=3)
    assert found.coordinates == found.parameters


@pytest.mark.parametrize(("mode", "module_limit"), [("subsampled", "COORDINATES"), ("projected", "BUCKETS")])
def test_unbiased(mode, module_limit, monkeypatch):
    """The mean over seeds is within five standard errors in every entry, and the spread what the formula says."""
    monkeypatch.setattr(jacobians, module_limit, 20)
    net, X, X_val = built(mlp, 2, nn.Tanh, 1), data(5, 6), data(3, 6, seed=2)
    J, J_val = jacobian(net, X), jacobian(net, X_val)
    some = [kernels(net, X, X_val, mode=mode, seed=seed) for seed in range(400)]
    assert all(one.mode == mode for one in some)
    drawn = torch.stack([torch.cat([one.train, one.cross]) for one in some])
    rows = torch.cat([J, J_val])
    error = drawn.std(0) / math.sqrt(len(drawn))
    assert ((drawn.mean(0) - rows @ J.T).abs() < 5 * error).all()
    assert len({float(one.train[0, 1]) for one in some}) == 400
    if mode == "subsampled":
        sizes = [one.numel() for one in net.parameters()]
        assert {one.coordinates for one in some} == {sum(min(size, 20) for size in sizes)}
    else:
        assert {one.coordinates for one in some} == {20}
        squares = (rows**2).sum(1)[:, None] * (J**2).sum(1) + (rows @ J.T) ** 2 - 2 * rows**2 @ (J**2).T
        # A variance of 400 draws is known to 7 %, heavy tails aside, and the worst of 40 entries to three or four times
        # that; parameters of one run never share a bucket, which takes a little off.
        assert ((drawn.var(0) / (squares / 20) - 1).abs() < 0.35).all()


@pytest.mark.parametrize("mode", ["subsampled", "projected"])
def test_seeds_and_blocks_at_random(mode, monkeypatch):
    monkeypatch.setattr(jacobians, "COORDINATES", 20)
    monkeypatch.setattr(jacobians, "BUCKETS", 60)
    net, X = built(Shared), data(23, 6)
    one, again, other = (kernels(net, X, X[:4], mode=mode, seed=seed) for seed in (5, 5, 6))
    assert torch.equal(one.train, again.train) and not torch.allclose(one.train, other.train)
    small = kernels(net, X, X[:4], mode=mode, seed=5, memory=2**16)
    check_close(small.train, one.train)
    check_close(small.cross, one.cross)
    state = torch.random.get_rng_state()
    kernels(net, X, X[:4], mode=mode, seed=5)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("mode", ["subsampled", "projected"])
@pytest.mark.parametrize("build", [lambda: frozen(mlp(3, nn.Tanh, 2), "2.weight"), cnn, residual])
def test_the_same_draws_by_layer_and_by_jacobians(build, mode, monkeypatch):
    """Both ways take the parameters in one order, so that a seed draws the same coordinates."""
    monkeypatch.setattr(jacobians, "COORDINATES", 10)
    monkeypatch.setattr(jacobians, "BUCKETS", 30)
    net = built(build)
    X = data(7, 144 if isinstance(net[0], Image) else 6)
    one = kernels(net, X, X[:2], mode=mode)

    def refuse(*arguments):
        raise layers.NotByLayer

    monkeypatch.setattr(module_of_kernels, "by_layer", refuse)
    other = kernels(net, X, X[:2], mode=mode)
    check_close(other.train, one.train)
    check_close(other.cross, one.cross)


# --- what stays as it was -------------------------------------------------------------------------------------------


class Broken(nn.Module):
    def forward(self, x):
        raise ArithmeticError


@pytest.mark.parametrize("mode", ["exact", "projected"])
def test_nothing_is_left_behind(mode):
    net = built(cnn).train()
    net.insert(0, nn.Hardtanh(inplace=True))
    net[3].eval()
    X, X_val = data(6, 144), data(2, 144, seed=2)
    before, weights = (X.clone(), X_val.clone()), [one.detach().clone() for one in net.parameters()]
    with torch.no_grad():
        kernels(net, X, X_val, mode=mode)
    assert torch.equal(X, before[0]) and torch.equal(X_val, before[1])
    assert all(map(torch.equal, weights, net.parameters())) and all(one.grad is None for one in net.parameters())
    assert [one.training for one in net] == [True, True, True, False] + [True] * (len(net) - 4)
    assert not any(one._forward_hooks for one in net.modules())


def test_nothing_is_left_behind_after_an_error():
    net = nn.Sequential(nn.Linear(6, 2), Broken()).double()
    layer = layers.ByLayer(net, 4)
    with pytest.raises(ArithmeticError):
        layer.parts(data(4, 6))
    assert not net[0]._forward_hooks
    with pytest.raises(ArithmeticError):
        kernels(net, data(4, 6), data(2, 6))
    assert net.training

    def stop(done, total, what):
        if done:
            raise KeyboardInterrupt

    whole = built(mlp, 1, nn.Tanh, 2).train()
    with pytest.raises(KeyboardInterrupt):
        kernels(whole, data(4, 6), data(2, 6), progress=stop)
    assert whole.training and not any(one._forward_hooks for one in whole.modules())


def test_outputs():
    net, X = built(residual).train(), data(7, 144)
    before = X.clone()
    found = outputs(net, X, 3)
    assert net.training and not found.requires_grad and torch.equal(X, before)
    check_close(found, net.eval()(X.clone()).detach())


# --- what is refused ------------------------------------------------------------------------------------------------


def test_refusals():
    X = data(9, 6)
    net = built(mlp, 1, nn.Tanh, 2)
    with pytest.raises(BadRequest, match="mode: expected"):
        kernels(net, X, X, mode="some")
    with pytest.raises(BadRequest, match="parameters"):
        kernels(frozen(net, *[name for name, _ in net.named_parameters()]), X, X)
    with pytest.raises(BadRequest, match=r"\(n, k\)"):
        kernels(nn.Sequential(nn.Linear(6, 1), nn.Flatten(0)).double(), X, X)
    batch = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3, track_running_stats=False)).double()
    with pytest.raises(BadRequest, match="depend on the others"):
        kernels(batch, X, X)


def test_what_vmap_cannot_do_is_refused():
    class Branch(Custom):
        def forward(self, x):
            return super().forward(x) if x.sum() > 0 else -super().forward(x)

    with pytest.raises(BadRequest, match=r"torch\.func\.vmap"):
        kernels(built(Branch).double(), data(9, 6)[:1], data(2, 6))


# --- on a GPU -------------------------------------------------------------------------------------------------------


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("mode", ["exact", "subsampled", "projected"])
@pytest.mark.parametrize("build", [lambda: mlp(2, nn.ReLU, 3), cnn, residual, Shared])
def test_a_gpu_gives_the_same(build, mode):
    """In float64 to rounding; what is random is drawn on the CPU, so that a seed means the same on both."""
    net = built(build)
    X = data(40, 144 if isinstance(net, nn.Sequential) and isinstance(net[0], Image) else 6)
    here = kernels(net, X, X[:7], mode=mode)
    there = kernels(net.cuda(), X.cuda(), X[:7].cuda(), mode=mode)
    assert there.train.is_cuda and there.mode == here.mode
    check_close(there.train.cpu(), here.train, 1e-10)
    check_close(there.cross.cpu(), here.cross, 1e-10)
