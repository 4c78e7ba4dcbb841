"""Candidates without retraining against candidates that are retrained."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.attacks import candidates
from fil_core.attacks.attribute import Attribute, attribute_of
from fil_core.attacks.candidates import candidate_shifts
from fil_core.errors import BadRequest, SingularCurvature
from fil_core.models import fit
from fil_core.specs import ModelSpec


def refitted(spec, data, attribute: Attribute, weights=None) -> np.ndarray:
    """theta of every example and value, (n, k, d), by training anew."""
    found = np.empty((data.n, attribute.k, data.d))
    for i in range(data.n):
        for v in range(attribute.k):
            X = data.X.copy()
            X[i, list(attribute.columns)] = attribute.values[v]
            found[i, v] = fit(spec, dataclasses.replace(data, X=X), weights=weights).theta.numpy()
    return found


def shifts(fitted, data, attribute, **options) -> np.ndarray:
    return torch.cat([shift for _, shift in candidate_shifts(fitted, data, attribute, **options)]).numpy()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("kind", "classes", "l2", "k"),
    [
        ("least-squares", 0, 0.0, 2), ("least-squares", 0, 0.01, 3), ("least-squares", 2, 0.1, 5),
        ("logistic", 2, 0.01, 2), ("logistic", 2, 0.1, 3), ("logistic", 2, 1e-3, 5),
    ],
)  # fmt: skip
def test_candidates_equal_refits(kind, classes, l2, k, weighted, with_attribute):
    data = with_attribute(classes=classes, k=k)
    attribute, spec = attribute_of(data, "kind"), ModelSpec(kind=kind, l2=l2)
    weights = np.random.default_rng(7).uniform(0.3, 2.0, data.n) if weighted else None
    fitted = fit(spec, data, weights=weights)
    found = shifts(fitted, data, attribute)
    true = refitted(spec, data, attribute, weights) - fitted.theta.numpy()
    # Rank one is exact; Newton stops at 1e-9 of the shift. Promised are 1e-8 and 1e-6 of theta.
    limit = 1e-11 if kind == "least-squares" else 1e-8
    far = np.linalg.norm(true, axis=2)
    assert np.abs(found - true).max() <= limit * np.linalg.norm(fitted.theta.numpy())
    seen = far > 1e-3 * far.max()
    assert (np.linalg.norm(found - true, axis=2)[seen] / far[seen]).max() <= 1e4 * limit


@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
def test_the_value_that_an_example_has_changes_nothing(kind, with_attribute):
    data = with_attribute(classes=2)
    attribute = attribute_of(data, "kind")
    found = shifts(fit(ModelSpec(kind=kind, l2=0.01), data), data, attribute)
    assert (found[np.arange(data.n), attribute.codes] == 0).all()
    others = np.arange(attribute.k) != attribute.codes[:, None]
    assert (np.linalg.norm(found, axis=2)[others] > 0).all()


@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
def test_an_example_of_weight_zero_has_no_candidates_to_tell_apart(kind, with_attribute):
    data = with_attribute(classes=2)
    weights = np.ones(data.n)
    weights[5] = 0
    fitted = fit(ModelSpec(kind=kind, l2=0.01), data, weights=weights)
    assert np.abs(shifts(fitted, data, attribute_of(data, "kind"))[5]).max() == 0


@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
@pytest.mark.parametrize("rows", [1, 7])
def test_blocks_of_any_size_give_the_same(kind, rows, with_attribute):
    data = with_attribute(classes=2)
    attribute, fitted = attribute_of(data, "kind"), fit(ModelSpec(kind=kind, l2=0.01), data)
    whole, cut = (shifts(fitted, data, attribute, rows=r) for r in (None, rows))
    # Sums in another order; and for Newton another last step.
    assert cut == pytest.approx(whole, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("alone", [False, True], ids=["together", "each by a fit of its own"])
def test_a_heavy_example_of_a_logistic_model_still_arrives(alone, with_attribute, monkeypatch):
    data = with_attribute(classes=2, n=14, d=2)
    data.X[4, 2:] *= 30
    if alone:
        monkeypatch.setattr(candidates, "_STEPS", 0)
    attribute, spec = attribute_of(data, "kind"), ModelSpec(kind="logistic", l2=0.003)
    fitted = fit(spec, data)
    true = refitted(spec, data, attribute) - fitted.theta.numpy()
    # Both fits end at a gradient of 1e-10 of its scale, and the curvature's condition number is about 1e3.
    assert np.abs(shifts(fitted, data, attribute) - true).max() <= 1e-6 * np.linalg.norm(fitted.theta.numpy())


def test_a_model_of_several_scores_is_refused_by_name(with_attribute):
    data = with_attribute(classes=3)
    fitted = fit(ModelSpec(kind="softmax", l2=0.1), data)
    with pytest.raises(BadRequest, match="expected a model of least-squares or logistic; got softmax"):
        next(candidate_shifts(fitted, data, attribute_of(data, "kind")))


def test_without_a_penalty_nobody_may_be_indispensable(with_attribute):
    data = with_attribute(k=3)
    data.X[:, 0] = 0
    data.X[9, :2] = [1, 0]  # the only one of its value, on which a parameter rests
    data = dataclasses.replace(data, source=data.X)
    attribute = attribute_of(data, "kind")
    with pytest.raises(SingularCurvature, match="expected l2 > 0"):
        shifts(fit(ModelSpec(l2=0.0), data), data, attribute)
    assert np.isfinite(shifts(fit(ModelSpec(l2=1e-3), data), data, attribute)).all()


def test_progress_is_told_and_may_stop_the_work(with_attribute):
    data = with_attribute()
    seen = []

    def stop(done, total, what):
        seen.append((done, total, what))
        if done:
            raise KeyboardInterrupt

    fitted = fit(ModelSpec(l2=0.1), data)
    with pytest.raises(KeyboardInterrupt):
        shifts(fitted, data, attribute_of(data, "kind"), rows=10, progress=stop)
    assert [s[:2] for s in seen] == [(0, 40), (10, 40)]
