"""Features of a frozen network as a data set: what they are, whose rows they are, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from fil_core.analyses.features.request import FeaturesRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.reproduce import command as line_of
from fil_core.cli.command import Command
from fil_core.cli.program import parser
from fil_core.data import load
from fil_core.data.own import Choices, add
from fil_core.data.own.records import Records
from fil_core.engine import Engine
from fil_core.engine.cost import check_memory, memory
from fil_core.engine.records import keep_records
from fil_core.engine.store import Store
from fil_core.engine.uploads import keep_extractor, keep_network
from fil_core.errors import BadData, BadRequest, FilError
from fil_core.models.extractor import restored
from fil_core.models.extractor_networks import Design, built
from fil_core.specs import DataSpec, ModelSpec
from fil_core.specs.networks import NETWORKS, register_network

PIXELS = DataSpec(name="digits", classes=("3", "8"), subset=80)
MLP = dataclasses.replace(PIXELS, features_from="mlp", extractor_steps=20)
LOGISTIC = ModelSpec(kind="logistic", l2=0.01, intercept=False)


@pytest.fixture
def engine(tmp_path) -> Engine:
    return Engine(Store(tmp_path / "store"))


def uploaded(engine: Engine, module: nn.Module, network: str, **more: object) -> DataSpec:
    """A spec whose features are those of weights in the engine's store."""
    arrays = {name: value.numpy() for name, value in module.state_dict().items()}
    digest = keep_network(engine.store, arrays, title="mine.safetensors", kind="extractor")
    return dataclasses.replace(PIXELS, features_from=network, extractor=digest, **more)


def own_cnn(seed: int = 1) -> nn.Module:
    return built(Design("cnn", (8, 8), 1), seed)


def test_features_are_a_plain_forward_pass(engine):
    data, pixels = engine.dataset(MLP), load(dataclasses.replace(PIXELS, preprocess="none"))
    found = engine.get(FeaturesRequest(data=MLP))
    weights = {name: torch.from_numpy(found.arrays[f"weight:{name}"]).double() for name in ("0.weight", "0.bias")}
    rows = np.searchsorted(pixels.ids, data.ids)
    hidden = torch.relu(torch.from_numpy(pixels.X[rows]) @ weights["0.weight"].T + weights["0.bias"]).numpy()
    np.testing.assert_allclose(found.arrays["train"], hidden, rtol=1e-12, atol=1e-14)  # two orders of one sum
    np.testing.assert_allclose(data.X, hidden / np.linalg.norm(hidden, axis=1).max(), rtol=1e-12, atol=1e-14)
    assert data.d == 256 and len(data.X_test) == len(pixels.X_test)


def test_private_and_public_rows_part_the_training_rows_by_the_seed(engine):
    pixels, data = load(PIXELS), engine.dataset(MLP)
    public = engine.get(FeaturesRequest(data=MLP)).arrays["public"]
    assert sorted([*public, *data.ids]) == pixels.ids.tolist() and len(public) == 40
    np.testing.assert_array_equal(data.y, pixels.y[np.searchsorted(pixels.ids, data.ids)])
    np.testing.assert_array_equal(data.images(np.arange(3)), pixels.images(np.searchsorted(pixels.ids, data.ids[:3])))
    assert data.image_shape is None and data.picture_shape == (8, 8)
    fewer = engine.dataset(dataclasses.replace(MLP, public_fraction=0.25))
    assert fewer.n == 60
    other = engine.dataset(dataclasses.replace(MLP, subset=None, seed=1))
    again = engine.dataset(dataclasses.replace(MLP, subset=None))
    assert other.n == again.n and other.ids.tolist() != again.ids.tolist()


def test_they_are_stored_once_and_found_by_another_process(engine, monkeypatch):
    request = FilRequest(data=MLP, model=LOGISTIC)
    first = engine.get(request)
    monkeypatch.setattr("fil_core.analyses.features.run.train", lambda *_, **__: pytest.fail("trained again"))
    other = Engine(engine.store)
    assert other.lacking(MLP) is None
    assert other.key(request) == engine.key(request)
    np.testing.assert_array_equal(other.get(request).table["eta"], first.table["eta"])
    for changed in ({"preprocess": "standardise"}, {"pca": 5}):  # what is done to features needs no new ones
        assert other.dataset(dataclasses.replace(MLP, **changed)).n == 40


def test_the_key_changes_with_seed_steps_share_and_weights(engine):
    specs = [
        MLP,
        dataclasses.replace(MLP, extractor_seed=1),
        dataclasses.replace(MLP, extractor_steps=21),
        dataclasses.replace(MLP, public_fraction=0.4),
        uploaded(engine, own_cnn(1), "cnn"),
        uploaded(engine, own_cnn(2), "cnn"),
    ]
    assert len({engine.key(FilRequest(data=spec, model=LOGISTIC)) for spec in specs}) == len(specs)
    assert len({engine.dataset(spec).fingerprint for spec in specs}) == len(specs)


