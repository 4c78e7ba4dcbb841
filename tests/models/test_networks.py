"""Networks: their starts, shapes and sizes, what is refused, and that one example is apart from the others."""

from __future__ import annotations

import dataclasses
import math
import threading

import numpy as np
import pytest
import torch
import torchvision
from scipy import special
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.engine import Engine
from fil_core.errors import BadData, BadRequest
from fil_core.models.networks import ScaledLinear, build, network, recurrent
from fil_core.models.networks.layers import Erf, Pictures
from fil_core.specs import NETWORKS, DataSpec, NetworkSpec
from fil_core.specs.networks import Shape, register_network

TABLE = Shape(features=7, outputs=3)
GREY = Shape(features=784, outputs=3, image=(28, 28))
COLOUR = Shape(features=32 * 32 * 3, outputs=3, image=(32, 32, 3))
SMALL = Shape(features=64, outputs=3, image=(8, 8))
ODD = Shape(features=20 * 33, outputs=3, image=(20, 33))
LARGE = Shape(features=45 * 61, outputs=3, image=(45, 61))
ROUND_OFF = 1e-12  # relative to the largest: sums in float64 of up to 2,048 terms, in another order


def square(side: int, channels: int) -> Shape:
    image = (side, side) if channels == 1 else (side, side, channels)
    return Shape(features=side * side * channels, outputs=3, image=image)


def spec(kind: str = "mlp", **more) -> NetworkSpec:
    return NetworkSpec(kind=kind, **({"width": 11} if kind == "mlp" else {}) | more)


