"""Parameters of a model that somebody else trained: accepted at an optimum of the stated objective, nowhere else."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from fil_core.errors import BadRequest, NotConverged, SingularCurvature
from fil_core.leakage.fil import fil, measure
from fil_core.models import fit
from fil_core.models.pretrained import FARTHEST, fit_at
from fil_core.specs import ModelSpec

KINDS = {
    "regression": (ModelSpec(kind="least-squares", l2=0.0), 0),
    "ridge": (ModelSpec(kind="least-squares", l2=0.05), 0),
    "least-squares": (ModelSpec(kind="least-squares", l2=0.01), 2),
    "logistic": (ModelSpec(kind="logistic", l2=0.02), 2),
    "softmax": (ModelSpec(kind="softmax", l2=0.03), 3),
}


@pytest.fixture(params=KINDS)
def trained(request, make_dataset):
    """A model of each kind, its data and its parameters."""
    spec, classes = KINDS[request.param]
    data = make_dataset(classes=classes, n=60, d=4, seed=3)
    return spec, data, fit(spec, data).theta.numpy()


def test_the_parameters_that_were_trained_here_are_an_optimum_and_leak_the_same(trained):
    spec, data, theta = trained
    given = fit_at(spec, data, theta)
    assert given.optimum.converged
    assert given.moved < 1e-14
    np.testing.assert_allclose(given.theta.numpy(), theta, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(fil(given, data), fil(fit(spec, data), data), rtol=1e-9)


def test_single_precision_is_moved_onto_the_optimum(trained):
    spec, data, theta = trained
    rounded = theta.astype(np.float32).astype(np.float64)
    assert rounded.tolist() != theta.tolist()
    given = fit_at(spec, data, rounded)
    assert given.optimum.converged
    assert given.moved == pytest.approx(np.linalg.norm(rounded - theta) / np.linalg.norm(theta), rel=1e-6)
    np.testing.assert_allclose(fil(given, data), fil(fit(spec, data), data), rtol=1e-9)


def test_a_short_newton_step_still_measures_the_optimum(make_dataset):
    """Near-separable classes: residuals and eta at parameters a thousandth off would be off by far more."""
    data, spec = make_dataset(classes=2, n=60, d=4, seed=3), ModelSpec(kind="logistic", l2=1e-6)
    theta = fit(spec, data).theta.numpy()
    given = fit_at(spec, data, theta * (1 - 5e-4))
    assert given.moved == pytest.approx(5e-4, rel=1e-3)
    exact = measure(fit(spec, data), data, prior_std=1.0)
    np.testing.assert_allclose(measure(given, data, prior_std=1.0)["eta"], exact["eta"], rtol=1e-7)
    np.testing.assert_allclose(measure(given, data, prior_std=1.0)["loo_shift"], exact["loo_shift"], rtol=1e-5)


def test_the_distance_is_that_of_a_newton_step(trained):
    """A step against a random direction is as far from the optimum as it is long, to first order."""
    spec, data, theta = trained
    aside = np.random.default_rng(2).standard_normal(theta.shape)
    if spec.kind == "softmax":
        aside -= aside.mean(axis=0)
    aside *= np.linalg.norm(theta) / np.linalg.norm(aside)
    assert fit_at(spec, data, theta + 0.9 * FARTHEST * aside).optimum.converged
    with pytest.raises(NotConverged, match="more than 0.001") as refusal:
        fit_at(spec, data, theta + 2 * FARTHEST * aside)
    assert float(str(refusal.value).split("move them by ")[1].split(" of")[0]) == pytest.approx(2 * FARTHEST, rel=0.1)


def test_weights_belong_to_the_objective(trained):
    spec, data, theta = trained
    weights = np.random.default_rng(5).uniform(0.5, 1.5, data.n)
    weighted = fit(spec, data, weights=weights)
    given = fit_at(spec, data, weighted.theta.numpy(), weights=weights)
    np.testing.assert_allclose(fil(given, data), fil(weighted, data), rtol=1e-6)
    for theta_of, weights_of in ((theta, weights), (weighted.theta.numpy(), None)):
        with pytest.raises(NotConverged):
            fit_at(spec, data, theta_of, weights=weights_of)


def test_weights_that_are_none_are_refused(trained):
    spec, data, theta = trained
    with pytest.raises(BadRequest, match="weights"):
        fit_at(spec, data, theta, weights=-np.ones(data.n))


# --- what is refused, and the hint ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
def test_the_opposite_sign_is_recognised(kind, make_dataset):
    spec, data = KINDS[kind][0], make_dataset(classes=2, n=60, d=4, seed=3)
    theta = fit(spec, data).theta.numpy()
    with pytest.raises(NotConverged, match=r"With the opposite sign they are one: the second class here is 'b'\."):
        fit_at(spec, data, -theta)


@pytest.mark.parametrize("kind", ["ridge", "least-squares", "logistic", "softmax"])
def test_another_penalty_is_recognised_and_named(kind, make_dataset):
    spec, classes = KINDS[kind]
    data = make_dataset(classes=classes, n=60, d=4, seed=3)
    other = dataclasses.replace(spec, l2=0.3)
    with pytest.raises(NotConverged, match=rf"{spec.kind} with l2 = {spec.l2:g} .* With l2 = 0\.3 they are"):
        fit_at(spec, data, fit(other, data).theta.numpy())


def test_a_penalty_that_was_not_multiplied_by_n_is_recognised(make_dataset):
    data = make_dataset(classes=2, n=60, d=4, seed=3)
    theta = fit(ModelSpec(kind="logistic", l2=0.3 / 60), data).theta.numpy()
    with pytest.raises(NotConverged, match=r"With l2 = 0\.005 they are one: the penalty here is .* n = 60"):
        fit_at(ModelSpec(kind="logistic", l2=0.3), data, theta)


def test_other_scaling_gets_the_general_hint(trained):
    spec, data, theta = trained
    scaled = theta / np.array([1.0, 20.0, 3.0, 0.1])
    with pytest.raises(NotConverged, match="Check that rows, scaling of the features"):
        fit_at(spec, data, scaled)


def test_the_other_class_as_first_is_no_optimum_of_a_regression(make_dataset):
    spec, data = KINDS["regression"][0], make_dataset(n=60, d=4, seed=3)
    with pytest.raises(NotConverged) as refusal:
        fit_at(spec, data, -fit(spec, data).theta.numpy())
    assert "opposite sign" not in str(refusal.value)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t[..., :-1], "expected the shape .*The features are x0, x1"),
        (lambda t: np.concatenate([t, t], axis=-1), "expected the shape .*The features are x0, x1"),
        (lambda t: t[None], "expected the shape .*The features are x0, x1"),
        (lambda t: np.where(np.arange(t.size).reshape(t.shape) == 1, np.nan, t), "expected finite numbers.*got nan"),
        (lambda t: np.where(np.arange(t.size).reshape(t.shape) == 1, np.inf, t), "expected finite numbers.*got inf"),
        (lambda t: 0 * t, "expected finite numbers.*got zeros only"),
    ],
    ids=["too few", "too many", "one more side", "NaN", "infinite", "all zero"],
)
def test_another_shape_and_what_is_no_number_are_refused(spoil, said, trained):
    spec, data, theta = trained
    with pytest.raises(BadRequest, match=said):
        fit_at(spec, data, spoil(theta))


def test_a_part_that_all_classes_have_in_common_is_named(make_dataset):
    spec, data = KINDS["softmax"][0], make_dataset(n=60, d=4, seed=3, classes=3)
    with pytest.raises(NotConverged, match="Less the mean of their rows they are one"):
        fit_at(spec, data, fit(spec, data).theta.numpy() + 5)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:])
def test_classes_in_another_order_are_named(order, intercept, make_dataset):
    """The order that is named is brute force's: of all orders of the file's rows, the only one that is an optimum."""
    spec, data = (
        dataclasses.replace(KINDS["softmax"][0], intercept=intercept),
        make_dataset(classes=3, n=60, d=4, seed=3),
    )
    theta = fit(spec, data).theta.numpy()
    given = theta[list(order)]
    optimal = [p for p in itertools.permutations(range(3)) if np.allclose(given[list(p)], theta)]
    in_file = [data.class_names[c] for c in np.argsort(optimal[0])]
    assert in_file == [data.class_names[c] for c in order]
    with pytest.raises(NotConverged, match=f"rows taken as those of the classes {', '.join(in_file)} they are one"):
        fit_at(spec, data, given)


def test_another_order_and_another_penalty_are_named_together(make_dataset):
    spec, data = KINDS["softmax"][0], make_dataset(classes=3, n=60, d=4, seed=3)
    theta = fit(dataclasses.replace(spec, l2=0.3), data).theta.numpy()
    with pytest.raises(NotConverged, match=r"classes b, a, c and l2 = 0\.3 they are one: the order here is a, b, c"):
        fit_at(spec, data, theta[[1, 0, 2]])
    spec, data = KINDS["logistic"][0], make_dataset(classes=2, n=60, d=4, seed=3)
    theta = fit(dataclasses.replace(spec, l2=0.3), data).theta.numpy()
    with pytest.raises(NotConverged, match=r"the opposite sign and l2 = 0\.3 they are one"):
        fit_at(spec, data, -theta)


@pytest.mark.parametrize("kind", ["least-squares", "logistic", "softmax"])
def test_the_order_is_a_likely_cause_where_most_predictions_are_wrong_but_not_in_another(kind, from_arrays):
    """Parameters of another scale are no optimum in any order, but predict as those that are."""
    spec, classes = KINDS[kind]
    X = np.random.default_rng(3).standard_normal((60, 4))
    data = from_arrays(X, X[:, :classes].argmax(1), classes=classes)
    fitted = fit(spec, data)
    theta = 3 * fitted.theta.numpy()
    given = theta[[1, 2, 0]] if kind == "softmax" else -theta
    right = fitted.score(data.X, data.y)
    assert right > 0.7
    with pytest.raises(NotConverged, match="may be in another order") as refusal:
        fit_at(spec, data, given)
    assert f"{right:.1%}; " in str(refusal.value)
    with pytest.raises(NotConverged) as refusal:
        fit_at(spec, data, theta)
    assert "another order" not in str(refusal.value)


def test_an_objective_without_a_single_optimum_has_none_to_be_at(make_dataset, from_arrays):
    data = make_dataset(n=60, d=4, seed=3)
    twice = from_arrays(np.hstack([data.X, data.X]), data.y)
    theta = fit(ModelSpec(kind="least-squares", l2=0.0), data).theta.numpy()
    with pytest.raises(SingularCurvature):
        fit_at(ModelSpec(kind="least-squares", l2=0.0), twice, np.concatenate([theta, theta]) / 2)


def test_the_parameters_are_not_written_to(trained):
    spec, data, theta = trained
    before = theta.copy()
    fitted = fit_at(spec, data, theta)
    fitted.theta.add_(1)
    assert theta.tolist() == before.tolist()
    assert fitted.theta.dtype == torch.float64
