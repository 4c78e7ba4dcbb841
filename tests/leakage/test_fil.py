"""eta against dense Jacobians, autograd and refitting, and the identities that it must obey."""

from __future__ import annotations

import dataclasses

import mpmath
import numpy as np
import pytest
import torch
from scipy.linalg import null_space

from fil_core.data import Raw
from fil_core.data.loading import assemble
from fil_core.errors import BadRequest
from fil_core.leakage import fil as module
from fil_core.leakage.fil import feature_eta, fil, group_fil, jacobians, measure
from fil_core.linalg import blocks, sum_zero_basis
from fil_core.models import fit
from fil_core.models.glm import logistic_terms
from fil_core.models.softmax import softmax_terms
from fil_core.specs import DataSpec, ModelSpec
from tests.reference import spectral_norm

# One-score models take singular values of J itself; softmax takes eigenvalues of J^T J, where rounding of eta^2 is
# relative to the largest. Both optima, the library's and the reference's, are reached to about 1e-14.
EXACT = {"rel": 1e-9, "abs": 1e-13}
# Central differences at 1e-5: truncation 1e-10, and rounding of two optima (1e-14) over the step.
DIFFERENCES = {"rtol": 1e-6, "atol": 1e-7}
# Two orders of summation of the same numbers.
REORDERED = {"rtol": 1e-10, "atol": 1e-14}
SOME = (0, 3, 11, 24)  # 3 has weight 0


def eta_of(problem, **options):
    return fil(problem.fitted, problem.dataset, **options).numpy()


def test_eta_is_the_largest_singular_value_of_the_dense_jacobian(problem):
    eta = eta_of(problem)
    expected = [spectral_norm(problem.reference.jacobian(i)) for i in range(problem.dataset.n)]
    assert eta == pytest.approx(expected, **EXACT)
    assert eta.max() > 1.5 * np.median(eta)  # examples differ, so a mistake in one term would show


def test_eta_of_the_features_alone_leaves_the_label_out(problem):
    eta = feature_eta(problem.fitted, problem.dataset).numpy()
    expected = [spectral_norm(problem.reference.feature_jacobian(i)) for i in range(problem.dataset.n)]
    assert eta == pytest.approx(expected, **EXACT)
    np.testing.assert_allclose(feature_eta(problem.fitted, problem.dataset, sigma=4.0), eta / 4, rtol=1e-14)
    with pytest.raises(BadRequest, match="sigma"):
        feature_eta(problem.fitted, problem.dataset, sigma=0.0)


def test_the_dense_jacobian_is_the_one_of_autograd(problem):
    for i in SOME[:2]:
        np.testing.assert_allclose(
            problem.reference.jacobian(i), problem.reference.jacobian_autograd(i), rtol=1e-9, atol=1e-12
        )  # two ways to the same float64 numbers


def test_eta_is_the_norm_of_differences_through_refitting(problem):
    eta = eta_of(problem)
    for i in SOME[:3]:
        J = problem.reference.jacobian_by_refitting(i)
        np.testing.assert_allclose(J, problem.reference.jacobian(i), **DIFFERENCES)
        assert eta[i] == pytest.approx(spectral_norm(J), rel=1e-6, abs=1e-7)


def test_weight_zero_leaks_nothing(problem):
    table = measure(problem.fitted, problem.dataset, prior_std=0.5)
    row = table.iloc[3]
    assert problem.weights[3] == 0
    assert (table["eta"].drop(table.index[3]) > 0).all()
    assert row["eta"] == row["dfil"] == row["loo_shift"] == row["leverage"] == row["weight"] == 0
    assert row["membership_auc"] == 0.5
    assert row["bound_unbiased"] == np.inf
    assert row["bound_prior"] == pytest.approx(0.25, rel=1e-12)


