"""The structured spectral norm against a dense SVD of J: random matrices, and the ones that are meant to break it."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fil_core.linalg import blocks, leading_eigenpairs, secular

# eta is promised to 1e-9; both sides round at about 1e-15 times the few hundred operations of a case.
ETA = {"rtol": 1e-10, "atol": 0}
# A vector's residual J J^T v - eta^2 v, over eta^2: rounding of a product and of the secular function's own 1/gap.
RESIDUAL = 1e-7


class Case:
    """n examples that share H^-1 = diag(L) and theta, in the eigenbasis: J = [r L + a p theta^T, p], p = L x."""

    def __init__(self, L, X, theta, r, a):
        self.L, self.theta, self.r, self.a = (np.asarray(v, dtype=np.float64) for v in (L, theta, r, a))
        self.p = self.L * np.asarray(X, dtype=np.float64)

    def jacobians(self, *, label=True):
        """(n, d, d + 1), dense; without the label's column (n, d, d)."""
        J = self.r[:, None, None] * np.diag(self.L) + self.a[:, None, None] * self.p[:, :, None] * self.theta
        return np.concatenate([J, self.p[:, :, None]], 2) if label else J

    def whole(self, **options):
        """The library's eigenpairs of J J^T; q is the same for all examples."""
        c = self.a**2 * (self.theta @ self.theta) + 1
        return solve(self.L**2, self.r**2, self.p, (self.L * self.theta)[None], c, self.a * self.r, **options)

    def features(self, **options):
        """The library's eigenpairs of J_x^T J_x; p is the same for all examples."""
        c = self.a**2 * (self.p**2).sum(1)
        return solve(self.L**2, self.r**2, self.theta[None], self.p * self.L, c, self.a * self.r, **options)

    def check(self):
        for label, (mu, V) in ((True, self.whole(vectors=True)), (False, self.features(vectors=True))):
            J = self.jacobians(label=label)
            eta = np.linalg.svd(J, compute_uv=False)[:, 0]
            np.testing.assert_allclose(np.sqrt(mu), eta, **ETA)
            J = J if label else J.transpose(0, 2, 1)
            moved = np.einsum("nij,nkj,nk->ni", J, J, V)
            np.testing.assert_allclose(np.linalg.norm(V, axis=1), 1, rtol=1e-12)
            assert (np.linalg.norm(moved - mu[:, None] * V, axis=1) <= RESIDUAL * mu).all()


def solve(*arguments, vectors=False):
    mu, V = leading_eigenpairs(*map(torch.from_numpy, arguments), vectors=vectors)
    return mu.numpy(), None if V is None else V.numpy()


def random_case(d, condition, scale, *, n=40, seed=0):
    """r from 1e-8 to 1e2, both signs; a in (0, 1]; |x| about 1; H between 1 and `condition`, in no order."""
    rng = np.random.default_rng([seed, d, int(np.log10(condition))])
    L = rng.permutation(np.geomspace(1, 1 / condition, d) if d > 1 else np.ones(1))
    r = np.geomspace(1e-8, 1e2, n) * rng.choice([-1, 1], n)
    X = rng.standard_normal((n, d)) / np.sqrt(d)
    return Case(L, X, scale * rng.standard_normal(d) / np.sqrt(d), rng.permutation(r), rng.uniform(0.01, 1, n))


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("condition", [1.0, 1e2, 1e5, 1e8])
@pytest.mark.parametrize("d", [1, 2, 3, 20, 100])
def test_agrees_with_a_dense_svd(d, condition, scale):
    random_case(d, condition, scale).check()


@pytest.mark.parametrize("seed", range(6))
def test_the_negative_direction_pulls_the_root_below_the_top_pole(seed):
    """r = -a (x . theta) and x along the top direction: the rank-two term takes the top pole down."""
    rng = np.random.default_rng(seed)
    d, n = 8, 30
    L = np.sort(rng.uniform(0.1, 1, d))[::-1]
    X, theta = 0.01 * rng.standard_normal((n, d)), 0.01 * rng.standard_normal(d)
    X[:, 0], theta[0] = rng.uniform(0.05, 0.5, n), rng.uniform(1, 10)
    a = rng.uniform(0.2, 1, n)
    case = Case(L, X, theta, -a * X[:, 0] * theta[0] * rng.uniform(0.9, 1.1, n), a)
    below = np.sqrt(case.features()[0]) < np.abs(case.r) * L[0]
    assert below.mean() > 0.6  # else this test is about something else
    case.check()


