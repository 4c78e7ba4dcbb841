"""Leakage through the network as an analysis: units, the model on raw pixels, what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.analyses.features.request import FeaturesRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.pixel_fit.request import PixelFitRequest
from fil_core.analyses.pullback import run as module
from fil_core.analyses.pullback.request import PullbackRequest
from fil_core.analyses.pullback_example.request import PullbackExampleRequest
from fil_core.data import load
from fil_core.engine import Engine
from fil_core.errors import BadData, BadRequest
from fil_core.models.extractor import restored
from fil_core.specs import DataSpec, ModelSpec
from fil_core.specs.weights import Dropping
from tests.analyses.example_requests import FEATURES, LOGISTIC, RIDGE
from tests.reference import spectral_norm

WHITE = 16.0  # of the digits


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture(scope="module")
def private(engine):
    """Rows of the pixels whose features are measured."""
    pixels = load(dataclasses.replace(FEATURES, features_from=None))
    return pixels, np.isin(pixels.ids, engine.dataset(FEATURES).ids)


@pytest.mark.parametrize("pca", [None, 6])
@pytest.mark.parametrize("model", [LOGISTIC, RIDGE], ids=["logistic", "least squares"])
def test_it_is_the_dense_chain_of_head_preprocessing_and_network(engine, make_reference, model, pca):
    spec = dataclasses.replace(FEATURES, pca=pca, preprocess="standardise" if pca else None)
    table = engine.get(PullbackRequest(data=spec, model=model, sigma=2.0)).table
    data = engine.dataset(spec)
    network, reference = restored(engine.get(FeaturesRequest(data=spec))), make_reference(model, data)
    for i in (0, 17, 39):
        x = torch.from_numpy(data.pictures.pixels[i] / WHITE)
        inner = torch.func.jacrev(lambda v: network.features(v[None])[0])(x).numpy()
        J_phi = reference.feature_jacobian(i) @ data.preprocessing.jacobian(inner.shape[0]).T
        assert table["eta_pixels"].iloc[i] == pytest.approx(spectral_norm(J_phi @ inner) / 2, rel=1e-7)
        assert table["eta_features"].iloc[i] == pytest.approx(
            spectral_norm(reference.feature_jacobian(i)) / 2, rel=1e-7
        )


def test_the_model_on_raw_pixels_is_of_the_same_rows_in_units_of_intensity(engine, make_reference, private):
    table = engine.get(PullbackRequest(data=FEATURES, model=LOGISTIC)).table
    pixels, rows = private
    shown = pixels.source[rows].astype(float) / WHITE
    scale = 1 / np.linalg.norm(shown, axis=1).max()  # the unit ball of these rows alone
    raw = dataclasses.replace(pixels, X=shown * scale, y=pixels.y[rows], ids=pixels.ids[rows])
    assert list(table.index) == list(raw.ids)
    reference = make_reference(LOGISTIC, raw)
    expected = [spectral_norm(reference.feature_jacobian(i)) * scale for i in range(raw.n)]
    np.testing.assert_allclose(table["eta_raw"], expected, rtol=1e-7)
    again = engine.get(PixelFitRequest(data=FEATURES, model=LOGISTIC))
    np.testing.assert_allclose(again.arrays["theta"], reference.theta, rtol=1e-7, atol=1e-9)


def test_ranks_and_agreement(engine):
    result = engine.get(PullbackRequest(data=FEATURES, model=LOGISTIC))
    table, s = result.table, result.summary
    for name in ("pixels", "features", "raw"):
        order = table.sort_values(f"rank_{name}")
        assert list(order[f"rank_{name}"]) == list(range(1, len(table) + 1))
        assert order[f"eta_{name}"].is_monotonic_decreasing
    for pair, value in s["spearman"].items():
        one, other = (table[f"eta_{name}"] for name in pair.split("-"))
        assert value == pytest.approx(one.corr(other, method="spearman"))
        assert s["overlap"][pair] == len(set(one.nlargest(s["k"]).index) & set(other.nlargest(s["k"]).index))


def test_weights_of_the_head_are_those_of_the_model_on_raw_pixels(engine):
    model = dataclasses.replace(LOGISTIC, weights=Dropping(k=4))
    table = engine.get(PullbackRequest(data=FEATURES, model=model)).table
    out = engine.get(FilRequest(data=FEATURES, model=LOGISTIC)).table["eta"].nlargest(4).index
    assert (table.loc[out, ["eta_pixels", "eta_features", "eta_raw", "weight"]] == 0).all(axis=None)
    assert (table.drop(out)[["eta_pixels", "eta_features", "eta_raw"]] > 0).all(axis=None)


def test_one_picture_s_maps_are_those_of_its_eta(engine):
    table = engine.get(PullbackRequest(data=FEATURES, model=LOGISTIC)).table
    one = engine.get(PullbackExampleRequest(data=FEATURES, model=LOGISTIC, id=53))
    assert one.summary["eta_pixels"] == pytest.approx(table.loc[53, "eta_pixels"], rel=1e-8)
    eta, raw = one.arrays["pixel_eta"], one.arrays["raw_pixel_eta"]
    assert eta.shape == raw.shape == one.arrays["direction"].shape == one.arrays["raw_direction"].shape == (64,)
    for values, whole in ((eta, "eta_pixels"), (raw, "eta_raw")):  # a column is no longer than the matrix
        assert values.max() <= table.loc[53, whole] <= np.linalg.norm(values)


def test_without_a_model_on_raw_pixels_the_rest_is_there(monkeypatch, tmp_path):
    def refused(*arguments, **options):
        raise BadRequest("memory: expected less.")

    monkeypatch.setattr("fil_core.analyses.pixel_fit.run.fit", refused)
    engine = Engine()
    spec = dataclasses.replace(FEATURES, extractor_seed=1)
    result = engine.get(PullbackRequest(data=spec, model=LOGISTIC))
    assert not {"eta_raw", "rank_raw"} & set(result.table) and "eta_pixels" in result.table
    assert any("memory: expected less." in warning for warning in result.provenance["warnings"])
    one = engine.get(PullbackExampleRequest(data=spec, model=LOGISTIC, id=int(result.table.index[0])))
    assert "raw_pixel_eta" not in one.arrays and one.arrays["pixel_eta"].any()


def test_a_residual_that_is_too_large_is_told(engine, monkeypatch):
    monkeypatch.setattr(module, "RTOL", -1.0)
    result = engine.get(PullbackRequest(data=FEATURES, model=ModelSpec(kind="logistic", l2=0.5)))
    assert any("eta_pixels" in warning for warning in result.provenance["warnings"])


@pytest.mark.parametrize("kind", [PullbackRequest, PullbackExampleRequest, PixelFitRequest])
@pytest.mark.parametrize("name", ["digits", "diabetes"])
def test_pixels_and_tables_are_refused_with_what_to_do(engine, kind, name):
    with pytest.raises(BadRequest, match="--features-from"):
        engine.get(kind(data=DataSpec(name=name), model=RIDGE))


def test_a_picture_that_is_not_measured_is_refused(engine):
    with pytest.raises(BadData, match="example"):
        engine.get(PullbackExampleRequest(data=FEATURES, model=LOGISTIC, id=0))