def test_eta_scales_as_one_over_sigma(problem):
    eta = eta_of(problem)
    np.testing.assert_allclose(eta_of(problem, sigma=4.0), eta / 4, rtol=1e-14)
    table = measure(problem.fitted, problem.dataset, prior_std=1.0, sigma=4.0)
    whole = measure(problem.fitted, problem.dataset, prior_std=1.0)
    np.testing.assert_allclose(table["eta"], whole["eta"] / 4, rtol=1e-14)
    np.testing.assert_allclose(table["dfil"], whole["dfil"] / 16, rtol=1e-14)
    np.testing.assert_allclose(table["bound_unbiased"], whole["bound_unbiased"] * 16, rtol=1e-12)


def test_the_order_of_the_examples_does_not_matter(problem):
    order = np.random.default_rng(3).permutation(problem.dataset.n)
    data = dataclasses.replace(problem.dataset, X=problem.dataset.X[order], y=problem.dataset.y[order])
    eta = fil(fit(problem.spec, data, weights=problem.weights[order]), data).numpy()
    np.testing.assert_allclose(eta, eta_of(problem)[order], **REORDERED)


def test_rotated_inputs_have_the_same_eta(problem):
    d = problem.dataset.d
    Q, _ = np.linalg.qr(np.random.default_rng(4).standard_normal((d, d)))
    data = dataclasses.replace(problem.dataset, X=problem.dataset.X @ Q)
    eta = fil(fit(problem.spec, data, weights=problem.weights), data).numpy()
    np.testing.assert_allclose(eta, eta_of(problem), rtol=1e-9, atol=1e-14)  # the condition number times rounding


@pytest.mark.parametrize("values", [1, 30])
def test_blocks_of_any_size_give_the_same_table(problem, values, monkeypatch):
    whole = measure(problem.fitted, problem.dataset, prior_std=1.0, columns=(0,))
    monkeypatch.setitem(module._BLOCK, "cpu", values)
    monkeypatch.setitem(blocks._ELEMENTS, "cpu", values)
    told = []
    cut = measure(
        problem.fitted, problem.dataset, prior_std=1.0, columns=(0,), progress=lambda *args: told.append(args[:2])
    )
    assert len(told) > 1
    assert {total for _, total in told} == {problem.dataset.n}
    numbers = whole.select_dtypes(float).columns
    np.testing.assert_allclose(cut[numbers], whole[numbers], rtol=1e-9, atol=1e-13)


def test_measure_and_fil_agree(problem):
    table = measure(problem.fitted, problem.dataset, prior_std=1.0)
    np.testing.assert_allclose(table["eta"], eta_of(problem), rtol=1e-14)
    assert table.index.tolist() == problem.dataset.ids.tolist()
    assert table.index.name == "id"
    np.testing.assert_array_equal(table["weight"], problem.weights)


def test_loss_gradient_norm_score_and_prediction(problem):
    table = measure(problem.fitted, problem.dataset, prior_std=1.0)
    ref, n = problem.reference, problem.dataset.n
    gradients = [np.linalg.norm(ref.example_gradient(ref.theta, i)) for i in range(n)]
    assert table["grad_norm"].to_numpy() == pytest.approx(gradients, **EXACT)
    Z = problem.dataset.X @ ref.theta.reshape(-1, problem.dataset.d).T
    if problem.spec.kind == "softmax":
        own, loss = (Z * ref.T).sum(1), np.log(np.exp(Z).sum(1)) - (Z * ref.T).sum(1)
        codes = Z.argmax(1)
    else:
        own, codes = Z[:, 0], (Z[:, 0] > 0).astype(int)
        squared, log = (own - ref.T) ** 2 / 2, np.log1p(np.exp(own)) - ref.T * own
        loss = squared if problem.spec.kind == "least-squares" else log
    assert table["loss"].to_numpy() == pytest.approx(loss, **EXACT)
    assert table["score"].to_numpy() == pytest.approx(own, rel=1e-9, abs=1e-12)
    if problem.dataset.class_names:
        np.testing.assert_array_equal(table["correct"], codes == problem.dataset.y)
        np.testing.assert_array_equal(table["prediction"], np.asarray(problem.dataset.class_names)[codes])
        assert 0 < table["correct"].mean() < 1
    else:
        assert "prediction" not in table
        assert "correct" not in table


# --- attributes -----------------------------------------------------------------------------------------------------


