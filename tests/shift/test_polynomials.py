"""Eta of records through powers of their features: refitting, dense formulas, and plain eta at the first power."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.influence.linear import examples_of
from fil_core.leakage.fil import fil, group_fil
from fil_core.models import Fitted, fit
from fil_core.models.fitted import model_of
from fil_core.shift import polynomials
from fil_core.shift.outside import eta_outside
from fil_core.shift.overfitting import leaks_of_features, leaks_of_powers
from fil_core.shift.polynomials import Powers, highest_powers, jacobians_through, powers_of
from fil_core.specs import ModelSpec
from tests.conftest import dataset_of, random_dataset
from tests.reference import class_steps, spectral_norm

KINDS = [("least-squares", 0), ("logistic", 2), ("softmax", 3)]
STEP = 1e-5
CLOSE = 1e-7  # of central differences at that step, relative to the largest entry


def problem(kind: str, classes: int, degree: int, *, intercept: bool = False, standardise: bool = True):
    dataset = random_dataset(classes=classes, n=30, d=3)
    powers = powers_of(dataset.X, degree, standardise=standardise)
    spec = ModelSpec(kind=kind, l2=0.01, intercept=intercept)
    return dataset, powers, fit(spec, powers.dataset(dataset))


def optimum(fitted: Fitted, powers: Powers, X: np.ndarray, y: np.ndarray, dataset) -> torch.Tensor:
    """The parameters that training on other features and targets gives, in the coordinates of the family."""
    moved = fit(fitted.spec, dataclasses.replace(powers.dataset(dataset), X=powers.inputs(X), y=y))
    return model_of(fitted.spec).coordinates(moved.theta).flatten()


def formed(fitted: Fitted, powers: Powers, dataset) -> torch.Tensor:
    """All Jacobians in the coordinates of the family, (n, N, f + k)."""
    train = examples_of(fitted, powers.inputs(dataset.X), dataset.y, fitted.weights)
    blocks = jacobians_through(fitted, powers, train, dataset.X)
    return fitted.curvature.vectors @ torch.cat([J for J, _ in blocks])


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("kind", "classes"), KINDS)
def test_the_first_power_as_it_is_has_plain_eta(kind, classes, intercept):
    dataset, powers, fitted = problem(kind, classes, 1, intercept=intercept, standardise=False)
    held_out = (dataset.X_test, dataset.y_test)
    found, plain = leaks_of_powers(fitted, powers, dataset, held_out), leaks_of_features(fitted, dataset, held_out)
    for leaks in (found, plain):
        # The same numbers from the same eigenvectors in another order of sums.
        np.testing.assert_allclose(leaks.eta, fil(fitted, dataset), rtol=1e-12)
        np.testing.assert_allclose(leaks.held_out, eta_outside(fitted, *held_out), rtol=1e-12)
        np.testing.assert_allclose(leaks.whole, group_fil(fitted, dataset, range(dataset.n)), rtol=1e-12)
    np.testing.assert_allclose(found.leverage, plain.leverage, rtol=1e-12)
    np.testing.assert_allclose(found.unique, plain.unique, rtol=1e-12)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("kind", "classes"), KINDS)
def test_a_feature_moves_the_optimum_by_its_column(kind, classes, intercept):
    dataset, powers, fitted = problem(kind, classes, 3, intercept=intercept)
    J = formed(fitted, powers, dataset)
    for i in (0, 7):
        for j in range(dataset.d):
            ends = []
            for sign in (1, -1):
                X = dataset.X.copy()
                X[i, j] += sign * STEP
                ends.append(optimum(fitted, powers, X, dataset.y, dataset))
            moved = (ends[0] - ends[1]) / (2 * STEP)
            torch.testing.assert_close(J[i, :, j], moved, atol=CLOSE * float(moved.abs().max()), rtol=0)


def test_a_target_moves_the_optimum_by_the_last_column():
    dataset, powers, fitted = problem("least-squares", 0, 3)
    J, y = formed(fitted, powers, dataset), dataset.y.copy()
    y[4] += 1.0  # the optimum is linear in the targets
    moved = optimum(fitted, powers, dataset.X, y, dataset) - fitted.theta
    torch.testing.assert_close(J[4, :, -1], moved, atol=1e-10, rtol=1e-9)


@pytest.mark.parametrize(("kind", "classes"), KINDS)
def test_eta_and_that_of_all_together_are_spectral_norms(kind, classes):
    dataset, powers, fitted = problem(kind, classes, 3, intercept=True)
    J = formed(fitted, powers, dataset).numpy()
    found = leaks_of_powers(fitted, powers, dataset, (dataset.X_test, dataset.y_test))
    np.testing.assert_allclose(found.eta, [spectral_norm(one) for one in J], rtol=1e-10)
    np.testing.assert_allclose(found.whole, spectral_norm(np.concatenate(list(J), 1)), rtol=1e-10)
    assert found.whole >= found.eta.max() and found.whole**2 <= (found.eta**2).sum()


def test_held_out_records_are_measured_as_if_they_moved_a_term_of_the_objective():
    dataset, powers, fitted = problem("logistic", 2, 2)
    x, y = dataset.X_test[3], dataset.y_test[3]
    H = (fitted.curvature.vectors * fitted.curvature.values) @ fitted.curvature.vectors.T

    def gradient(features: torch.Tensor) -> torch.Tensor:
        phi = torch.from_numpy(powers.inputs(features.numpy()[None])[0])
        return (torch.sigmoid(fitted.theta @ phi) - y) * phi

    columns = []
    for j in range(dataset.d):
        step = np.eye(dataset.d)[j] * STEP
        columns.append((gradient(torch.from_numpy(x + step)) - gradient(torch.from_numpy(x - step))) / (2 * STEP))
    columns.append(-torch.from_numpy(powers.inputs(x[None])[0]))
    expected = spectral_norm(torch.linalg.solve(H, torch.stack(columns, 1)).numpy())
    found = leaks_of_powers(fitted, powers, dataset, (dataset.X_test, dataset.y_test))
    np.testing.assert_allclose(found.held_out[3], expected, rtol=CLOSE)


def test_a_step_from_one_class_to_another_has_length_one():
    dataset, powers, fitted = problem("softmax", 3, 2)
    found = formed(fitted, powers, dataset)[5, :, dataset.d :]
    phi = torch.from_numpy(powers.inputs(dataset.X)[5])
    H = (fitted.curvature.vectors * fitted.curvature.values) @ fitted.curvature.vectors.T
    steps = model_of(fitted.spec).coordinates(torch.from_numpy(class_steps(3)))
    expected = torch.linalg.solve(H, torch.stack([torch.kron(one, phi) for one in steps.T], 1))
    # In another basis of the simplex, which leaves singular values.
    torch.testing.assert_close(torch.linalg.svdvals(found), torch.linalg.svdvals(expected), rtol=1e-10, atol=0)


@pytest.mark.parametrize("values", [1, 500, 2**23])
def test_blocks_change_nothing(values, monkeypatch):
    dataset, powers, fitted = problem("softmax", 3, 3, intercept=True)
    whole = leaks_of_powers(fitted, powers, dataset, (dataset.X_test, dataset.y_test))
    monkeypatch.setitem(polynomials._BLOCK, "cpu", values)
    found = leaks_of_powers(fitted, powers, dataset, (dataset.X_test, dataset.y_test))
    for name in ("eta", "leverage", "unique", "held_out", "whole"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-12)


def test_powers_are_standardised_on_the_training_rows_and_slopes_are_their_derivatives():
    X = np.random.default_rng(0).normal(3.0, 2.0, (25, 2))
    powers = powers_of(X, 4)
    phi = powers.inputs(X)
    np.testing.assert_allclose(phi.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(phi.std(0), 1, rtol=1e-12)
    assert powers.feature.tolist() == [0, 1] * 4 and powers.power.tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    for j in range(2):
        step = np.eye(2)[j] * STEP
        moved = (powers.inputs(X + step) - powers.inputs(X - step)) / (2 * STEP)
        np.testing.assert_allclose(np.where(powers.feature == j, powers.slopes(X), 0), moved, rtol=1e-8, atol=1e-8)


def test_a_column_of_few_values_has_no_powers_that_are_copies():
    X = np.stack([np.ones(6), [0, 1, 0, 1, 1, 0], [0, 1, 2, 0, 1, 2], np.arange(6.0)], 1)
    assert highest_powers(X, 4).tolist() == [1, 1, 2, 4]
    powers = powers_of(X, 4)
    assert sorted(zip(powers.feature, powers.power, strict=True)) == [
        (0, 1), (1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (3, 4)
    ]  # fmt: skip
    phi = powers.inputs(X)
    np.testing.assert_array_equal(phi[:, 0], 1)  # a constant stays as it is
    assert np.linalg.matrix_rank(phi[:, powers.feature == 3]) == 4


def test_powers_have_names():
    X = np.random.default_rng(0).normal(size=(9, 2))
    raised = powers_of(X, 2).dataset(dataset_of(X, X[:, 0]))
    assert raised.feature_names == ("x0", "x1", "x0^2", "x1^2") and raised.d == 4 and not raised.groups
