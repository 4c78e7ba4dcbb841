"""The pretended card itself, and on it every analysis, the checks that need a card, and mistakes about devices."""

from __future__ import annotations

import dataclasses
import json
import operator

import numpy as np
import pandas as pd
import pytest
import torch

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.lood_query.request import LoodQueryRequest
from fil_core.analyses.overfit.request import OverfitRequest
from fil_core.data import load
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.engine.uploads import keep_parameters
from fil_core.engine.weights import keep_weights
from fil_core.errors import BadRequest, DeviceUnavailable
from fil_core.leakage.fil import fil, group_fil
from fil_core.models import fit, fitted
from fil_core.specs import JointRequest, NetworkRequest, Request
from tests.analyses.example_requests import (
    DIABETES,
    FEW_COLUMNS,
    LOGISTIC,
    REQUESTS,
    RIDGE,
    SOFTMAX,
    TWO_DIGITS,
    keep_uploads,
)
from tests.attacks import test_cuda as attacks_on_a_card
from tests.leakage import test_fil as leakage
from tests.lood import test_lood_cuda as lood_on_a_card
from tests.pretend_cuda import CARD, PretendedTensor, pretend_cuda, pretended_card  # noqa: F401 - the fixture `card`

# The same operations in the same order, but for the sizes of blocks; a digit or two may go where numbers cancel.
CLOSE = 1e-12
# Beyond these, numbers are rounding alone: a gradient at the optimum, decibels of a reconstruction without an error.
ROUNDING = {
    "grad_norm": (1e-12, np.inf),
    "psnr": (-np.inf, 200),
    "psnr_prior": (-np.inf, 200),
    "psnr_nearer": (-np.inf, 200),
}


# PyTorch runs gradients in threads of a device that is there; networks and ascents are tested where one is, in
# tests/analyses/test_networks_cuda.py, tests/lood/test_lood_cuda.py and tests/leakage/test_pullback_cuda.py.
def runs_gradients(request: Request) -> bool:
    """Whether it trains networks, climbs a gradient, or is about the features of a network."""
    over_widths = isinstance(request, OverfitRequest) and request.over == "width"
    return (
        over_widths
        or request.data.features_from is not None
        or isinstance(request, NetworkRequest | JointRequest | LoodQueryRequest)
    )


PRETENDED = {
    of: kept
    for of, some in REQUESTS.items()
    if (kept := {name: one for name, one in some.items() if not runs_gradients(one)})
}
EACH = [pytest.param(request, id=f"{of}: {name}") for of, some in PRETENDED.items() for name, request in some.items()]


def ask(folder, request, device, prepare):
    engine = Engine(Store(folder / device))
    keep_uploads(engine.store)
    return engine.get(dataclasses.replace(prepare(engine, request), device=device))


def answered(folder, request, prepare=lambda engine, request: request):
    """What a request gets on the CPU and on the pretended card, each from an empty store."""
    on_cpu = ask(folder, request, "cpu", prepare)
    with pretend_cuda():
        return on_cpu, ask(folder, request, "cuda", prepare)