def test_an_attribute_is_the_norm_of_its_columns_alone(problem):
    eta, d = eta_of(problem), problem.dataset.d
    for columns in {(0,), (d - 1,), tuple(range(d)), (d - 1, 0) if d > 1 else (0,)}:
        part = eta_of(problem, columns=columns)
        dense = [spectral_norm(problem.reference.jacobian(i)[:, list(columns)]) for i in range(problem.dataset.n)]
        assert part == pytest.approx(dense, **EXACT)
        assert (part <= eta * (1 + 1e-12)).all()
        assert (part < 0.999 * eta).any()


def test_the_simplex_constraint_is_a_basis_of_sum_zero_directions(problem):
    if problem.dataset.d < 3:
        with pytest.raises(BadRequest, match="at least two columns"):
            eta_of(problem, columns=(0,), simplex=True)
        return
    columns = [2, 0, 1]
    # Helmert's basis, written out: any orthonormal basis of the same plane gives the same norm.
    U = np.array([[1, -1, 0], [1, 1, -2]]).T / np.sqrt([2, 6])
    part = eta_of(problem, columns=columns, simplex=True)
    dense = [spectral_norm(problem.reference.jacobian(i)[:, columns] @ U) for i in range(problem.dataset.n)]
    assert part == pytest.approx(dense, **EXACT)
    assert (part <= eta_of(problem, columns=columns) * (1 + 1e-12)).all()


@pytest.mark.parametrize("k", [2, 3, 10])
def test_sum_zero_basis(k):
    U = sum_zero_basis(k).numpy()
    assert U.shape == (k, k - 1)
    np.testing.assert_allclose(U.T @ U, np.eye(k - 1), atol=1e-14)
    np.testing.assert_allclose(U.sum(0), 0, atol=1e-14)


def test_a_table_about_an_attribute_keeps_the_whole_eta_beside_it(problem):
    table = measure(problem.fitted, problem.dataset, prior_std=1.0, columns=(0,), sigma=2.0)
    np.testing.assert_allclose(table["eta_all"], eta_of(problem, sigma=2.0), rtol=1e-14)
    np.testing.assert_allclose(table["eta"], eta_of(problem, columns=(0,), sigma=2.0), rtol=1e-14)


# --- groups ---------------------------------------------------------------------------------------------------------


def test_a_group_is_the_norm_of_the_stacked_jacobians(problem):
    eta = eta_of(problem)
    for rows in ([0, 5], [1, 3, 11, 24], list(range(problem.dataset.n))):
        stacked = np.hstack([problem.reference.jacobian(i) for i in rows])
        together = group_fil(problem.fitted, problem.dataset, rows)
        assert together == pytest.approx(spectral_norm(stacked), **EXACT)
        assert eta[rows].max() * (1 - 1e-9) <= together <= np.sqrt((eta[rows] ** 2).sum()) * (1 + 1e-9)


def test_a_group_of_one_is_its_example(problem):
    eta = eta_of(problem)
    for i in SOME:
        assert group_fil(problem.fitted, problem.dataset, [i]) == pytest.approx(eta[i], **EXACT)
    assert group_fil(problem.fitted, problem.dataset, [1], sigma=5.0) == pytest.approx(eta[1] / 5, **EXACT)


# --- refusals, sizes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan")])
def test_sigma_must_be_positive(problem, sigma):
    with pytest.raises(BadRequest, match="sigma"):
        eta_of(problem, sigma=sigma)
    with pytest.raises(BadRequest, match="sigma"):
        group_fil(problem.fitted, problem.dataset, [0], sigma=sigma)


def test_an_empty_group_is_refused(problem):
    with pytest.raises(BadRequest, match="at least one"):
        group_fil(problem.fitted, problem.dataset, [])