def test_the_top_pole_is_cancelled_exactly():
    """x and theta on one axis with r = -a p theta / L: that coordinate of J_x is 0, and the second pole is the root."""
    L = np.array([1.0, 0.5, 0.25])
    case = Case(L, [[0.5, 0, 0]], [2.0, 0, 0], [-1.0], [1.0])
    assert case.features()[0][0] == pytest.approx(0.25, rel=1e-12)  # (r L_2)^2
    np.testing.assert_allclose(case.whole()[0], np.linalg.norm(case.jacobians()[0], 2) ** 2, rtol=1e-12)


@pytest.mark.parametrize("repeats", [2, 5, 10])
def test_repeated_poles(repeats):
    case = random_case(10, 1e3, 1.0, seed=1)
    case.L[np.argsort(case.L)[-repeats:]] = 1.0
    case.check()


@pytest.mark.parametrize("zeros", [1, 4, 9])
def test_constant_pixels_on_the_top_poles(zeros):
    """Where x and theta vanish on the largest poles, those poles may be the root themselves."""
    case = random_case(10, 1e4, 3.0, seed=2)
    top = np.argsort(case.L)[-zeros:]
    case.p[:, top], case.theta[top] = 0, 0
    case.check()


@pytest.mark.parametrize("dead", [1, 2, 4])
def test_the_root_is_a_pole_that_nothing_touches(dead):
    """Several dead pixels and a large residual: the vector is one of their axes, not what V suggests, and not NaN."""
    L = np.r_[np.ones(dead), 0.2, 0.1]
    for x, theta in ((0.0, 0.0), (0.1, 0.1), (0.0, 0.1), (0.1, 0.0)):
        X, theta = np.r_[np.zeros(dead), x, -x][None], np.r_[np.zeros(dead), theta, theta]
        case = Case(L, X, theta, [3.0], [1.0])
        case.check()
        assert case.whole()[0][0] == pytest.approx(9, rel=1e-14)


def test_the_root_is_a_repeated_pole_across_the_rank_two_term():
    """H = I and x along theta with r < 0: the pole that is left is the plane orthogonal to them, and no axis."""
    case = Case([1.0, 1.0, 1.0], [[0.1, 0.2, 0.1]], [0.2, 0.4, 0.2], [-1.0], [0.5])
    assert case.features()[0][0] == pytest.approx(1, rel=1e-14)
    case.check()


def test_no_leakage_still_has_a_unit_vector():
    case = Case([1.0, 0.5], np.zeros((1, 2)), [0.3, 0.2], [0.0], [1.0])
    mu, V = case.whole(vectors=True)
    assert mu[0] == 0
    assert np.linalg.norm(V[0]) == 1


def test_zero_columns_below_the_top():
    case = random_case(10, 1e4, 3.0, seed=3)
    low = np.argsort(case.L)[:4]
    case.p[:, low], case.theta[low] = 0, 0
    case.check()