def test_eta_of_the_head_is_that_of_the_same_features_as_own_data(engine, tmp_path):
    found, data = engine.get(FeaturesRequest(data=MLP)), engine.dataset(MLP)
    path = tmp_path / "features.npz"
    np.savez(path, X=found.arrays["train"], y=data.y.astype(int), X_test=found.arrays["test"], y_test=data.y_test)
    own = DataSpec(name=add(path, Choices()).name, preprocess="unit-ball")
    one, other = (engine.get(FilRequest(data=spec, model=LOGISTIC)).table["eta"] for spec in (MLP, own))
    # Own data leave out features that are zero for all rows, which add zeros to every sum: rounding alone is left.
    np.testing.assert_allclose(one.to_numpy(), other.to_numpy(), rtol=1e-12)


def test_the_network_comes_back_differentiable(engine):
    result = engine.get(FeaturesRequest(data=MLP))
    made = restored(result)
    pixels = torch.rand(4, 64, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(made.features, pixels) and made.width == 256
    assert made.fingerprint == result.summary["fingerprint"]
    assert not any(weight.requires_grad for weight in made.module.parameters())


def test_all_rows_stay_with_uploaded_weights_and_batches_do_not_matter(engine):
    spec = uploaded(engine, own_cnn(), "cnn")
    data, pixels = engine.dataset(spec), load(dataclasses.replace(PIXELS, preprocess="none"))
    assert data.ids.tolist() == pixels.ids.tolist() and data.d == 256
    result = engine.get(FeaturesRequest(data=spec))
    made = restored(result)
    assert not result.arrays["public"].size
    np.testing.assert_allclose(made.of(pixels.X[:1]), made.of(pixels.X)[:1], rtol=1e-10, atol=1e-12)


def test_weights_of_torchvision_are_recognised_and_normalised(engine, tmp_path):
    from torchvision.models import resnet18

    torch.manual_seed(0)
    model = resnet18(num_classes=7).eval()
    save_file(model.state_dict(), tmp_path / "net.safetensors")
    digest, network = keep_extractor(engine.store, tmp_path / "net.safetensors", title="net.safetensors")
    assert network == "resnet18"
    spec = dataclasses.replace(PIXELS, subset=20, features_from=network, extractor=digest, features_resize=32)
    train = engine.get(FeaturesRequest(data=spec)).arrays["train"]
    pixels = load(spec.of_pixels)
    pictures = torch.from_numpy(pixels.X).reshape(-1, 1, 8, 8).repeat(1, 3, 1, 1)
    pictures = nn.functional.interpolate(pictures, size=(32, 32), mode="bilinear")
    mean, deviation = (torch.tensor(c, dtype=torch.float64)[:, None, None] for c in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))  # noqa: E501 # fmt: skip
    model.fc = nn.Identity()
    with torch.no_grad():
        wanted = model.double()((pictures - mean) / deviation).numpy()
    np.testing.assert_allclose(train, wanted, rtol=1e-9, atol=1e-12)  # float64, batches of another size


def test_new_pictures_go_through_the_same_network(engine):
    from fil_core.analyses.ood.request import OodRequest
    from fil_core.specs.outside import OutsideSpec

    data, pixels = engine.dataset(MLP), load(PIXELS)
    name = keep_records(engine.store, Records(X=pixels.source[:3].astype(float)), data)
    asked = OodRequest(data=MLP, model=LOGISTIC, outside=OutsideSpec(classes=("5",)), scores=("fil-min",), new=name)
    table = engine.get(asked).table
    outside = engine.outside(MLP, asked.outside)
    made = restored(engine.get(FeaturesRequest(data=MLP)))
    np.testing.assert_allclose(outside.X, data.preprocessing.forward(made.of(outside.source / 16)), rtol=1e-12)
    assert (table["split"] == "new").sum() == 3


def test_a_network_that_says_the_same_of_all_pictures_is_refused(engine):
    dead = own_cnn()
    with torch.no_grad():
        for weight in dead.parameters():
            weight.zero_()
    with pytest.raises(BadData, match="features that differ between pictures"):
        engine.dataset(uploaded(engine, dead, "cnn"))


def test_features_that_are_not_finite_are_refused(engine):
    module = built(Design("mlp", (8, 8), 1), 0).double()
    with torch.no_grad():
        module[0].weight.fill_(1e308)
    with pytest.raises(FilError, match="finite"):
        engine.dataset(uploaded(engine, module, "mlp"))