@pytest.mark.parametrize("condition", [1.0, 1e3])  # of X, so up to 1e6 of H
def test_eta_keeps_nine_digits_of_an_ill_conditioned_model(condition, make_dataset, make_reference):
    data = make_dataset(n=80, d=12, condition=condition, seed=9)
    spec = ModelSpec(kind="least-squares", l2=0.0)
    ref = make_reference(spec, data)
    fitted = fit(spec, data)
    np.testing.assert_allclose(fitted.theta.numpy(), ref.theta, rtol=1e-8)  # both lose the condition number's digits
    exact = dataclasses.replace(fitted.optimum, theta=torch.from_numpy(ref.theta))
    eta = fil(dataclasses.replace(fitted, optimum=exact), data).numpy()
    assert eta == pytest.approx([spectral_norm(ref.jacobian(i)) for i in range(80)], rel=1e-9)


# --- AM207 toys (the group's own notebook, with its trace mistake put right) ---------------------

_TOY_Y = [-8, 5.050774, 7.937183, 14.213102, 20.63173, 27.15748, 29.555028, 35.038962, 39.580125, 45.080151]
_TOY_ETA = [1.7958, 2.5778, 1.5399, 1.3731, 1.2940, 1.3181, 0.1388, 0.3781, 0.9843, 1.3226]


def test_the_least_squares_toy_has_its_known_leakage(from_arrays):
    """x = 0..9 beside a constant column, which counts as a feature here; the planted outlier is second."""
    data = from_arrays(np.c_[np.arange(10.0), np.ones(10)], np.array(_TOY_Y))
    eta = fil(fit(ModelSpec(kind="least-squares", l2=0.0), data), data).numpy()
    assert eta == pytest.approx(_TOY_ETA, abs=5e-5)  # the last printed digit
    assert eta.argsort()[::-1][:2].tolist() == [1, 0]


def test_the_logistic_toy_has_its_odd_point_on_top(from_arrays):
    """(i, i) labelled 1, (i, i-1) labelled 0 for i = 0..4, and (1.5, 0) labelled 1, beside a constant column."""
    i = np.arange(5.0)
    X = np.vstack([np.c_[i, i], np.c_[i, i - 1], [[1.5, 0]]])
    data = from_arrays(np.c_[X, np.ones(11)], np.repeat([1, 0, 1], [5, 5, 1]), classes=2)
    eta = fil(fit(ModelSpec(kind="logistic", l2=0.01), data), data).numpy()
    assert eta[-1] == pytest.approx(3.49, abs=5e-3)
    assert eta[:-1].max() == pytest.approx(2.04, abs=5e-3)


# --- devices --------------------------------------------------------------------------------------------------------


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU on this machine")
def test_a_gpu_gives_the_same_eta(problem):
    fitted = fit(problem.spec, problem.dataset, weights=problem.weights, device=torch.device("cuda"))
    eta = fil(fitted, problem.dataset)
    assert eta.device.type == "cuda"
    assert eta.cpu().numpy() == pytest.approx(eta_of(problem), rel=1e-9, abs=1e-13)  # float64 on both


# --- labels that stay in the simplex --------------------------------------------------------------------------------


@pytest.mark.parametrize("l2", [0.3, 1e-2, 1e-4])
def test_two_classes_of_softmax_are_logistic_of_half_the_penalty(l2, make_dataset):
    """Theta = (-theta, theta) / 2 has |Theta|^2 = |theta|^2 / 2, so eta is 1 / sqrt(2) of the logistic one."""
    data = make_dataset(classes=2, n=60, d=5, seed=7)
    softmax = fil(fit(ModelSpec(kind="softmax", l2=l2), data), data)
    logistic = fil(fit(ModelSpec(kind="logistic", l2=l2 / 2), data), data)
    np.testing.assert_allclose(logistic, 2**0.5 * softmax, rtol=1e-9)


# --- examples that are fitted to many digits ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["logistic", "softmax"])
def test_mirrored_examples_leak_alike_however_well_they_are_fitted(kind, from_arrays):
    """(x, 1) and (-x, 0) are the same example to a model without an intercept."""
    x = np.array([[28.0, 1.0], [20.0, -0.3], [3.0, 0.2], [1.0, -1.0], [0.5, 0.7]])
    data = from_arrays(np.vstack([x, -x]), np.repeat([1, 0], 5), classes=2)
    table = measure(fit(ModelSpec(kind=kind, l2=1e-3), data), data, prior_std=1.0)
    assert table["loss"].min() < 1e-11
    for name in ("eta", "dfil", "loss", "grad_norm", "bound_unbiased", "bound_prior", "leverage", "loo_shift"):
        np.testing.assert_allclose(table[name][:5], table[name][5:], rtol=1e-10, err_msg=name)