def inputs(shape: Shape, n: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, shape.features, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def arrays(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.numpy(force=True).copy() for name, value in module.state_dict().items()}


@pytest.fixture
def registered():
    """Registers networks for one test."""
    names = []

    def register(build, name: str = "mine") -> NetworkSpec:
        register_network(name, build, parameters=10, operations=10)
        names.append(name)
        return NetworkSpec(kind=name)

    yield register
    for name in names:
        del NETWORKS[name]


# --- all families ---------------------------------------------------------------------------------------------------

CASES = [
    ("linear", TABLE), ("mlp", TABLE), ("linear", GREY), ("mlp", SMALL),
    *[("cnn", shape) for shape in (GREY, COLOUR, SMALL, ODD, LARGE)],
    *[("resnet18", shape) for shape in (GREY, COLOUR, SMALL, ODD)],
]  # fmt: skip


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_shapes_precision_and_independence(kind, shape, outputs):
    shape = dataclasses.replace(shape, outputs=outputs)
    module, X = network(spec(kind), shape), inputs(shape)
    assert not module.training
    assert all(weight.requires_grad and weight.dtype == torch.float64 for weight in module.parameters())
    with torch.no_grad():
        together, alone = module(X), torch.cat([module(x[None]) for x in X])
    assert together.shape == (5, outputs) and together.dtype == torch.float64
    torch.testing.assert_close(together, alone, rtol=0, atol=ROUND_OFF * max(1.0, float(together.abs().max())))


@pytest.mark.parametrize(("kind", "shape"), [("mlp", TABLE), ("cnn", SMALL), ("resnet18", SMALL)])
def test_a_seed_is_one_start_in_either_precision_and_another_seed_another_one(kind, shape):
    first, same, single, other = (
        arrays(network(spec(kind, **more), shape))
        for more in ({"init_seed": 4}, {"init_seed": 4}, {"init_seed": 4, "precision": "float32"}, {"init_seed": 5})
    )
    for name in first:
        assert np.array_equal(first[name], same[name])
        assert np.array_equal(first[name].astype(np.float32), single[name])
        assert np.array_equal(first[name], single[name])  # drawn in float32, so that float64 holds the same numbers
    assert any(not np.array_equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(("kind", "shape"), [("linear", TABLE), ("mlp", TABLE), ("cnn", SMALL), ("resnet18", SMALL)])
def test_random_numbers_of_the_process_go_on_as_if_nothing_was_drawn(kind, shape):
    torch.manual_seed(1)
    wanted = torch.rand(4)
    torch.manual_seed(1)
    network(spec(kind), shape)
    assert torch.equal(torch.rand(4), wanted)


def test_the_generators_of_gpus_are_left_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU was seeded"))
    network(spec(), TABLE)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
@pytest.mark.parametrize(("kind", "shape"), [("linear", TABLE), ("mlp", TABLE), ("cnn", SMALL), ("resnet18", COLOUR)])
def test_a_network_on_a_gpu_is_that_on_the_cpu(kind, shape):
    here, there = network(spec(kind), shape), network(spec(kind), shape, device="cuda")
    assert {weight.device.type for weight in there.state_dict().values()} == {"cuda"}
    for name, value in here.state_dict().items():
        assert torch.equal(there.state_dict()[name].cpu(), value)
    with torch.no_grad():
        wanted, got = here(inputs(shape)), there(inputs(shape).cuda()).cpu()
    torch.testing.assert_close(got, wanted, rtol=0, atol=ROUND_OFF * max(1.0, float(wanted.abs().max())))


def test_networks_that_several_threads_build_are_those_of_one():
    """Layers draw from one generator: without a lock, threads that alternate in it mix their numbers."""
    wanted = {seed: arrays(network(spec(width=300, depth=4, init_seed=seed), TABLE)) for seed in range(4)}
    found: dict[int, list] = {seed: [] for seed in wanted}

    def draw(seed: int) -> None:
        for _ in range(5):
            found[seed].append(arrays(network(spec(width=300, depth=4, init_seed=seed), TABLE)))

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(each) for each in found.values()] == [5, 5, 5, 5]
    for seed, each in found.items():
        assert all(np.array_equal(one[name], wanted[seed][name]) for one in each for name in one)


@pytest.mark.parametrize(
    ("kind", "shape", "scaling"),
    [("mlp", TABLE, "standard"), ("mlp", TABLE, "ntk"), ("cnn", SMALL, "standard"), ("resnet18", SMALL, "standard")],
)
def test_stacked_networks_are_the_single_ones(kind, shape, scaling):
    modules = [network(spec(kind, init_seed=seed, scaling=scaling), shape) for seed in (0, 1)]
    weights, buffers = stack_module_state(modules)
    X = inputs(shape)
    together = vmap(lambda w, b: functional_call(modules[0], (w, b), (X,)))(weights, buffers)
    for module, outputs in zip(modules, together, strict=True):
        torch.testing.assert_close(
            outputs, module(X), rtol=ROUND_OFF, atol=ROUND_OFF * float(outputs.detach().abs().max())
        )
    assert not torch.allclose(together[0], together[1])


@pytest.mark.parametrize(
    ("kind", "shape", "exact"),
    [
        ("linear", TABLE, True),
        ("mlp", TABLE, True),
        ("cnn", GREY, True),
        ("cnn", COLOUR, True),
        *(("cnn", square(side, channels), True) for side in (8, 40, 48, 56, 64) for channels in (1, 3)),
        ("resnet18", GREY, False),
    ],
)
@pytest.mark.parametrize("outputs", [1, 10])
def test_sizes_are_what_the_families_say(kind, shape, exact, outputs):
    asked = spec(kind, depth=2)
    counted = sum(weight.numel() for weight in network(asked, dataclasses.replace(shape, outputs=outputs)).parameters())
    said = NETWORKS[kind].parameters(asked, shape.features, outputs)
    assert said == counted if exact else counted * 0.98 <= said <= counted * 2  # estimates of memory; rounded up


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (28, 1), (28, 3), (64, 1), (64, 3)])
def test_the_small_convolutional_network_takes_about_the_work_that_its_family_says(side, channels):
    """Multiply-adds by each layer's weights and the positions at which they are used; the area alone is scaled."""
    shape, done = square(side, channels), []
    module = network(spec("cnn"), shape)

    def count(layer, _, out):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            done.append(layer.weight.numel() * (out[0, 0].numel() if out.ndim == 4 else 1))

    for layer in module.modules():
        layer.register_forward_hook(count)
    module(inputs(shape, 1))
    assert len(done) == 6
    said = NETWORKS["cnn"].operations(spec("cnn"), shape.features, shape.outputs)
    assert said == pytest.approx(sum(done), rel=0.6)  # an estimate: seconds, from many such numbers


