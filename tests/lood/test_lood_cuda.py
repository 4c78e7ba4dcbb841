"""Gaussian processes on a GPU give what they give on the CPU."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.lood import gaussians
from fil_core.lood.gaussians import Gap
from fil_core.lood.kernels import kernel_of
from fil_core.lood.posterior import at_first_of, group_at_itself, posterior, twins
from fil_core.specs import KernelSpec
from fil_core.specs.kernel import KERNELS
from tests.analyses.example_requests import REQUESTS

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine"),
]
CLOSE = {"rtol": 1e-9, "atol": 1e-12}  # float64 on both, sums in another order


def on_both(measure):
    """What it gives on the CPU and on the card."""
    there = measure(torch.device("cuda"))
    assert all(each.device.type == "cuda" for each in there)
    for one, other in zip(measure(torch.device("cpu")), there, strict=True):
        np.testing.assert_allclose(other.cpu(), one, **CLOSE)


def problem():
    rng = np.random.default_rng(0)
    return [torch.from_numpy(rng.standard_normal(shape)) for shape in ((30, 12), (30, 3), (5, 12))]


@pytest.mark.parametrize("kind", KERNELS)
def test_kernels_and_their_derivatives(kind):
    X, _, Q = problem()
    kernel = kernel_of(KernelSpec(kind=kind, bias_std=0.1), shape=(2, 2, 3))

    def measure(device):
        moved = Q.to(device).requires_grad_(True)
        cross = kernel.cross(moved, X.to(device))
        (slope,) = torch.autograd.grad(cross.square().sum(), moved)
        return kernel.gram(X.to(device)), kernel.diagonal(X.to(device)), cross.detach(), slope

    on_both(measure)


@pytest.mark.parametrize("outputs", [1, 3])
def test_records_and_groups(outputs):
    X, Y, Q = problem()

    def measure(device):
        p = posterior(kernel_of(KernelSpec()), X.to(device), Y[:, :outputs].to(device), noise=0.1)
        rows = torch.tensor([[0, 3], [7, 2]], device=device)
        queries = p.at(Q.to(device))
        gaps = [p.own(), queries.single(), queries.joint()[0], queries.group(rows), group_at_itself(p, rows), at_first_of(p, rows)]  # noqa: E501 # fmt: skip
        return [gaussians.kl(each) for each in gaps] + [gaussians.auc(gaps[3]), p.mean, p.predict(Q.to(device)), *twins(p, 2)]  # noqa: E501 # fmt: skip

    on_both(measure)


@pytest.mark.parametrize("C", [1, 2, 10])
def test_curves(C):
    g, m = torch.tensor([0.0, 1e-9, 0.3, 50.0]).double(), torch.tensor([0.0, 0.5, 2.0, 0.1]).double()

    def measure(device):
        gap = Gap(g.to(device), m.to(device), C)
        eps = torch.full_like(gap.g, 2.0)
        found = [
            gaussians.auc(gap),
            gaussians.tpr_at(gap, 0.01),
            gaussians.advantage(gap),
            gaussians.delta_at(gap, eps),
        ]
        return [*found, *gaussians.curve(Gap(gap.g[2], gap.m[2], C), points=20)]

    on_both(measure)


def test_an_ascent_finds_the_record_on_the_card(tmp_path):
    (request,) = [one for name, one in REQUESTS["lood query"].items() if name == "images"]
    cpu, gpu = (
        Engine(Store(tmp_path / on)).get(dataclasses.replace(request, device=on, steps=300)) for on in ("cpu", "cuda")
    )
    assert gpu.provenance["device"] == "cuda:0" and gpu.table["reached"].all()
    for column in ("kl_own", "kl_query", "auc_query"):
        np.testing.assert_allclose(gpu.table[column], cpu.table[column], rtol=1e-6, err_msg=column)


@pytest.mark.parametrize("name", REQUESTS["lood"])
def test_the_analysis(name, tmp_path):
    cpu, gpu = (
        Engine(Store(tmp_path / on)).get(dataclasses.replace(REQUESTS["lood"][name], device=on))
        for on in ("cpu", "cuda")
    )
    assert (cpu.provenance["device"], gpu.provenance["device"]) == ("cpu", "cuda:0")
    for column in cpu.table.select_dtypes("number"):
        np.testing.assert_allclose(gpu.table[column], cpu.table[column], **CLOSE, err_msg=column)