def test_residuals_and_losses_keep_their_digits():
    """Against 500 digits: 1 - s(z) and 1 - p_y cancel where the example is well fitted."""
    z = torch.linspace(-40, 40, 17, dtype=torch.float64)
    with mpmath.workdps(500):
        for y in (0.0, 1.0):
            loss, r, _ = logistic_terms(z, torch.full_like(z, y))
            s = [1 / (1 + mpmath.exp(-mpmath.mpf(float(v)))) for v in z]
            np.testing.assert_allclose(r, [float(v - y) for v in s], rtol=1e-14)
            np.testing.assert_allclose(loss, [float(-mpmath.log(v if y else 1 - v)) for v in s], rtol=1e-14)
        Z = torch.tensor([[30.0, 1.0, -5.0], [0.0, 36.0, 2.0], [500.0, 0.0, -500.0], [1.0, 1.0, 1.0]]).double()
        Y = torch.eye(3).double()[[0, 1, 0, 2]]
        loss, delta, _ = softmax_terms(Z, Y)
        for i in range(4):
            e = [mpmath.exp(mpmath.mpf(float(v))) for v in Z[i]]
            p = [v / sum(e) for v in e]
            exact = [float(p[c] - int(Y[i, c])) for c in range(3)]
            np.testing.assert_allclose(delta[i], exact, rtol=1e-13)
            assert float(loss[i]) == pytest.approx(float(-mpmath.log(p[int(Y[i].argmax())])), rel=1e-13, abs=1e-300)


def test_the_bounds_of_a_well_fitted_softmax_example_are_those_of_its_jacobian(from_arrays):
    """By singular values of a dense Jacobian in 40 digits, where those of J^T J are rounding."""
    X = np.array([[28.0, 1.0], [20.0, -0.3], [3.0, 0.2], [-1.0, -1.0], [-9.0, 0.7], [-2.0, 3.0]])
    data, spec = from_arrays(X, np.array([0, 0, 0, 1, 1, 1]), classes=2), ModelSpec(kind="softmax", l2=1e-3)
    fitted = fit(spec, data)
    found = jacobians(fitted.terms(data), slice(None)).bound_unbiased(1.0)
    with mpmath.workdps(40):
        theta = mpmath.matrix((fitted.theta[1] - fitted.theta[0]).tolist())  # a logistic model of half the penalty
        for _ in range(5):
            g, H = 3e-3 * theta, 3e-3 * mpmath.eye(2)
            for x, y in zip(X, data.y, strict=True):
                x = mpmath.matrix(x.tolist())
                s = 1 / (1 + mpmath.exp(-(x.T * theta)[0]))
                g, H = g + (s - int(y)) * x, H + s * (1 - s) * x * x.T
            theta = theta - mpmath.lu_solve(H, g)
        inverse = H**-1
        for i, (x, y) in enumerate(zip(X, data.y, strict=True)):
            x = mpmath.matrix(x.tolist())
            s = 1 / (1 + mpmath.exp(-(x.T * theta)[0]))
            J = (s - int(y)) * inverse + s * (1 - s) * inverse * x * theta.T
            information = J.T * J / 2  # |Theta|^2 = |theta|^2 / 2
            assert float(found[i]) == pytest.approx(float(sum((information**-1)[j, j] for j in (0, 1)) / 2), rel=1e-6)


