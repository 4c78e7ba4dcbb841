"""Candidates without retraining against candidates that are retrained."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.attacks import candidates_newton
from fil_core.attacks.attribute import attribute_of
from fil_core.attacks.candidates import candidate_shifts
from fil_core.errors import SingularCurvature
from fil_core.linalg import sum_zero_basis
from fil_core.models import fit
from fil_core.specs import ModelSpec


def shifts(fitted, data, attribute, **options) -> np.ndarray:
    return torch.cat([shift for _, shift in candidate_shifts(fitted, data, attribute, **options)]).numpy()


def refitted(reference, attribute) -> np.ndarray:
    """theta of every example and value less theta, (n, k, d), by training anew."""
    columns = list(attribute.columns)
    thetas = [[reference.candidate(i, columns, v) for v in attribute.values] for i in range(len(reference.X))]
    moved = np.array(thetas) - reference.theta
    if reference.kind != "softmax":
        return moved
    V = sum_zero_basis(reference.T.shape[1]).numpy()  # Theta = V T
    return np.einsum("cf,nkcd->nkfd", V, moved.reshape(*moved.shape[:2], len(V), -1)).reshape(*moved.shape[:2], -1)


def errors(found, true, theta) -> tuple[float, float]:
    """The largest error relative to theta, and relative to the shift itself where that is not tiny."""
    off, far = np.linalg.norm(found - true, axis=2), np.linalg.norm(true, axis=2)
    seen = far > 1e-3 * far.max()
    return off.max() / np.linalg.norm(theta), (off[seen] / far[seen]).max()


def assert_near(found, true, theta, kind) -> None:
    """Promised are 1e-8 and 1e-6 of theta; kept is much more."""
    of_theta, of_shift = errors(found, true, theta)
    if kind == "least-squares":  # an identity: rounding (measured 3e-15 and 6e-13), times the curvature's condition
        assert of_theta <= 1e-13
        assert of_shift <= 1e-11
    else:  # Newton stops once what is left should be 1e-9 of the shift; measured 7e-10 and 4e-9
        assert of_theta <= 3e-9
        assert of_shift <= 1e-8


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("kind", "classes", "l2", "k"),
    [
        ("least-squares", 0, 0.0, 2), ("least-squares", 0, 0.01, 3), ("least-squares", 2, 0.0, 5),
        ("least-squares", 2, 0.1, 5), ("logistic", 2, 0.0, 2), ("logistic", 2, 0.01, 2), ("logistic", 2, 0.1, 3),
        ("logistic", 2, 1e-3, 5), ("softmax", 2, 0.01, 2), ("softmax", 3, 0.01, 3), ("softmax", 3, 1e-3, 2),
    ],
)  # fmt: skip
def test_candidates_equal_refits(kind, classes, l2, k, weighted, with_attribute, make_reference):
    data = with_attribute(classes=classes, k=k)
    attribute, spec = attribute_of(data, "kind"), ModelSpec(kind=kind, l2=l2)
    weights = np.random.default_rng(7).uniform(0.3, 2.0, data.n) if weighted else None
    reference = make_reference(spec, data, weights)
    true = refitted(reference, attribute)
    assert np.linalg.norm(true, axis=2).max() > 0.05 * np.linalg.norm(
        reference.theta
    )  # there is something to get wrong
    found = shifts(fit(spec, data, weights=weights), data, attribute)
    assert_near(found, true, reference.theta, kind)


@pytest.mark.parametrize(("kind", "classes"), [("least-squares", 0), ("logistic", 2), ("softmax", 3)])
def test_candidates_of_bins_equal_refits_though_no_value_is_the_true_one(kind, classes, with_attribute, make_reference):
    data, spec = with_attribute(classes=classes), ModelSpec(kind=kind, l2=0.02)
    attribute, reference = attribute_of(data, data.feature_names[-1], bins=4), make_reference(spec, data)
    found = shifts(fit(spec, data), data, attribute)
    assert_near(found, refitted(reference, attribute), reference.theta, kind)
    assert (np.abs(found).max(2) > 0).any(1).all()


@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
def test_the_value_that_an_example_has_changes_nothing(kind, with_attribute):
    data = with_attribute(classes=2)
    attribute = attribute_of(data, "kind")
    found = shifts(fit(ModelSpec(kind=kind, l2=0.01), data), data, attribute)
    assert (found[np.arange(data.n), attribute.codes] == 0).all()
    others = np.arange(attribute.k) != attribute.codes[:, None]
    assert (np.linalg.norm(found, axis=2)[others] > 0).all()


@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
def test_an_example_of_weight_zero_has_no_candidates_to_tell_apart(kind, with_attribute):
    data = with_attribute(classes=2)
    weights = np.ones(data.n)
    weights[5] = 0
    fitted = fit(ModelSpec(kind=kind, l2=0.01), data, weights=weights)
    assert np.abs(shifts(fitted, data, attribute_of(data, "kind"))[5]).max() == 0


@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
@pytest.mark.parametrize("rows", [1, 7])
def test_blocks_of_any_size_give_the_same(kind, rows, with_attribute):
    data = with_attribute(classes=2)
    attribute, fitted = attribute_of(data, "kind"), fit(ModelSpec(kind=kind, l2=0.01), data)
    whole, cut = (shifts(fitted, data, attribute, rows=r) for r in (None, rows))
    # Sums in another order; every candidate takes its own number of Newton steps, whatever block it is in.
    assert cut == pytest.approx(whole, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize(
    ("kind", "classes", "l2"), [("logistic", 2, 0.003), ("softmax", 2, 0.006), ("softmax", 3, 1e-4)]
)
@pytest.mark.parametrize("steps", [None, 0], ids=["those that need it", "every one"])
def test_a_heavy_example_gets_a_fit_of_its_own(kind, classes, l2, steps, with_attribute, make_reference, monkeypatch):
    data = with_attribute(classes=classes, n=14, d=2)
    data.X[4, 2:] *= 30
    attribute, spec = attribute_of(data, "kind"), ModelSpec(kind=kind, l2=l2)
    if steps is not None:
        monkeypatch.setattr(candidates_newton, "_STEPS", steps)
    alone, train = [], candidates_newton.NewtonCandidates._train
    monkeypatch.setattr(
        candidates_newton.NewtonCandidates, "_train", lambda self, row, x: alone.append(row) or train(self, row, x)
    )
    reference = make_reference(spec, data)
    found, true = shifts(fit(spec, data), data, attribute), refitted(reference, attribute)
    assert 0 < len(alone) < 28 if steps is None else len(alone) == 28  # of 14 examples and two other values each
    assert_near(found, true, reference.theta, kind)


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
