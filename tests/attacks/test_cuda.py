"""The attacks on a GPU give what they give on the CPU."""

from __future__ import annotations

import pytest
import torch

from fil_core.attacks.attribute import attribute_of
from fil_core.attacks.inference import infer
from fil_core.attacks.reconstruction import reconstruct
from fil_core.models import fit
from fil_core.specs import ModelSpec

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine"),
]


@pytest.mark.parametrize(("kind", "classes"), [("least-squares", 0), ("logistic", 2), ("softmax", 3)])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_attribute_inference(kind, classes, k, with_attribute):
    data = with_attribute(classes=classes, k=k)
    attribute, spec = attribute_of(data, "kind"), ModelSpec(kind=kind, l2=0.02)
    cpu, gpu = (
        infer(fit(spec, data, device=torch.device(d)), data, attribute, sigmas=(0.0, 0.1)) for d in ("cpu", "cuda")
    )
    for name in cpu.accuracy:
        # The same draws; a guess may tip over where two values are equally near to the last digit.
        assert gpu.accuracy[name] == pytest.approx(cpu.accuracy[name], abs=1e-3)


@pytest.mark.parametrize(("kind", "classes"), [("least-squares", 0), ("logistic", 2)])
def test_reconstruction(kind, classes, make_dataset):
    data, spec = make_dataset(classes=classes), ModelSpec(kind=kind, l2=0.02)
    cpu, gpu = (
        reconstruct(fit(spec, data, device=torch.device(d)), data, [3, 5], sigmas=[0.0, 0.05], prior_std=1.0)
        for d in ("cpu", "cuda")
    )
    for one, other in zip(cpu, gpu, strict=True):
        assert other.guess[0] == pytest.approx(one.guess[0], rel=1e-6, abs=1e-9)  # float64 on both
        assert other.squared_error_prior[1].mean() == pytest.approx(one.squared_error_prior[1].mean(), rel=1e-3)
        assert other.bound_unbiased == pytest.approx(one.bound_unbiased, rel=1e-9)