# --- linear and fully connected -------------------------------------------------------------------------------------


def test_linear_starts_at_zero():
    module = network(spec("linear"), TABLE)
    assert {name: value.shape for name, value in module.state_dict().items()} == {"0.weight": (3, 7), "0.bias": (3,)}
    assert not any(weight.any() for weight in module.parameters())
    assert not module(inputs(TABLE)).any()


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_the_standard_start_is_that_of_pytorch_to_the_bit(depth, seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first = [nn.Linear(7, 11), nn.ReLU()]
        inner = [layer for _ in range(depth - 1) for layer in (nn.Linear(11, 11), nn.ReLU())]
        theirs = nn.Sequential(*first, *inner, nn.Linear(11, 3))
    ours = network(spec(depth=depth, init_seed=seed, precision="float32"), TABLE)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value)
    X = inputs(TABLE).float()
    assert torch.equal(ours(X), theirs(X))


ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0),
    "erf": special.erf,
    "gelu": lambda z: z * special.ndtr(z),
    "tanh": np.tanh,
}


@pytest.mark.parametrize("scaling", ["standard", "ntk"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_outputs_are_those_of_the_formula(activation, scaling):
    module = network(spec(depth=2, activation=activation, scaling=scaling), TABLE)
    w, h = arrays(module), inputs(TABLE).numpy()
    gain = {0: 1.0, 2: math.sqrt(2), 4: math.sqrt(2)} if activation == "relu" else {0: 1.0, 2: 1.0, 4: 1.0}
    for i in (0, 2, 4):
        h = ACTIVATIONS[activation](h) if i else h
        scale = gain[i] / math.sqrt(h.shape[1]) if scaling == "ntk" else 1.0
        h = scale * h @ w[f"{i}.weight"].T + w[f"{i}.bias"]
    np.testing.assert_allclose(module(inputs(TABLE)).detach().numpy(), h, rtol=1e-11, atol=1e-12)


def test_values_of_the_error_function():
    z = torch.tensor([-1.0, 0.0, 0.5, 2.0], dtype=torch.float64)
    # Abramowitz and Stegun, Table 7.1
    wanted = torch.tensor([-0.8427007929, 0.0, 0.5204998778, 0.9953222650], dtype=torch.float64)
    torch.testing.assert_close(Erf()(z), wanted, rtol=0, atol=1e-10)  # the digits of the table


def test_layers_of_the_tangent_kernel_start_from_unit_normals():
    module = network(spec(depth=2, width=400, scaling="ntk"), TABLE)
    layers = [layer for layer in module if isinstance(layer, ScaledLinear)]
    assert [layer.scale for layer in layers] == pytest.approx([1 / math.sqrt(7), *[math.sqrt(2 / 400)] * 2], rel=1e-15)
    assert all(isinstance(layer, nn.Linear) and type(layer.scale) is float for layer in layers)
    middle = layers[1].weight.detach()
    # of 160,000 normals: five standard errors of the mean and of the variance
    assert abs(float(middle.mean())) < 5 / 400
    assert abs(float(middle.var()) - 1) < 5 * math.sqrt(2) / 400
    assert not any(layer.bias.any() for layer in layers)
    assert [network(spec(scaling="ntk", activation=name), TABLE)[2].scale for name in ("erf", "gelu", "tanh")] == (
        pytest.approx([1 / math.sqrt(11)] * 3, rel=1e-15)
    )


@pytest.mark.parametrize(
    ("activation", "depth", "wanted"),
    [
        ("relu", 1, 1.0),
        ("relu", 3, 1.0),
        ("erf", 1, 2 / math.pi * math.asin(2 / 3)),  # the mean square of erf(z), z ~ N(0, 1): Williams 1997
    ],
)
@pytest.mark.parametrize("width", [64, 1024])
def test_the_mean_square_of_the_outputs_does_not_depend_on_the_width(activation, depth, width, wanted):
    outputs = 4096
    shape = Shape(features=16, outputs=outputs)
    x = inputs(shape, 1)
    x *= math.sqrt(16) / x.norm()
    asked = NetworkSpec(width=width, depth=depth, activation=activation, scaling="ntk")
    modules = [network(dataclasses.replace(asked, init_seed=seed), shape) for seed in range(12)]
    squares = [float(module(x).detach().square().mean()) for module in modules]
    # A layer of m units spreads the mean square by sqrt(5/m) of it for ReLU, and by less for erf.
    error = math.sqrt(depth * 5 / width / len(squares) + 2 / outputs / len(squares))
    assert np.mean(squares) == pytest.approx(wanted, rel=4 * error)


# --- pictures -------------------------------------------------------------------------------------------------------


def test_grey_pictures_get_a_margin_of_zeros_on_all_sides():
    rows = inputs(SMALL, 2)
    made = Pictures((8, 8), least=28)(rows)
    wanted = torch.zeros(2, 1, 28, 28, dtype=torch.float64)
    wanted[:, 0, 10:18, 10:18] = rows.reshape(2, 8, 8)
    assert torch.equal(made, wanted)
    odd = Pictures((20, 33), least=28)(inputs(ODD, 2))
    assert odd.shape == (2, 1, 28, 33)
    assert not odd[:, :, :4].any() and not odd[:, :, 24:].any()
    assert torch.equal(odd[:, 0, 4:24], inputs(ODD, 2).reshape(2, 20, 33))
    assert Pictures((27, 28), least=28)(torch.ones(1, 756)).sum(dim=(0, 1, 3)).tolist() == [28.0] * 27 + [0.0]


def test_colour_comes_first_and_grey_is_repeated():
    rows = inputs(COLOUR, 2)
    made = Pictures((32, 32, 3), channels=3)(rows)
    assert made.shape == (2, 3, 32, 32)
    assert made[1, 2, 5, 7] == rows[1, (5 * 32 + 7) * 3 + 2]
    grey = Pictures((8, 8), channels=3)(inputs(SMALL, 2))
    assert torch.equal(grey, inputs(SMALL, 2).reshape(2, 1, 8, 8).expand(2, 3, 8, 8))


def test_the_convolutional_network_is_that_of_the_paper():
    module = network(spec("cnn"), GREY)
    w = module.state_dict()
    h = inputs(GREY).reshape(-1, 1, 28, 28)
    for i, (stride, padding) in zip((1, 3, 5, 7), ((2, 1), (2, 1), (2, 0), (1, 0)), strict=True):
        h = functional.conv2d(h, w[f"{i}.weight"], w[f"{i}.bias"], stride=stride, padding=padding).relu()
    h = functional.linear(h.flatten(1), w["10.weight"], w["10.bias"]).relu()
    wanted = functional.linear(h, w["12.weight"], w["12.bias"])
    torch.testing.assert_close(module(inputs(GREY)), wanted, rtol=1e-12, atol=1e-14)
    sizes = [tuple(w[f"{i}.weight"].shape) for i in (1, 3, 5, 7, 10, 12)]
    assert sizes == [(32, 1, 4, 4), (32, 32, 4, 4), (64, 32, 3, 3), (256, 64, 3, 3), (256, 256), (3, 256)]


def test_the_residual_network_is_that_of_torchvision():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = torchvision.models.resnet18(weights=None, num_classes=3).double().eval()
    ours = network(spec("resnet18"), COLOUR)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    X = inputs(COLOUR, 2)
    with torch.no_grad():
        assert torch.equal(ours(X), theirs(X.reshape(2, 32, 32, 3).permute(0, 3, 1, 2)))
        assert torch.equal(
            network(spec("resnet18"), SMALL)(inputs(SMALL)),
            theirs(inputs(SMALL).reshape(5, 1, 8, 8).repeat(1, 3, 1, 1)),
        )


@pytest.mark.parametrize("kind", ["cnn", "resnet18"])
@pytest.mark.parametrize("shape", [TABLE, Shape(features=50, outputs=3, image=(8, 8))])
def test_pictures_are_needed(kind, shape):
    with pytest.raises(BadRequest, match=rf"network {kind}: expected images; got {shape.features} features"):
        network(spec(kind), shape)


# --- uploaded weights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "shape"), [("linear", TABLE), ("mlp", TABLE), ("cnn", SMALL), ("resnet18", SMALL)])
def test_uploaded_weights_take_the_place_of_drawn_ones(kind, shape):
    given = {name: np.asarray(0.5 * array) for name, array in arrays(network(spec(kind, init_seed=1), shape)).items()}
    if kind == "linear":
        given = {"0.weight": np.arange(21.0).reshape(3, 7) / 7, "0.bias": np.ones(3)}
    before = {name: array.copy() for name, array in given.items()}
    for array in given.values():
        array.flags.writeable = False
    module = network(spec(kind), shape, initial=given)
    assert set(arrays(module)) == set(given)
    assert all(np.array_equal(array, given[name]) for name, array in arrays(module).items())
    with torch.no_grad():
        for weight in module.parameters():
            weight += 1
    assert all(np.array_equal(given[name], before[name]) for name in given)  # nothing is shared
    single = network(spec(kind, precision="float32"), shape, initial=given)
    assert all(np.array_equal(a, given[name].astype(a.dtype)) for name, a in arrays(single).items())


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"0.bias": None}, ["got 0.bias missing. ", "0.weight, 0.bias, 2.weight, 2.bias", "--width"]),
        ({"4.bias": np.ones(3)}, ["got 4.bias unknown. "]),
        (
            {"0.weight": np.ones((5, 7)), "0.bias": np.ones(5)},
            ["0.weight (expected (11, 7), got (5, 7)), 0.bias (expected (11,), got (5,)) of another shape"],
        ),
        (
            {"fc.weight": np.ones(2), "0.weight": None, "2.bias": np.ones(2)},
            ["0.weight missing; fc.weight unknown; 2.bias (expected (3,), got (2,)) of another shape"],
        ),
        ({f"{i}.x": np.ones(1) for i in range(9)}, ["got 0.x, 1.x, 2.x and 6 more unknown"]),
        ({"0.bias": np.array([1.0] * 10 + [np.nan])}, ["expected finite weights; got nan in 0.bias"]),
    ],
)
def test_uploaded_weights_that_do_not_fit_are_refused(change, wanted):
    given = {name: a for name, a in (arrays(network(spec(), TABLE)) | change).items() if a is not None}
    with pytest.raises(BadData, match="^initial: ") as refusal:
        network(spec(), TABLE, initial=given)
    for text in wanted:
        assert text in str(refusal.value)


