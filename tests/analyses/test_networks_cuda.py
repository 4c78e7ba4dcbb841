"""Networks on a GPU give what they give on the CPU."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.specs import DataSpec, NetworkRequest, NetworkSpec
from tests.analyses.example_requests import REQUESTS

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine"),
]

# Sums in another order: a few units in the last place in each of some dozens of steps. The noise of stochastic descent
# (si_sgd) divides by the smallest eigenvalues of its covariance, which rounding alone moves; it is compared elsewhere.
EACH = [
    pytest.param(request, id=f"{of}: {name}")
    for of, some in REQUESTS.items()
    for name, request in some.items()
    if isinstance(request, NetworkRequest | JointRequest)
]
IMAGES = {
    "cnn": NetworkSpec(kind="cnn", lr=0.05, time=5),
    "resnet18": NetworkSpec(kind="resnet18", lr=0.001, time=2),
    "single precision": NetworkSpec(width=32, lr=0.2, time=20, precision="float32"),
}


def answered(folder, request):
    """The answers on the CPU and on the card, each from an empty store."""
    return [Engine(Store(folder / on)).get(dataclasses.replace(request, device=on)) for on in ("cpu", "cuda")]


def check_same(one, other, *, close=1e-8):
    assert other.provenance["device"] == "cuda:0" and one.provenance["device"] == "cpu"
    assert list(one.table.index) == list(other.table.index) and list(one.table) == list(other.table)
    for name in one.table.select_dtypes("number"):
        if name == "si_sgd":
            continue
        a, b = (each.table[name].to_numpy(float) for each in (one, other))
        np.testing.assert_allclose(b, a, rtol=close, atol=close * np.nanmax(np.abs(a), initial=0), err_msg=name)


@pytest.mark.parametrize("request_", EACH)
def test_an_analysis_of_a_network(request_, tmp_path):
    check_same(*answered(tmp_path, request_))


@pytest.mark.parametrize("name", IMAGES)
def test_convolutions_and_single_precision(name, tmp_path):
    data = DataSpec(name="digits", classes=("3", "8"), subset=30)
    asked = UniqueInfoRequest(data=data, network=IMAGES[name], validation_size=10)
    # Convolutions choose their algorithm; single precision has seven digits, of which the differences lose some.
    check_same(*answered(tmp_path, asked), close=1e-6 if name != "single precision" else 1e-2)