def test_weights_that_do_not_fit_are_refused_with_their_names(engine, tmp_path):
    state = own_cnn().state_dict()
    state["extra.weight"] = state.pop("12.bias")
    arrays = {name: value.numpy() for name, value in state.items()}
    digest = keep_network(engine.store, arrays, kind="extractor")
    spec = dataclasses.replace(PIXELS, features_from="cnn", extractor=digest)
    with pytest.raises(BadData, match=r"the weights of cnn.*12\.bias missing; extra\.weight unknown"):
        engine.dataset(spec)
    save_file({"a": torch.zeros(3)}, tmp_path / "odd.safetensors")
    with pytest.raises(BadData, match=r"odd\.safetensors: expected the weights of a classifier.*missing; a unknown"):
        keep_extractor(engine.store, tmp_path / "odd.safetensors", title="odd.safetensors")


def test_pictures_of_another_size_are_refused_with_what_to_do(engine):
    from torchvision.models import alexnet

    spec = uploaded(engine, alexnet(num_classes=2), "alexnet")
    with pytest.raises(BadRequest, match=r"size that alexnet takes; got 8 × 8.*--features-resize"):
        engine.dataset(spec)


@pytest.mark.parametrize(("fraction", "part"), [(0.02, "public"), (0.95, "private")])
def test_a_class_without_public_or_private_rows_is_refused(engine, fraction, part):
    spec = dataclasses.replace(MLP, subset=20, public_fraction=fraction)
    with pytest.raises(BadData, match=f"public_fraction: .*among the {part} rows"):
        engine.dataset(spec)


@pytest.mark.parametrize("name", ["diabetes", "grammar:40"])
def test_data_without_pictures_are_refused(engine, name):
    with pytest.raises(BadRequest, match="features_from: expected pictures"):
        engine.dataset(DataSpec(name=name, features_from="mlp"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"features_from": "linear"}, "expected one of mlp, cnn, resnet18"),
        ({"features_from": "lstm"}, "features_from"),
        ({"features_from": "resnet50"}, "Weights of it are named by --extractor"),
        ({"features_from": "no such"}, "features_from"),
        ({"features_from": "mlp", "public_fraction": 1.0}, "public_fraction"),
        ({"features_from": "cnn", "extractor": "abc"}, "extractor"),
    ],
)
def test_bad_fields_are_refused(fields, said):
    with pytest.raises(BadRequest, match=said):
        DataSpec(**fields)


def test_what_has_no_part_is_no_part_of_the_identity():
    assert DataSpec(extractor_seed=3, public_fraction=0.2, features_resize=64) == DataSpec()
    own = DataSpec(features_from="cnn", extractor="0" * 64)
    assert dataclasses.replace(own, extractor_seed=3, public_fraction=0.2) == own


def test_a_network_without_a_linear_layer_at_its_end_is_refused(engine, monkeypatch):
    register_network("odd_end", lambda spec, shape: nn.Sequential(nn.Linear(64, 1), nn.Tanh()), parameters=65, operations=64)  # noqa: E501 # fmt: skip
    try:
        with pytest.raises(BadRequest, match="outputs are those of its last linear layer; odd_end"):
            engine.dataset(dataclasses.replace(MLP, features_from="odd_end"))
    finally:
        del NETWORKS["odd_end"]


def parsed(line: str) -> DataSpec:
    return Command(parser().parse_args(line.split()[3:])).request(FilRequest).data


def test_the_command_line_takes_a_name_or_a_file_and_comes_back(tmp_path):
    request = FilRequest(data=dataclasses.replace(MLP, public_fraction=0.4, extractor_seed=2), model=LOGISTIC)
    assert parsed(line_of(request)) == request.data
    save_file(own_cnn().state_dict(), tmp_path / "mine.safetensors")
    spec = parsed(f"python -m fil_core fil --features-from {tmp_path / 'mine.safetensors'}")
    assert spec.features_from == "cnn" and spec.extractor is not None
    named = parsed(f"python -m fil_core fil --features-from cnn --extractor {tmp_path / 'mine.safetensors'}")
    assert named == spec and parsed(line_of(FilRequest(data=spec))) == spec


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--extractor-seed 3", "extractor_seed: expected nothing, since the features are pixels"),
        ("--features-from cnn --features-resize 32", "features_resize: expected nothing"),
        ("--features-from nothing.safetensors", "expected a file; there is none"),
    ],
)
def test_options_that_have_no_part_are_refused(words, said):
    with pytest.raises(FilError, match=said):
        parsed(f"python -m fil_core fil {words}")


def test_too_large_a_head_is_refused_with_the_features_named(engine):
    request = FilRequest(data=MLP, model=LOGISTIC)
    with pytest.raises(BadRequest, match="of the extractor's features"):
        check_memory(request, engine.dataset(MLP), memory(request, engine.dataset(MLP)) - 1)