@pytest.mark.parametrize(("kind", "advice"), [("linear", "0.bias"), ("cnn", "state_dict"), ("resnet18", "fc")])
def test_the_names_that_are_expected_are_those_of_the_family(kind, advice):
    with pytest.raises(
        BadData, match=rf"expected the weights of {kind} with 64 inputs and 3 outputs.* missing\. .*{advice}"
    ):
        network(spec(kind), SMALL, initial={})


def test_weights_that_float32_cannot_hold_are_refused():
    given = arrays(network(spec(), TABLE)) | {"2.bias": np.array([0.0, 1e300, 0.0])}
    assert network(spec(), TABLE, initial=given)[2].bias[1] == 1e300
    with pytest.raises(BadData, match=r"initial: expected finite weights; got inf in 2\.bias"):
        network(spec(precision="float32"), TABLE, initial=given)


# --- registered networks --------------------------------------------------------------------------------------------


def small(spec: NetworkSpec, shape: Shape) -> nn.Module:
    return nn.Sequential(nn.Linear(shape.features, 4), nn.Tanh(), nn.BatchNorm1d(4), nn.Linear(4, shape.outputs))


def test_a_registered_network_is_built_like_the_others(registered):
    asked = registered(small)
    module = network(asked, TABLE)
    assert not module.training and module(inputs(TABLE)).shape == (5, 3)
    assert all(weight.dtype == torch.float64 for weight in module.parameters())
    again = network(asked, TABLE, initial=arrays(module))
    assert torch.equal(again(inputs(TABLE)), module(inputs(TABLE)))