def check_same(one, other, where):
    """Plain values, arrays and columns, nested as they may be."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            pair = one[name], other[name]
            if name in ROUNDING:
                pair = [np.clip(each, *ROUNDING[name]) for each in pair]
            check_same(*pair, f"{where}, {name}")
    elif isinstance(one, list) and not all(isinstance(each, float) for each in one):
        assert len(one) == len(other), where
        for k, pair in enumerate(zip(one, other, strict=True)):
            check_same(*pair, f"{where}[{k}]")
    elif np.asarray(one).dtype.kind == "f":
        finite = np.abs(np.asarray(one)[np.isfinite(one)])
        np.testing.assert_allclose(other, one, rtol=CLOSE, atol=CLOSE * finite.max(initial=0), err_msg=where)
    else:
        np.testing.assert_array_equal(other, one, err_msg=where)


def check_results(one, other):
    pd.testing.assert_index_equal(one.table.index, other.table.index)
    assert (one.table.dtypes == other.table.dtypes).all()
    check_same(
        {name: one.table[name].to_numpy() for name in one.table},
        {name: other.table[name].to_numpy() for name in other.table},
        "table",
    )
    check_same(one.arrays, other.arrays, "arrays")
    check_same(one.summary, other.summary, "summary")


# --- the pretence ---------------------------------------------------------------------------------------------------


@pytest.fixture
def square():
    return torch.from_numpy(
        np.random.default_rng(0).standard_normal((4, 4))
    ).clone()  # aligned in memory as all others are


FACTORIES = {
    "zeros": lambda **on: torch.zeros(2, 3, **on),
    "ones": lambda **on: torch.ones(3, dtype=torch.float64, **on),
    "full": lambda **on: torch.full((2,), 3.5, **on),
    "eye": lambda **on: torch.eye(3, **on),
    "arange": lambda **on: torch.arange(2, 9, 3, **on),
    "linspace": lambda **on: torch.linspace(0, 1, 5, **on),
    "tensor": lambda **on: torch.tensor([[1, 2], [3, 4]], **on),
    "tensor of an array": lambda **on: torch.tensor(np.arange(3.0), **on),
    "as_tensor": lambda **on: torch.as_tensor(np.arange(3.0), **on),
    "zeros_like": lambda **on: torch.zeros_like(torch.ones(2, 2), **on),
    "new_ones": lambda **on: torch.ones(2, dtype=torch.float64).new_ones(3, **on),
    "randn": lambda **on: torch.randn(4, generator=torch.Generator(**on).manual_seed(5), **on),
    "randperm": lambda **on: torch.randperm(9, generator=torch.Generator(**on).manual_seed(5), **on),
}


@pytest.mark.parametrize("name", FACTORIES)
@pytest.mark.parametrize("device", ["cuda", "cuda:0", CARD], ids=str)
def test_what_is_made_on_the_card_is_there(name, device, card):
    made, expected = FACTORIES[name](device=device), FACTORIES[name](device="cpu")
    assert isinstance(made, PretendedTensor) and not isinstance(expected, PretendedTensor)
    assert made.device == CARD and made.is_cuda and made.dtype == expected.dtype
    assert torch.equal(made.cpu(), expected)


def test_empty_tensors_have_the_shape_asked_for(card):
    made = torch.empty(2, 3, dtype=torch.float64, device="cuda")
    assert (made.device, made.shape, made.dtype, made.stride()) == (CARD, (2, 3), torch.float64, (3, 1))


OPERATIONS = {
    "arithmetic": lambda x: 2 * x - x / 3 + x**2,
    "matrix product": lambda x: x @ x.T,
    "einsum": lambda x: torch.einsum("ij,kj,k->ik", x, x, x[0]),
    "eigh": lambda x: torch.linalg.eigh(x @ x.T).eigenvectors,
    "solve for a vector": lambda x: torch.linalg.solve(x, x[0]),
    "solve for a matrix": lambda x: torch.linalg.solve(x, x.T),
    "cholesky": lambda x: torch.linalg.cholesky(x @ x.T + torch.eye(4, dtype=x.dtype, device=x.device)),
    "svd": lambda x: torch.linalg.svd(x).S,
    "softmax": lambda x: torch.nn.functional.log_softmax(x, 1),
    "one-hot": lambda x: torch.nn.functional.one_hot((x[0] > 0).long(), 3),
    "reductions": lambda x: torch.stack([x.sum(), x.mean(), x.std(), x.amax(), x.norm()]),
    "sort": lambda x: x.sort(dim=1).values.cumsum(0),
    "where": lambda x: torch.where(x > 0, 0.0, x).clamp_min(-1),
    "views": lambda x: x.mT.reshape(2, 8)[:, 1::2].unsqueeze(0).expand(3, -1, -1).permute(2, 0, 1).contiguous(),
    "indices": lambda x: torch.cat([x[[2, 0]], x[:, None, [1, 3, 3, 0]].flatten(1), x[x[:, 0] > 0]]),
    "written into a view": lambda x: [y := x.clone(), y[1:3].mul_(2), y[:, 0].fill_(7), y.T[3].copy_(x[0])][0],
    "written by indices": lambda x: [
        y := x.clone(),
        operator.setitem(y, [0, 2], x[1]),
        y.index_add_(0, x[0].argsort(), x),
    ][0],
    "shape changed in place": lambda x: x.clone().unsqueeze_(1).squeeze_(1).t_(),
    "cut": lambda x: torch.cat([part * k for k, part in enumerate(x.split([1, 3]))]),
    "out": lambda x: torch.mul(x, x, out=torch.empty_like(x)),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_results_are_those_of_the_cpu_bit_for_bit(name, square, card):
    found = OPERATIONS[name](square.to(card))
    expected = OPERATIONS[name](square)
    assert found.device == CARD and isinstance(found, PretendedTensor)
    assert found.stride() == expected.stride()
    assert torch.equal(found.cpu(), expected)


MIXED = {
    "sum": lambda x, y: x + y,
    "the other way round": lambda x, y: y - x,
    "a single entry with a dimension": lambda x, y: x * y[:1, 0],
    "comparison": lambda x, y: x < y,
    "product": lambda x, y: x @ y,
    "matrix and vector": lambda x, y: x @ y[0],
    "einsum": lambda x, y: torch.einsum("ij,jk->ik", x, y),
    "solve": lambda x, y: torch.linalg.solve(x, y),
    "cat": lambda x, y: torch.cat([x, y]),
    "stack of scalars": lambda x, y: torch.stack([x[0, 0], y[0, 0]]),
    "where": lambda x, y: torch.where(x > 0, x, y),
    "mask": lambda x, y: x.masked_fill(y > 0, 0.0),
    "clamp by a scalar": lambda x, y: x.clamp(min=y[0, 0]),
    "two scalars": lambda x, y: torch.addcmul(x, y[0, 0], y[0, 1]),
    "written into the card's": lambda x, y: x.add_(y),
    "written into the CPU's": lambda x, y: y.add_(x),
    "written into a scalar of the CPU": lambda x, y: y[0, 0].add_(x[0, 0]),
    "out": lambda x, y: torch.mul(x, x, out=y),
    "rows by index_select": lambda x, y: x.index_select(0, torch.tensor([0])),
    "gather": lambda x, y: x.gather(0, torch.zeros(1, 4, dtype=torch.int64)),
    "put by indices": lambda x, y: operator.setitem(x, [0, 1], y[:2]),
    "equal": lambda x, y: torch.equal(x, y),
}


@pytest.mark.parametrize("name", MIXED)
def test_tensors_of_two_devices_do_not_meet(name, square, card):
    x, y = square.to(card), square.clone()
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device.*cuda:0 and cpu"):
        MIXED[name](x, y)
    assert torch.equal(x.cpu(), square) and torch.equal(y, square), "nothing may have been written"


ALLOWED = {
    "scalar of the CPU on the right": lambda x, s: x * s,
    "scalar of the CPU on the left": lambda x, s: s / x,
    "scalar of the CPU added in place": lambda x, s: x.clone().add_(s),
    "two scalars": lambda x, s: x[0, 0] + s,
    "where": lambda x, s: torch.where(x > 0, s, x) + torch.where(x > 0, s, s),
    "masked_fill": lambda x, s: x.masked_fill(x > 0, s),
    "maximum": lambda x, s: torch.maximum(x, s),
    "indices of the CPU": lambda x, s: x[torch.tensor([2, 0]), torch.tensor([1, 1])],
    "mask of the CPU": lambda x, s: x[torch.tensor([True, False, True, True])],
    "a scalar put by indices": lambda x, s: [y := x.clone(), operator.setitem(y, torch.tensor([1, 2]), s)][0],
    "rows of the CPU into a slice": lambda x, s: [y := x.clone(), operator.setitem(y, slice(1, 3), torch.ones(2, 4))][
        0
    ],
}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_card_takes_scalars_and_indices_of_the_cpu(name, square, card):
    scalar = torch.tensor(0.25, dtype=torch.float64)
    found = ALLOWED[name](square.to(card), scalar)
    assert found.device == CARD
    assert torch.equal(found.cpu(), ALLOWED[name](square, scalar))


def test_the_cpu_takes_no_indices_of_the_card(square, card):
    for index in (torch.tensor([0, 2], device=card), square.to(card) > 0):
        with pytest.raises(RuntimeError, match="indices should be either on cpu or on the same device"):
            square[index]


def test_moving_copies_in_both_directions(square, card):
    there = square.to(card)
    back = there.cpu()
    there += 1
    assert torch.equal(back, square), "a card has memory of its own"
    for moved in (square.cuda(), square.to("cuda"), square.to(there), square.to(device="cuda", dtype=torch.float64)):
        assert moved.device == CARD and torch.equal(moved.cpu(), square)
    for moved in (there.to("cpu"), there.to(square), there.to(torch.device("cpu"), torch.float32)):
        assert type(moved) is torch.Tensor and moved.device.type == "cpu"
    assert there.to("cuda") is there and there.to(card) is there and there.cuda() is there
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        square.to("cuda:1")


def test_copy_crosses_devices(square, card):
    there, here = torch.zeros(4, 4, dtype=torch.float64, device=card), torch.zeros(4, 4, dtype=torch.float64)
    assert there.copy_(square) is there and torch.equal(there.cpu(), square)
    assert here.copy_(there) is here and torch.equal(here, square)
    here[0], there[1] = 2 * there[1], 3 * square[0]
    assert torch.equal(here[0], 2 * square[1]) and torch.equal(there[1].cpu(), 3 * square[0])


@pytest.mark.parametrize(
    "convert", [operator.methodcaller("numpy"), np.asarray, np.sqrt, lambda x: np.array([x[0, 0]])]
)
def test_numpy_is_refused(convert, square, card):
    there = square.to(card)
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        convert(there)
    assert (there.cpu().numpy() == square.numpy()).all()


def test_numbers_come_off_the_card(square, card):
    there, whole = square.to(card), torch.arange(4, device=card)
    entry, expected = there[1, 2], square[1, 2].item()
    assert entry.item() == float(entry) == expected
    assert int(whole[3]) == 3 and range(9)[whole[3]] == 3 and bool(whole[3] > 2)
    assert there.tolist() == there.cpu().tolist() == square.tolist()
    assert torch.equal(torch.tensor([there[0, 0], entry]), square[[0, 1], [0, 2]])
    assert f"{entry:.3f}" == f"{expected:.3f}"
    assert repr(entry).endswith("device='cuda:0')")
    with pytest.raises(RuntimeError, match="cannot be converted"):
        there.item()


def test_a_generator_draws_on_its_own_device(card):
    here, there = torch.Generator(), torch.Generator(device="cuda")
    assert (here.device.type, there.device) == ("cpu", CARD)
    with pytest.raises(RuntimeError, match="Expected a 'cuda' device type for generator but found 'cpu'"):
        torch.randn(2, generator=here, device="cuda")
    with pytest.raises(RuntimeError, match="Expected a 'cpu' device type for generator but found 'cuda'"):
        torch.randn(2, generator=there)
    noise = torch.randn(3, generator=here.manual_seed(1))
    assert torch.equal(torch.empty(3, device="cuda").normal_(generator=there.manual_seed(1)).cpu(), noise)


def test_what_cannot_be_pretended_is_said(square, card):
    with pytest.raises(NotImplementedError, match="cannot be resized"):
        square.to(card).resize_(2, 2)
    with pytest.raises(NotImplementedError, match="cannot be resized"):
        torch.mul(square.to(card), 2, out=torch.empty(0, dtype=torch.float64, device=card))


def test_there_is_one_card_as_long_as_it_is_pretended():
    with pretend_cuda(memory=2**20), pretend_cuda():
        assert torch.cuda.is_available()
        assert (torch.cuda.device_count(), torch.cuda.current_device()) == (1, 0)
        assert torch.cuda.mem_get_info("cuda") == (2**20, 2**20)


def situation():
    """What the pretence touches, and what happens to who asks for a card."""
    answers = [torch.cuda.is_available, torch.cuda.device_count, torch.cuda.mem_get_info, torch.Generator]
    try:
        answers.append(str(torch.zeros(2, device="cuda")))
    except (RuntimeError, AssertionError) as error:
        answers.append(str(error))
    modes = torch.utils._python_dispatch._get_current_dispatch_mode_stack()
    return [*answers, torch.cuda.is_available(), torch._C._only_lift_cpu_tensors(), modes]


@pytest.mark.parametrize("fails", [False, True])
def test_everything_is_as_before_afterwards(fails):
    before = situation()
    try:
        with pretend_cuda():
            kept = torch.ones(2, device="cuda")
            if fails:
                kept + torch.ones(2)
    except RuntimeError:
        assert fails
    assert situation() == before
    assert type(torch.tensor([1.0])) is torch.Tensor
    with pytest.raises(RuntimeError, match="used outside pretend_cuda"):
        kept + 1


# --- every analysis -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", EACH)
def test_an_analysis_gives_on_a_card_what_it_gives_on_the_cpu(request_, tmp_path):
    on_cpu, on_card = answered(tmp_path, request_)
    assert (on_cpu.provenance["device"], on_card.provenance["device"]) == ("cpu", str(CARD))
    check_results(on_cpu, on_card)


@pytest.mark.parametrize("model", [RIDGE, LOGISTIC, SOFTMAX], ids=lambda model: model.kind)
def test_a_stored_model_is_the_same_and_serves_either_device(model, tmp_path, card):
    asked = FilRequest(data=TWO_DIGITS if model.kind != "softmax" else FEW_COLUMNS, model=model)
    engines = {device: Engine(Store(tmp_path / device)) for device in ("cpu", "cuda")}
    results = {at: engine.get(dataclasses.replace(asked, device=at)) for at, engine in engines.items()}
    stored = {at: engine.find(FitRequest(data=asked.data, model=model, device=at)) for at, engine in engines.items()}
    assert {at: fit.provenance["device"] for at, fit in stored.items()} == {"cpu": "cpu", "cuda": "cuda:0"}
    check_results(stored["cpu"], stored["cuda"])
    changed = dataclasses.replace(asked, sigma=2.0)
    for at, other in (("cpu", "cuda"), ("cuda", "cpu")):
        crossed = engines[at].get(dataclasses.replace(changed, device=other))
        assert crossed.provenance["device"].startswith(other)
        assert crossed.table["eta"].to_numpy() == pytest.approx(results[at].table["eta"].to_numpy() / 2, rel=CLOSE)


def given_weights(engine, request):
    dataset = engine.dataset(request.data)
    table = pd.DataFrame({"id": dataset.ids, "weight": 2 * (np.arange(dataset.n) + 0.5) / dataset.n})
    weights = keep_weights(engine.store, table, dataset)
    return dataclasses.replace(request, model=dataclasses.replace(request.model, weights=weights))


def given_parameters(engine, request):
    theta = fit(request.model, engine.dataset(request.data)).theta.numpy()
    model = dataclasses.replace(request.model, parameters=keep_parameters(engine.store, theta))
    return dataclasses.replace(request, model=model)


@pytest.mark.parametrize("prepare", [given_weights, given_parameters])
@pytest.mark.parametrize("of", ["least squares, two classes", "softmax"])
def test_weights_and_parameters_of_ones_own(prepare, of, tmp_path):
    on_cpu, on_card = answered(tmp_path, REQUESTS["fil"][of], prepare)
    assert on_card.provenance["device"] == str(CARD)
    check_results(on_cpu, on_card)


def test_the_leakage_of_a_group(problem, card):
    there = fit(problem.spec, problem.dataset, weights=problem.weights, device=card)
    expected = group_fil(problem.fitted, problem.dataset, [1, 4, 7])
    assert group_fil(there, problem.dataset, [1, 4, 7]) == pytest.approx(expected, rel=CLOSE)


def test_a_card_is_taken_by_itself_where_there_is_one(tmp_path):
    asked = REQUESTS["fil"]["regression"]
    with pretend_cuda():
        assert Engine(Store(tmp_path)).get(asked).provenance["device"] == str(CARD)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA GPU is on this machine")
def test_a_card_is_gone_after_the_pretence(tmp_path):
    asked = dataclasses.replace(REQUESTS["fil"]["regression"], device="cuda")
    with pretend_cuda():
        Engine(Store(tmp_path)).get(asked)
    with pytest.raises(DeviceUnavailable, match="found none"):
        Engine(Store(tmp_path)).get(asked)


def test_a_model_must_fit_into_the_cards_memory(tmp_path):
    asked = dataclasses.replace(REQUESTS["fil"]["logistic"], device="cuda")
    needed = 4 * 8 * 64**2  # four matrices of 64 x 64 float64
    with pretend_cuda(memory=needed - 1), pytest.raises(BadRequest, match="memory"):
        Engine(Store(tmp_path)).get(asked)
    with pretend_cuda(memory=needed):
        Engine(Store(tmp_path)).get(asked)


def test_the_command_line_says_where_it_computed(run, card):
    code, out, err = run("fil", "--data", "diabetes", "--subset", "60", "--device", "cuda", "--json")
    assert code == 0, err
    assert json.loads(out)["device"] == str(CARD)


# --- what test_cuda.py of attacks and of lood, and tests/leakage/test_fil.py ask of a card --------------------------


@pytest.mark.parametrize(("kind", "classes"), [("least-squares", 0), ("logistic", 2), ("softmax", 3)])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_attribute_inference_on_the_pretended_card(kind, classes, k, with_attribute, card):
    attacks_on_a_card.test_attribute_inference(kind, classes, k, with_attribute)


@pytest.mark.parametrize(("kind", "classes"), [("least-squares", 0), ("logistic", 2)])
def test_reconstruction_on_the_pretended_card(kind, classes, make_dataset, card):
    attacks_on_a_card.test_reconstruction(kind, classes, make_dataset)


@pytest.mark.parametrize("outputs", [1, 3])
def test_records_and_groups_on_the_pretended_card(outputs, card):
    lood_on_a_card.test_records_and_groups(outputs)


@pytest.mark.parametrize("C", [1, 2, 10])
def test_curves_on_the_pretended_card(C, card):
    lood_on_a_card.test_curves(C)


def test_eta_on_the_pretended_card(problem, card):
    leakage.test_a_gpu_gives_the_same_eta(problem)


# --- mistakes are found ---------------------------------------------------------------------------------------------


def left_on_the_cpu(name):
    """A function of `models.fitted` that forgets its device."""
    made = getattr(fitted, name)

    def forgetful(*arguments):
        return made(*arguments[:-1], torch.device("cpu"))

    return forgetful


@pytest.mark.parametrize("name", ["as_tensor", "code_targets"])
@pytest.mark.parametrize("of", ["regression", "least squares, two classes", "logistic", "softmax"])
def test_features_or_targets_left_on_the_cpu_are_found(name, of, tmp_path, monkeypatch):
    monkeypatch.setattr(fitted, name, left_on_the_cpu(name))
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        answered(tmp_path, REQUESTS["fil"][of])


@pytest.mark.parametrize(
    ("factory", "of", "name"),
    [
        ("tensor", "fil", "reweighted"),
        ("eye", "fil", "softmax"),
        ("tensor", "attribute inference", "two values"),
    ],
)
def test_a_factory_that_is_not_told_the_device_is_found(factory, of, name, tmp_path, monkeypatch):
    make = getattr(torch, factory)
    monkeypatch.setattr(torch, factory, lambda *arguments, device=None, **options: make(*arguments, **options))
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        answered(tmp_path, REQUESTS[of][name])


def test_weights_left_on_the_cpu_are_found_by_what_measures_the_model(monkeypatch):
    make, dataset = torch.ones, load(DIABETES)
    monkeypatch.setattr(torch, "ones", lambda *arguments, device=None, **options: make(*arguments, **options))
    with pretend_cuda():
        trained = fit(RIDGE, dataset, device=torch.device("cuda"))
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
            fil(trained, dataset)


class Staying(torch.Tensor):
    """Noise that nobody moves to the card."""

    def to(self, *_, **__):
        return self


@pytest.mark.parametrize("of", ["attribute inference", "reconstruction"])
def test_noise_left_on_the_cpu_is_found(of, tmp_path, monkeypatch):
    draw = torch.randn
    monkeypatch.setattr(torch, "randn", lambda *shape, **options: draw(*shape, **options).as_subclass(Staying))
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        answered(tmp_path, next(iter(REQUESTS[of].values())))


@pytest.mark.parametrize("of", [of for of in PRETENDED if of not in ("mia of own signals", "failure")])  # on no device
def test_numbers_that_are_not_fetched_from_the_card_are_found(of, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "cpu", lambda tensor: tensor)
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        answered(tmp_path, next(iter(REQUESTS[of].values())))
