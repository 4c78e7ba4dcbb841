"""Softmax models of many parameters: iterations in place of decompositions, with the same numbers to nine digits."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
import torch

from fil_core.analyses.fil.request import FilRequest, FilRowsRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.table import analysis_of
from fil_core.data import Raw
from fil_core.data.loading import assemble
from fil_core.engine import Engine, run
from fil_core.engine.store import Store
from fil_core.leakage import fil as leakage
from fil_core.leakage import softmax
from fil_core.leakage.fil import fil, group_fil, jacobians, measure
from fil_core.linalg import CholeskyCurvature, Curvature
from fil_core.linalg import curvature as curvatures
from fil_core.models import fit
from fil_core.models import softmax as fits
from fil_core.specs import DataSpec, ModelSpec, families

DIGITS = 1e-9  # of eta, relative
parts = import_module("fil_core.analyses.fil.parts")  # the package names its function so


def examples(n, d, classes, *, seed=0, intercept=False):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    X = rng.standard_normal((n, d)) * np.geomspace(1, 0.05, d) + rng.standard_normal((classes, d))[y] * 0.3
    raw = Raw(
        X=X[: n - 5], y=y[: n - 5], ids=np.arange(n - 5), X_test=X[n - 5 :], y_test=y[n - 5 :],
        class_names=tuple(f"c{c}" for c in range(classes)), feature_names=tuple(f"x{j}" for j in range(d)),
        intercept=intercept,
    )  # fmt: skip
    return assemble(raw, DataSpec(name="made", preprocess="unit-ball"), title="made", task="classification")


def fitted_to(dataset, l2=1e-3, weights=None):
    return fit(ModelSpec(kind="softmax", l2=l2), dataset, weights=weights)


@pytest.fixture
def everything_is_large(monkeypatch):
    """Small models take the way of large ones."""
    monkeypatch.setattr(families, "LARGE", 3)
    for module in (curvatures, softmax, fits, leakage):
        monkeypatch.setattr(module, "LARGE", 3)
    monkeypatch.setattr(softmax, "_DENSE", 2)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("l2", [1e-1, 1e-3, 1e-6])
def test_every_measure_is_that_of_the_decompositions(monkeypatch, intercept, l2, request):
    dataset = examples(65, 12, 4, intercept=intercept)
    weights = np.random.default_rng(1).uniform(0, 2, dataset.n)
    weights[3] = 0
    weights /= weights.mean()
    small = fitted_to(dataset, l2, weights)
    expected = measure(small, dataset, prior_std=0.3, sigma=0.5)
    group = group_fil(small, dataset, [1, 2, 7, 9])
    along = jacobians(small.terms(dataset), slice(0, 5)).directions()
    of_attribute = fil(small, dataset, columns=[2, 3, 4, 5])
    assert isinstance(small.curvature, Curvature)
    assert not isinstance(small.curvature, CholeskyCurvature)

    request.getfixturevalue("everything_is_large")
    large = fitted_to(dataset, l2, weights)
    assert isinstance(large.curvature, CholeskyCurvature)
    assert large.intercept is intercept
    torch.testing.assert_close(large.theta, small.theta, rtol=1e-9, atol=1e-11)
    assert large.curvature.condition == pytest.approx(small.curvature.condition, rel=0.05)
    found = measure(large, dataset, prior_std=0.3, sigma=0.5)
    for name in ("eta", "dfil", "leverage", "loo_shift", "bound_prior"):
        assert found[name].to_numpy() == pytest.approx(expected[name].to_numpy(), rel=1e-7, abs=1e-12), name
    assert np.abs(found["eta"] / expected["eta"].where(expected["eta"] > 0) - 1).max() < DIGITS
    known = found["bound_unbiased"].notna()
    assert known.all() or l2 == 1e-6  # otherwise H^-2 keeps enough digits
    assert found["bound_unbiased"][known].to_numpy() == pytest.approx(expected["bound_unbiased"][known], rel=1e-3)
    assert group_fil(large, dataset, [1, 2, 7, 9]) == pytest.approx(group, rel=DIGITS)
    assert fil(large, dataset, columns=[2, 3, 4, 5]).numpy() == pytest.approx(of_attribute.numpy(), rel=1e-8)
    turned = jacobians(large.terms(dataset), slice(0, 5)).directions()
    assert ((turned * along).sum(1).abs()[[0, 1, 2, 4]] > 1 - 1e-9).all()  # the one of weight 0 has none


@pytest.fixture(scope="module")
def ten_classes():
    dataset = examples(125, 260, 10)
    return dataset, fitted_to(dataset)


def test_ten_classes_of_many_features_have_the_eta_of_dense_eigenvalues(ten_classes):
    dataset, fitted = ten_classes
    assert isinstance(fitted.curvature, CholeskyCurvature)  # 2,340 parameters
    assert fitted.optimum.grad_norm < 1e-10
    eta = fil(fitted, dataset).numpy()
    J = jacobians(fitted.terms(dataset), slice(0, 50))
    dense = torch.linalg.eigvalsh(J.gram.dense())[:, -1].sqrt().numpy()
    assert np.abs(eta[:50] / dense - 1).max() < DIGITS
    formed = J._feature_jacobians(torch.arange(3))
    spectra = torch.linalg.svdvals(formed).square()
    assert J.bound_unbiased(1.0)[:3].numpy() == pytest.approx((1 / spectra).mean(1).numpy(), rel=1e-8)
    assert J.bound_prior(1.0, 0.1)[:3].numpy() == pytest.approx((1 / (spectra + 100)).mean(1).numpy(), rel=1e-10)


def test_parts_make_the_answer_and_are_taken_up_again(tmp_path, monkeypatch, everything_is_large):
    monkeypatch.setattr(parts, "ROWS", 40)
    data = DataSpec(name="digits", classes=("0", "1", "2"), subset=90, pca=6)
    request = FilRequest(data=data, model=ModelSpec(kind="softmax"), sigma=0.5)
    whole = Engine(Store(tmp_path / "whole"))
    fits_made = []
    monkeypatch.setattr(run, "analysis_of", lambda one: fits_made.append(type(one)) or analysis_of(one))
    result = whole.get(request)
    assert fits_made.count(FitRequest) <= 2  # looked up and computed once for three parts and the rest
    asked = parts.parts(request, whole.dataset(data), {})
    assert [(one.first, one.last) for one in asked] == [(0, 40), (40, 80), (80, 90)]
    assert [len(whole.find(one).table) for one in asked] == [40, 40, 10]

    monkeypatch.setattr(parts, "ROWS", 1000)
    one_piece = Engine(Store(tmp_path / "one")).get(request)
    assert list(result.table) == list(one_piece.table)
    for name in ("eta", "bound_unbiased", "membership_auc"):
        assert result.table[name].to_numpy() == pytest.approx(one_piece.table[name].to_numpy(), rel=1e-12)

    monkeypatch.setattr(parts, "ROWS", 40)
    whole.store.delete(whole.key(request))
    computed, compute = [], Engine._compute
    monkeypatch.setattr(Engine, "_compute", lambda self, one, *more: computed.append(one) or compute(self, one, *more))
    assert whole.get(request).table["eta"].tolist() == result.table["eta"].tolist()
    assert computed == [request]  # and nothing of what is stored


def test_only_the_leakiest_get_bounds_and_it_is_said(tmp_path, monkeypatch, everything_is_large):
    monkeypatch.setattr(leakage, "bounded", lambda d: 7)
    data = DataSpec(name="digits", classes=("0", "1", "2"), subset=90, pca=6)
    result = Engine(Store(tmp_path)).get(FilRequest(data=data, model=ModelSpec(kind="softmax")))
    for name in ("bound_unbiased", "bound_prior"):
        known = result.table[result.table[name].notna()]
        assert set(known.index) == set(result.table["eta"].nlargest(7).index)
    assert sum("7 examples of largest eta" in warning for warning in result.provenance["warnings"]) == 1


def test_rows_that_do_not_exist_are_refused(tmp_path):
    data = DataSpec(name="digits", classes=("0", "1", "2"), subset=90, pca=6)
    asked = FilRowsRequest(data=data, model=ModelSpec(kind="softmax"), first=80, last=100)
    with pytest.raises(Exception, match="90"):
        Engine(Store(tmp_path)).get(asked)
