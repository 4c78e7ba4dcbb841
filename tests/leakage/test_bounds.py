"""What stands beside eta: dFIL, leakage of each feature, directions, error bounds, leverage, leaving one out."""

from __future__ import annotations

import numpy as np
import pytest

from fil_core.errors import FilError
from fil_core.leakage.fil import jacobians, measure
from fil_core.models import fit
from fil_core.specs import ModelSpec
from tests.conftest import dataset_of

EXACT = {"rel": 1e-9, "abs": 1e-13}  # dense and structured forms of the same float64 numbers
SIGMA, PRIOR = 0.3, 0.8


def all_of(problem):
    return jacobians(problem.fitted.terms(problem.dataset), slice(None))


def one_of(problem, i):
    return jacobians(problem.fitted.terms(problem.dataset), slice(i, i + 1))


def dense(problem):
    """(i, J_x) of each example of positive weight."""
    return [(i, problem.reference.feature_jacobian(i)) for i in range(problem.dataset.n) if problem.weights[i]]


def table_of(problem, **options):
    return measure(problem.fitted, problem.dataset, **({"sigma": SIGMA, "prior_std": PRIOR} | options))


def test_dfil_is_the_mean_square_of_the_feature_jacobian(problem):
    dfil = table_of(problem)["dfil"].to_numpy()
    for i, J in dense(problem):
        assert dfil[i] == pytest.approx((J**2).sum() / (SIGMA**2 * problem.dataset.d), **EXACT)


def test_leakage_of_each_feature(problem):
    squares = all_of(problem).feature_squares().numpy()
    for i, J in dense(problem):
        assert squares[i] == pytest.approx((J**2).sum(0), rel=1e-9, abs=1e-12 * (J**2).sum())
    np.testing.assert_allclose(squares.sum(1), all_of(problem).trace().numpy(), rtol=1e-11, atol=1e-14)


def test_the_gram_matrix_of_one_example(problem):
    for i, J in dense(problem)[:6]:
        gram = one_of(problem, i).feature_gram().numpy()
        np.testing.assert_allclose(gram, J.T @ J, rtol=1e-8, atol=1e-11 * np.linalg.norm(J) ** 2)


def test_the_direction_is_the_top_right_singular_vector(problem):
    V = all_of(problem).directions().numpy()
    for i, J in dense(problem):
        _, S, Vt = np.linalg.svd(J)
        assert np.linalg.norm(V[i]) == pytest.approx(1, rel=1e-12)
        assert np.linalg.norm(J @ V[i]) == pytest.approx(S[0], rel=1e-9)
        if len(S) == 1 or S[1] < 0.95 * S[0]:  # the vector is only as well defined as the gap is wide
            assert abs(Vt[0] @ V[i]) == pytest.approx(1, abs=1e-8)


def test_the_floor_of_unbiased_attackers(problem):
    table = table_of(problem)
    for i, J in dense(problem):
        information = J.T @ J / SIGMA**2
        floor = np.trace(np.linalg.inv(information)) / problem.dataset.d
        # The inverse loses the square of J's condition number, here at most 1e6.
        assert table["bound_unbiased"].iloc[i] == pytest.approx(floor, rel=1e-6)
        assert table["bound_unbiased"].iloc[i] >= (1 - 1e-9) / table["dfil"].iloc[i]


@pytest.mark.parametrize("prior", [1e-3, PRIOR, 1e3])
def test_the_floor_of_attackers_with_a_prior(problem, prior):
    table = table_of(problem, prior_std=prior)
    d = problem.dataset.d
    for i, J in dense(problem):
        bayes = np.linalg.inv(J.T @ J / SIGMA**2 + np.eye(d) / prior**2)
        assert table["bound_prior"].iloc[i] == pytest.approx(np.trace(bayes) / d, rel=1e-6)
    assert (table["bound_prior"] <= prior**2 * (1 + 1e-12)).all()
    assert (table["bound_prior"] <= table["bound_unbiased"] * (1 + 1e-6)).all()
    assert (table["bound_prior"] > 0).all()


def test_a_vague_prior_gives_the_floor_without_one(problem):
    table = table_of(problem, prior_std=1e6)
    seen = problem.weights > 0
    narrow = np.isfinite(table["bound_unbiased"]) & (table["bound_unbiased"] < 1e6) & seen
    assert narrow.mean() > 0.5
    np.testing.assert_allclose(table["bound_prior"][narrow], table["bound_unbiased"][narrow], rtol=1e-4)


def test_leverage(problem):
    expected = [problem.reference.leverage(i) for i in range(problem.dataset.n)]
    leverage = table_of(problem)["leverage"].to_numpy()
    assert leverage == pytest.approx(expected, **EXACT)
    assert (leverage >= 0).all()
    if problem.spec.kind == "least-squares":
        assert (leverage < 1).all()
        if problem.spec.penalty == 0:
            assert leverage.sum() == pytest.approx(problem.dataset.d, rel=1e-9)  # trace of the hat matrix


def test_an_example_that_alone_determines_a_direction_has_no_shift():
    """Without row 0 the last column is zero: every value of its coefficient is an optimum."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(30, 3)), np.eye(30)[:, 0]])
    assert np.linalg.matrix_rank(X[1:]) == 3
    dataset = dataset_of(X, rng.normal(size=30))
    table = measure(fit(ModelSpec(l2=0.0), dataset), dataset, prior_std=PRIOR)
    assert table["leverage"].iloc[0] == pytest.approx(1, abs=1e-12)
    assert table.columns[table.isna().any()].tolist() == ["loo_shift", "membership_auc"]
    assert table["loo_shift"].isna().tolist() == [True] + 29 * [False]
    penalised = measure(fit(ModelSpec(l2=1e-3), dataset), dataset, prior_std=PRIOR)
    assert np.isfinite(penalised["loo_shift"]).all() and penalised["loo_shift"].iloc[0] > 0


def test_membership_is_that_of_the_shift_over_the_noise(problem):
    table = table_of(problem)
    rng = np.random.default_rng(5)
    i = int(np.argmax(problem.weights))
    ratio = table["loo_shift"].iloc[i] / SIGMA
    draws = 100_000
    wins = rng.standard_normal(draws) + ratio > rng.standard_normal(draws)
    error = 3 * np.sqrt(wins.mean() * (1 - wins.mean()) / draws) + 1e-12
    assert table["membership_auc"].iloc[i] == pytest.approx(wins.mean(), abs=error)
    assert table["membership_auc"].between(0.5, 1).all()


def test_an_interpolated_example_has_no_unbiased_estimator_but_a_floor(from_arrays):
    """r = 0 for an example that the line passes through: J_x has rank one."""
    X = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    data = from_arrays(X, np.array([2.0, 1.0, 3.0]))
    table = measure(fit(ModelSpec(l2=0.0), data), data, prior_std=0.5)
    assert table["bound_unbiased"].iloc[0] == np.inf or table["bound_unbiased"].iloc[0] > 1e20
    assert 0 < table["bound_prior"].iloc[0] < 0.25
    assert np.isfinite(table["bound_unbiased"].iloc[1:]).all()


def test_inputs_are_never_written_to(problem):
    before = problem.dataset.X.copy(), problem.dataset.y.copy(), problem.weights.copy()
    table_of(problem, columns=(0,))
    all_of(problem).directions()
    for kept, now in zip(before, (problem.dataset.X, problem.dataset.y, problem.weights), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_errors_have_one_family():
    assert issubclass(FilError, ValueError)
