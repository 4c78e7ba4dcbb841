"""Facts about the published files; skipped without FIL_DATA_DIR."""

import csv
import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from fil_core.data import load
from fil_core.specs import DataSpec

FOLDER = os.environ.get("FIL_DATA_DIR")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(FOLDER is None, reason="FIL_DATA_DIR is not set: no published data files at hand"),
]


def need(relative: str) -> Path:
    path = Path(FOLDER or "") / relative
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def test_mnist_zeros_and_ones():
    assert md5(need("MNIST/raw/train-images-idx3-ubyte")) == "6bbc9ace898e44ae57da46a324031adb"
    start = time.perf_counter()
    data = load(DataSpec(name="mnist", classes=("0", "1")))
    assert time.perf_counter() - start < 3  # 0.5 s on an idle core
    assert data.X.shape == (12_665, 784) and data.X_test.shape == (2_115, 784)
    # MNIST opens 5 0 4 1 9 2 1 3 1
    assert data.ids[:4].tolist() == [1, 3, 6, 8] and data.y[:4].tolist() == [0, 1, 1, 1]
    assert np.linalg.norm(data.X, axis=1).max() == pytest.approx(1, abs=1e-12)
    assert data.y.sum() == 6_742  # ones among the training digits, as published


def test_mnist_with_twenty_directions():
    need("MNIST/raw/train-images-idx3-ubyte")
    data = load(DataSpec(name="mnist", classes=("0", "1"), pca=20))
    assert data.X.shape == (12_665, 20) and data.image_shape == (28, 28)
    covariance = np.cov(data.X.T)
    assert np.allclose(covariance, np.diag(np.diag(covariance)), atol=1e-12)


def test_adult():
    assert md5(need("uciadult/adult.data")) == "5d7c39d7b8804f071cdd1f2a7c460872"
    assert md5(need("uciadult/adult.test")) == "35238206dfdf7f1fe215bbb874adecdc"
    data = load(DataSpec(name="uci-adult"))
    assert data.X.shape == (30_162, 86) and data.X_test.shape == (15_060, 86)
    attributes = "workclass education marital-status occupation race sex native-country"
    assert list(data.groups) == attributes.split()
    assert data.y.mean() == pytest.approx(0.2489, abs=1e-4)  # 24.89 % without unknowns, adult.names
    assert data.columns(("marital-status",)) == (24,)
    with need("uciadult/adult.data").open() as file:
        rows = list(csv.reader(file, skipinitialspace=True))
    for position in (0, 1, 4321, 30_161):
        married = rows[data.ids[position]][5] in ("Married-civ-spouse", "Married-AF-spouse", "Married-spouse-absent")
        assert data.X[position, 24] == (0.0 if married else 1.0)
        assert data.source[position, 0] == float(rows[data.ids[position]][0])
    assert not any("level that no training row has" in note for note in data.notes)


def test_iwpc():
    path = need("iwpc/iwpc-scaled.csv")
    data = load(DataSpec(name="iwpc"))
    assert data.X.shape == (3_855, 14) and data.X_test.shape == (964, 14)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    order = torch.randperm(4819, generator=torch.Generator().manual_seed(0))
    assert np.array_equal(data.ids, np.sort(order[:3855].numpy()))
    assert np.allclose(data.y, [float(rows[i]["dose"]) for i in data.ids])
    assert np.allclose(data.y_test, [float(rows[i]["dose"]) for i in np.sort(order[3855:].numpy())])
    assert data.columns(("vkorc1",)) == (11, 12)
    genotype = np.array([rows[i]["vkorc1"] for i in data.ids])
    assert np.array_equal(data.X[:, 11], genotype == "CT") and np.array_equal(data.X[:, 12], genotype == "TT")
    assert not data.X[genotype == "CC", 11:13].any()
    assert np.array_equal(data.X, data.source)