@pytest.mark.parametrize("kind", ["least-squares", "logistic"])
@pytest.mark.parametrize("l2", [1e-2, 1e-6])
def test_a_simplex_of_standardised_columns_is_that_of_the_source(kind, l2):
    """Moves from one level to another, by refitting: in standardised units they do not sum to zero."""
    rng = np.random.default_rng(4)
    codes = rng.choice(4, 80, p=[0.4, 0.3, 0.2, 0.1])
    X = np.column_stack([np.eye(4)[codes], rng.standard_normal(80)])
    y = X[:, 4] + codes + rng.standard_normal(80)
    y = (y > np.median(y)).astype(int) if kind == "logistic" else y
    classes = ("a", "b") if kind == "logistic" else ()
    raw = Raw(X=X, y=y, ids=np.arange(80), X_test=X[:0], y_test=y[:0], class_names=classes,
              feature_names=("s0", "s1", "s2", "s3", "x"))  # fmt: skip
    task = "classification" if kind == "logistic" else "regression"
    data = assemble(raw, DataSpec(name="digits", preprocess="standardise"), title="t", task=task)
    spec = ModelSpec(kind=kind, l2=l2, intercept=True)
    fitted, scale = fit(spec, data), data.preprocessing.scale[:4]
    eta = fil(fitted, data, columns=(0, 1, 2, 3), simplex=True).numpy()
    moves = null_space(1 / scale[None])
    assert np.abs((moves / scale[:, None]).sum(0)).max() < 1e-12
    for i in (0, 17, 50):

        def theta(move, i=i):
            changed = data.X.copy()
            changed[i, :4] += move
            return fit(spec, dataclasses.replace(data, X=changed), start=fitted.theta).theta.numpy()

        J = np.stack([(theta(1e-4 * m) - theta(-1e-4 * m)) / 2e-4 for m in moves.T], 1)
        assert eta[i] == pytest.approx(np.linalg.norm(J, 2), rel=1e-5)


def test_softmax_of_nearly_separable_classes_keeps_its_digits(make_dataset):
    """J^T J from blocks of H^-2 loses a thousandth of a bound here; the reference is J itself, in 300 digits."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((40, 4))
    y = (X @ rng.standard_normal((4, 3)) * 3).argmax(1).astype(float)
    y[::9] = (y[::9] + 1) % 3  # not quite separable
    data = dataclasses.replace(make_dataset(classes=3, n=40, d=4), X=X, y=y)
    fitted = fit(ModelSpec(kind="softmax", l2=1e-8, intercept=True), data)
    assert fitted.curvature.condition > 1e6
    table, V = measure(fitted, data, prior_std=0.7), sum_zero_basis(3).numpy()
    with mpmath.workdps(300):  # residuals are as small as 1e-62
        Q = mpmath.matrix(fitted.curvature.vectors.numpy().tolist())
        inverse = Q * mpmath.diag([1 / mpmath.mpf(h) for h in fitted.curvature.values.tolist()]) * Q.T
        for i in range(0, 40, 3):
            J = inverse * mixed_derivative(fitted.theta.numpy(), np.append(X[i], 1.0), int(y[i]), V)
            mu = [s**2 for s in mpmath.svd_r(J, compute_uv=False)]
            expected = [sum(1 / m for m in mu), sum(1 / (m + 1 / mpmath.mpf("0.49")) for m in mu), sum(mu)]
            found = table.iloc[i][["bound_unbiased", "bound_prior", "dfil"]].to_numpy(float)
            np.testing.assert_allclose(found, [float(value / 4) for value in expected], rtol=2e-6)


def mixed_derivative(Theta, x, label, V):
    """Second derivatives of an example's loss in T and in its four features, (2 * 5, 4), in mpmath's precision."""
    e = [mpmath.exp(sum(mpmath.mpf(t) * mpmath.mpf(v) for t, v in zip(row, x, strict=True))) for row in Theta.tolist()]
    p = [value / sum(e) for value in e]
    delta = [p[c] - (c == label) for c in range(3)]
    G = [[p[c] * (mpmath.mpf(Theta[c, k]) - sum(p[b] * mpmath.mpf(Theta[b, k]) for b in range(3))) for k in range(4)]
         for c in range(3)]  # fmt: skip
    M = mpmath.matrix(10, 4)
    for a in range(2):
        for j in range(5):
            for k in range(4):
                M[5 * a + j, k] = sum(
                    mpmath.mpf(float(V[c, a])) * ((delta[c] if j == k else 0) + mpmath.mpf(float(x[j])) * G[c][k])
                    for c in range(3)
                )
    return M
