"""eta in two passes over blocks against `fit` and `fil` on the same rows at once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fil_core.data import load
from fil_core.errors import BadRequest, SingularCurvature
from fil_core.leakage.fil import fil
from fil_core.models import fit
from fil_core.out_of_core.streaming import fil_of_blocks
from fil_core.specs import DataSpec, ModelSpec

ROUNDING = {"rtol": 1e-12, "atol": 0}  # sums in another order; the condition number here is below 100


@pytest.fixture(scope="module")
def dataset():
    return load(DataSpec(name="synthetic:600x9", preprocess="standardise"))


def cut(dataset, sizes):
    X, y = torch.from_numpy(dataset.X), torch.from_numpy(2 * dataset.y - 1)
    return lambda: zip(X.split(sizes), y.split(sizes), strict=True)


@pytest.mark.parametrize("sizes", [[600], [1, 250, 0, 349], [0, 600], [7] * 85 + [5]])
@pytest.mark.parametrize("l2", [0.0, 1e-2])
def test_equals_fit_and_fil_for_blocks_of_any_size(dataset, sizes, l2):
    fitted = fit(ModelSpec(kind="least-squares", l2=l2), dataset)
    theta, curvature, eta = fil_of_blocks(cut(dataset, sizes), l2=l2)
    torch.testing.assert_close(eta, fil(fitted, dataset), **ROUNDING)
    torch.testing.assert_close(curvature.values, fitted.curvature.values, **ROUNDING)
    # An entry of theta may be small next to the whole, and is known to rounding of the whole.
    assert float((theta - fitted.theta).norm()) <= 1e-12 * float(fitted.theta.norm())


def test_eta_scales_as_one_over_sigma(dataset):
    blocks = cut(dataset, [200, 400])
    torch.testing.assert_close(
        fil_of_blocks(blocks, l2=0.1, sigma=4.0)[2], fil_of_blocks(blocks, l2=0.1)[2] / 4, rtol=1e-15, atol=0
    )


def test_inputs_are_not_written_to(dataset):
    before = dataset.X.copy()
    fil_of_blocks(cut(dataset, [300, 300]), l2=1e-3)
    assert np.array_equal(dataset.X, before)


@pytest.mark.parametrize("blocks", [[], [(torch.zeros(0, 3).double(), torch.zeros(0).double())]])
def test_no_examples_are_refused(blocks):
    with pytest.raises(BadRequest, match="at least one example"):
        fil_of_blocks(lambda: blocks, l2=1e-3)


def passes(*each):
    """Blocks that are others each time they are asked for."""
    coming = iter(each)
    return lambda: next(coming)


def test_a_second_pass_of_another_length_is_refused(dataset):
    whole = list(cut(dataset, [200, 400])())
    with pytest.raises(BadRequest, match="got 600, then 200"):
        fil_of_blocks(passes(whole, whole[:1]), l2=1e-3)
    with pytest.raises(BadRequest, match="got 200, then 600"):
        fil_of_blocks(passes(whole[:1], whole), l2=1e-3)


def test_an_iterator_that_is_used_up_is_refused(dataset):
    once = iter(list(cut(dataset, [600])()))
    with pytest.raises(BadRequest, match="got 600, then 0"):
        fil_of_blocks(lambda: once, l2=1e-3)


def test_a_second_pass_of_other_rows_is_refused(dataset):
    ((X, y),) = cut(dataset, [600])()
    with pytest.raises(BadRequest, match="Seed each block"):
        fil_of_blocks(passes([(X, y)], [(X, y.flip(0))]), l2=1e-3)


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ((torch.ones(4, 3).double(), torch.ones(4).double()), r"expected X \(m, 9\)"),
        ((torch.ones(4, 9).double(), torch.ones(5).double()), r"expected X \(m, 9\)"),
        ((torch.ones(4, 9).double(), torch.ones(4, 1).double()), r"and y \(m,\)"),
        ((torch.ones(4, 9), torch.ones(4).double()), "expected float64"),
    ],
)
def test_blocks_that_do_not_fit_are_refused(dataset, block, text):
    with pytest.raises(BadRequest, match=text):
        fil_of_blocks(lambda: [*cut(dataset, [600])(), block], l2=1e-3)


@pytest.mark.parametrize(("name", "value"), [("l2", -1.0), ("l2", float("nan")), ("sigma", 0.0)])
def test_numbers_out_of_range_are_refused(dataset, name, value):
    with pytest.raises(BadRequest, match=name):
        fil_of_blocks(cut(dataset, [600]), **{"l2": 1e-3} | {name: value})


def test_dependent_columns_are_refused_without_a_penalty(dataset):
    ((X, y),) = cut(dataset, [600])()
    with pytest.raises(SingularCurvature):
        fil_of_blocks(lambda: [(torch.cat([X, X[:, :1]], 1), y)], l2=0.0)