@pytest.mark.parametrize(
    ("r", "a", "x", "theta", "expected"),
    [
        (0.0, 1.0, 1.0, 1.0, "sqrt(c) |p|"),
        (2.0, 0.0, 1.0, 1.0, None),  # a saturated logistic: only the label's column is added
        (2.0, 1.0, 0.0, 1.0, "|r| L_max"),
        (2.0, 1.0, 1.0, 0.0, None),
        (0.0, 0.0, 1.0, 1.0, "|p|"),
        (0.0, 1.0, 0.0, 1.0, "0"),
    ],
)
@pytest.mark.parametrize("d", [1, 2, 6])
def test_limits(d, r, a, x, theta, expected):
    rng = np.random.default_rng(4)
    L, x, theta = rng.uniform(0.1, 1, d), x * rng.standard_normal(d), theta * rng.standard_normal(d)
    case = Case(L, x[None], theta, [r], [a])
    p = np.linalg.norm(case.p)
    known = {"sqrt(c) |p|": np.sqrt(a**2 * theta @ theta + 1) * p, "|r| L_max": abs(r) * L.max(), "|p|": p, "0": 0.0}
    eta = float(np.sqrt(case.whole()[0][0]))
    assert eta == pytest.approx(np.linalg.svd(case.jacobians()[0])[1][0], rel=1e-12, abs=1e-15)
    if expected:
        assert eta == pytest.approx(known[expected], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("part", ["whole", "features"])
def test_a_shared_vector_is_the_same_as_one_a_row(part):
    case = random_case(7, 1e3, 2.0, seed=5)
    shared = getattr(case, part)()[0]
    n = len(case.r)
    if part == "whole":
        vectors = case.p, np.tile(case.L * case.theta, (n, 1))
        c = case.a**2 * (case.theta @ case.theta) + 1
    else:
        vectors = np.tile(case.theta, (n, 1)), case.p * case.L
        c = case.a**2 * (case.p**2).sum(1)
    mu = solve(case.L**2, case.r**2, *vectors, c, case.a * case.r)[0]
    np.testing.assert_allclose(mu, shared, rtol=1e-14)


def test_poles_in_any_order():
    case = random_case(9, 1e4, 2.0, seed=6)
    order = np.random.default_rng(0).permutation(9)
    moved = Case(case.L[order], np.zeros((1, 9)), case.theta[order], case.r, case.a)
    moved.p = case.p[:, order]
    mu, V = case.whole(vectors=True)
    mu_moved, V_moved = moved.whole(vectors=True)
    np.testing.assert_allclose(mu_moved, mu, rtol=1e-13)
    assert np.abs((V[:, order] * V_moved).sum(1)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("elements", [1, 50, 10**6])
def test_blocks_do_not_change_the_answer(elements, monkeypatch):
    case = random_case(20, 1e3, 2.0, seed=7)
    mu, V = case.whole(vectors=True)
    monkeypatch.setitem(blocks._ELEMENTS, "cpu", elements)
    mu_cut, V_cut = case.whole(vectors=True)
    np.testing.assert_allclose(mu_cut, mu, rtol=1e-14)
    np.testing.assert_allclose(np.abs((V * V_cut).sum(1)), 1, rtol=1e-9)


def test_few_steps_suffice(monkeypatch):
    """The iteration is quadratic: ten steps do what the bound of a hundred allows, also next to a pole."""
    cases = [random_case(d, k, s, seed=8) for d in (2, 20) for k in (1.0, 1e2, 1e5) for s in (0.1, 30.0)]
    free = [case.whole()[0] for case in cases]
    monkeypatch.setattr(secular, "_STEPS", 15)
    for case, mu in zip(cases, free, strict=True):
        np.testing.assert_allclose(case.whole()[0], mu, rtol=1e-12)


sizes = st.floats(-1, 1, allow_subnormal=False).map(lambda v: round(v, 3))  # coarse, so that ties and zeros are common


@st.composite
def cases(draw):
    d, n = draw(st.integers(1, 6)), 4
    L = 10.0 ** -draw(hnp.arrays(np.int64, d, elements=st.integers(0, 8)))
    X = draw(hnp.arrays(np.float64, (n, d), elements=sizes))
    theta = draw(hnp.arrays(np.float64, d, elements=sizes)) * draw(st.sampled_from([0.1, 1.0, 30.0]))
    signs = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([-1.0, 1.0])))
    r = signs * 10.0 ** draw(hnp.arrays(np.int64, n, elements=st.integers(-8, 2)))
    return Case(L, X, theta, r, draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.0, 1e-6, 0.25, 1.0]))))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(cases())
def test_agrees_with_a_dense_svd_whatever_the_numbers(case):
    case.check()