class OverTheBatch(nn.Module):
    """Takes the mean over the batch away, in evaluation mode as well."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.layer = nn.Linear(shape.features, shape.outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) - self.layer(x).mean(0)


class OfChance(OverTheBatch):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.dropout(self.layer(x), training=True)


class Twice(OverTheBatch):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.layer(x), self.layer(x)


class Boundless(OverTheBatch):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) / 0


def frozen(spec: NetworkSpec, shape: Shape) -> nn.Module:
    module = small(spec, shape)
    module[0].bias.requires_grad_(False)
    return module


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda spec, shape: nn.Linear(shape.features, 4), r"shape \(2, 3\) for two examples; got shape \(2, 4\)"),
        (lambda spec, shape: nn.Sequential(nn.Linear(shape.features, 3), nn.Flatten(0)), r"got shape \(6,\)"),
        (lambda spec, shape: nn.Linear(5, 3), r"maps \(2, 7\) numbers; calling it failed: mat1 and mat2"),
        (lambda spec, shape: OverTheBatch(shape), "depend on it alone"),
        (lambda spec, shape: OfChance(shape), "depend on it alone"),
        (lambda spec, shape: Twice(shape), "one tensor; got a tuple"),
        (lambda spec, shape: Boundless(shape), "got NaN or infinite ones"),
        (frozen, r"got 0\.bias, whose requires_grad is False"),
        (lambda spec, shape: nn.Flatten(), "weights, all of which are trained; got none"),
        (lambda spec, shape: torch.tanh, r"expected a torch\.nn\.Module; got a builtin_function_or_method"),
    ],
)  # fmt: skip
def test_a_registered_network_that_cannot_be_measured_is_refused(make, message, precision, registered):
    asked = dataclasses.replace(registered(make), precision=precision)
    with pytest.raises(BadRequest, match=f"network mine: .*{message}"):
        network(asked, TABLE)


class Squares(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.layer = nn.Linear(shape.features, shape.outputs)

    def forward(self, x):
        return self.layer(x.square())


def test_a_registered_network_is_asked_for_by_its_name(registered):
    """It is linear in its weights, so that the linearised network is the real one."""
    asked = dataclasses.replace(registered(lambda spec, shape: Squares(shape), "squares"), lr=0.1, time=20)
    data = DataSpec(name="digits", classes=("3", "8"), subset=40)
    found = Engine().get(UniqueInfoRequest(data=data, network=asked))
    assert found.summary["parameters"] == 65
    assert len(found.table) == 40 and (found.table["f_si"] > 0).all()
    assert found.summary["linear_distance"] == pytest.approx(0, abs=1e-10)  # round-off of 20 steps


@pytest.mark.parametrize("name", ["mlp", "cnn", "mine", "", "my net", "3d"])
def test_names_that_are_taken_or_none_are_refused(name, registered):
    registered(lambda spec, shape: Squares(shape))
    before = dict(NETWORKS)
    with pytest.raises(BadRequest, match=f"^network: expected a name other than linear, .*, mine, of .*; got '{name}'"):
        register_network(name, lambda spec, shape: Squares(shape), parameters=1, operations=1)
    assert before == NETWORKS


def test_every_family_has_its_builder():
    assert {"linear", "mlp", "cnn", "resnet18", "lstm"} == set(NETWORKS)
    assert [family.build.load() for family in NETWORKS.values()] == [
        build.linear, build.mlp, build.cnn, build.resnet18, recurrent.lstm,
    ]  # fmt: skip


def test_the_tangent_kernel_is_about_the_same_at_every_width_in_its_own_scaling_alone():
    x = inputs(TABLE, 1)
    x = x / x.square().mean().sqrt()

    def kernel(width: int, scaling: str) -> float:
        found = []
        for seed in range(100):
            module = network(spec(width=width, scaling=scaling, init_seed=seed), dataclasses.replace(TABLE, outputs=1))
            slopes = torch.autograd.grad(module(x).sum(), list(module.parameters()))
            found.append(sum(float(slope.square().sum()) for slope in slopes))
        return float(np.mean(found))

    # In expectation 1 of each: output layer, its bias, hidden layer, its bias. Standard error 4 % at width 32.
    assert [kernel(width, "ntk") for width in (32, 512)] == pytest.approx([4, 4], rel=0.15)
    assert kernel(512, "standard") > 8 * kernel(32, "standard")
