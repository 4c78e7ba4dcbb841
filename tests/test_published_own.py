"""Figures of the FIL paper on images that come as a person's own zip; run where the file is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fil_core.analyses.fil.request import FilRequest
from fil_core.data.own import Choices, add
from fil_core.engine import Engine
from fil_core.specs import DataSpec, ModelSpec

FOLDER = os.environ.get("FIL_DATA_DIR")
ZIP = Path(FOLDER or "") / "cifar10-plane-car-jpeg.zip"
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(FOLDER is None or not ZIP.exists(), reason="FIL_DATA_DIR has no cifar10-plane-car-jpeg.zip"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store for all tests here: the zip is unpacked once."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def own(store, own_store, monkeypatch):
    """The zip as own data, and an engine that holds it."""
    monkeypatch.setenv("FIL_STORE_DIR", str(store))
    return add(ZIP, Choices()), Engine()


def test_the_zip_is_read_with_its_own_split(own):
    entry, engine = own
    data = engine.dataset(DataSpec(name=entry.name))
    assert (entry.form, entry.classes) == ("image", ("airplane", "automobile"))
    assert (data.n, data.d, len(data.X_test), data.image_shape) == (10_000, 3_072, 2_000, (32, 32, 3))
    assert data.ids.tolist() == list(range(10_000))
    assert [data.labels[0], data.labels[-1]] == ["airplane", "automobile"]


@pytest.mark.parametrize(
    ("model", "mean", "std", "largest"),
    [
        (ModelSpec(kind="least-squares", l2=0.0), 0.24846, 0.08012, 0.78221),
        (ModelSpec(kind="logistic", l2=8e-5), 0.31599, 0.15131, 0.81112),
    ],
    ids=["least squares, l2 = 0", "logistic, l2 = 8e-5"],
)
def test_plane_against_car_with_twenty_components(model, mean, std, largest, own):
    """From the issue that asks for own data; printed with five decimals."""
    entry, engine = own
    s = engine.get(FilRequest(data=DataSpec(name=entry.name, pca=20), model=model)).summary
    assert [s["eta_mean"], s["eta_std"], s["eta_max"]] == pytest.approx([mean, std, largest], abs=0.501e-5)
    assert (s["n"], s["d"], s["converged"]) == (10_000, 20, True)
