"""How well two Gaussians are told apart: from their densities, by quadrature, by other libraries, by drawing."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest
import scipy.integrate
import torch
from scipy.stats import ncx2, norm

from fil_core.lood import gaussians
from fil_core.lood.balls import within
from fil_core.lood.gaussians import Gap

DRAWS = 200_000
CASES = [
    (1, 0.8, 0.5), (1, 0.05, 2.0), (2, 3.0, 0.0), (2, 0.3, 4.0), (3, 1e-3, 0.7), (10, 0.4, 1.5), (10, 20.0, 3.0),
    (1, 100.0, 1.0),
]  # fmt: skip
EXTREME = [
    (1, 1e-12, 1.3), (3, 1e-12, 1e-3), (2, 1e-12, 0.0), (1, 1e-5, 0.0), (1, 1e8, 0.0), (1, 1e8, 1e4), (2, 1e12, 5.0),
    (10, 1e-7, 30.0), (10, 1e6, 0.0), (1, 0.5, 30.0),
]  # fmt: skip


def tensor(*values):
    return torch.tensor(values[0] if len(values) == 1 else values, dtype=torch.float64)


def gap_of(C, g, m):
    return Gap(tensor(g), tensor(m), C)


def mean_of(C, m):
    """A mean of that squared length that is along no axis."""
    direction = np.arange(1.0, C + 1)
    return direction * math.sqrt(m) / np.linalg.norm(direction)


def ratio(x, C, g, m):
    """log p_in(x) - log p_out(x) for p_in = N(0, 1), p_out = N(mean, 1 + g), expanded: no term cancels another."""
    at = mean_of(C, m)
    return (C * np.log1p(g) - (g * (x**2).sum(-1) + 2 * x @ at - m) / (1 + g)) / 2


def drawn(C, g, m, seed=0):
    """Logarithms of the likelihood ratio of outputs with and without the record."""
    rng = np.random.default_rng(seed)
    given, without = rng.standard_normal((2, DRAWS, C))
    return ratio(given, C, g, m), ratio(mean_of(C, m) + math.sqrt(1 + g) * without, C, g, m)


def logarithm(t, C, g, m):
    """log E exp(i t (L(x_in) - L(x_out))), L the logarithm of the likelihood ratio.

    L is quadratic, and E exp(i t (a x^2 + b x)) is (1 - 2 i t a v)^(-1/2) exp(...) for x normal with variance v; terms
    of the exponent are taken together, so that none cancels another.
    """
    of_in, of_out = 1 + 1j * t * g / (1 + g), 1 - 1j * t * g
    spread = -C / 2 * (np.log(of_in) + np.log(of_out))
    given = -(t**2) * m / (2 * (1 + g) ** 2 * of_in)
    without = (1j * t * m * (2 + g) - t**2 * m) / (2 * (1 + g) * of_out)
    return spread + given + without


def auc_by_inversion(C, *directions):
    """P(L(x_in) > L(x_out)) from the characteristic function, by Gil-Pelaez, evenly in log t."""
    x, w = np.polynomial.legendre.leggauss(24)
    t = np.exp(np.arange(-75, 75)[:, None] + 0.5 + x / 2)
    return 0.5 + float((np.exp(sum(logarithm(t, C, g, m) for g, m in directions)).imag @ (w / 2)).sum() / math.pi)


# --- divergences ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("C", "g", "m"), CASES)
def test_divergences_are_those_of_torch(C, g, m):
    eye, mean = torch.eye(C, dtype=torch.float64), torch.from_numpy(mean_of(C, m))
    given = torch.distributions.MultivariateNormal(torch.zeros_like(mean), eye)
    without = torch.distributions.MultivariateNormal(mean, (1 + g) * eye)
    kl = torch.distributions.kl_divergence
    # Logarithms of determinants cancel there, by about C / KL.
    assert float(gaussians.kl(gap_of(C, g, m))) == pytest.approx(float(kl(without, given)), rel=1e-12)
    assert float(gaussians.kl_reverse(gap_of(C, g, m))) == pytest.approx(float(kl(given, without)), rel=1e-12)


@pytest.mark.parametrize("g", [0.0, 1e-12, 1e-6, 1e-3, 0.049, 0.0499999, 0.0500001, 0.0527, 0.06, 1.0, 1e4, 1e12])
def test_divergences_without_cancellation(g):
    with mpmath.workdps(60):
        exact = mpmath.mpf(g)
        kl = 3 * (exact - mpmath.log1p(exact)) / 2
        reverse = 3 * (mpmath.log1p(exact) - exact / (1 + exact)) / 2
    assert float(gaussians.kl(gap_of(3, g, 0.0))) == pytest.approx(float(kl), rel=2e-14)
    assert float(gaussians.kl_reverse(gap_of(3, g, 0.0))) == pytest.approx(float(reverse), rel=2e-14)


def test_divergences_of_a_group_are_sums_over_directions():
    g, m = tensor(0.0, 0.3, 2.0), tensor(0.0, 1.0, 0.5)
    for of in (gaussians.kl, gaussians.kl_reverse):
        whole = of(Gap(g[None], m[None], 4, grouped=True))
        assert whole.shape == (1,)
        assert float(whole) == pytest.approx(float(of(Gap(g, m, 4)).sum()), rel=1e-14)


# --- the area under the curve ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("C", "g", "m"), CASES + EXTREME)
def test_auc_from_the_likelihood_ratio(C, g, m):
    found = float(gaussians.auc(gap_of(C, g, m)))
    assert found == pytest.approx(auc_by_inversion(C, (g, m)), abs=1e-12)  # quadrature to 1e-14, of numbers up to 1


def test_auc_of_a_shift_alone_is_known():
    for m in (1e-6, 0.5, 9.0):
        for C in (1, 4):
            expected = norm.cdf(math.sqrt(m / 2))
            assert float(gaussians.auc(gap_of(C, 1e-14, m))) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("C", "g", "m"), [*CASES, (1, 1e-9, 0.5), (5, 1e-12, 2.0), (3, 1e-4, 0.0)])
def test_auc_by_drawing(C, g, m):
    given, without = drawn(C, g, m)
    share = float((given > without).mean())
    error = math.sqrt(share * (1 - share) / DRAWS)
    assert abs(float(gaussians.auc(gap_of(C, g, m))) - share) < 4 * error


def test_auc_of_a_group_is_that_of_all_its_directions():
    g, m, C = [0.5, 1e-9, 3.0], [1.0, 0.3, 0.0], 2
    found = float(gaussians.auc(Gap(tensor([g]), tensor([m]), C, grouped=True)))
    assert found == pytest.approx(auc_by_inversion(C, *zip(g, m, strict=True)), abs=1e-12)
    told = [drawn(C, *each, seed=seed) for seed, each in enumerate(zip(g, m, strict=True))]
    given, without = (np.sum([each[k] for each in told], axis=0) for k in (0, 1))
    share = float((given > without).mean())
    assert abs(found - share) < 4 * math.sqrt(share * (1 - share) / DRAWS)


def test_directions_that_tell_nothing_change_nothing():
    one = Gap(tensor([0.5]), tensor([1.0]), 3, grouped=True)
    more = Gap(tensor([0.0, 0.5, 0.0]), tensor([0.0, 1.0, 0.0]), 3, grouped=True)
    assert float(gaussians.auc(more)) == pytest.approx(float(gaussians.auc(one)), abs=1e-15)
    assert float(gaussians.auc(one)) == pytest.approx(float(gaussians.auc(gap_of(3, 0.5, 1.0))), abs=1e-15)


@pytest.mark.parametrize("C", [1, 2, 10])
def test_nothing_is_told_where_the_two_are_the_same(C):
    same = gap_of(C, 0.0, 0.0)
    assert float(gaussians.auc(same)) == pytest.approx(0.5, abs=1e-15)
    assert float(gaussians.tpr_at(same, 0.01)) == 0.01
    assert float(gaussians.advantage(same)) == float(gaussians.kl(same)) == float(gaussians.kl_reverse(same)) == 0
    assert float(gaussians.delta_at(same, tensor(0.0))) == float(gaussians.delta_at(same, tensor(2.0))) == 0
    fpr, tpr = gaussians.curve(Gap(*tensor(0.0, 0.0), C))
    np.testing.assert_allclose(tpr, fpr, atol=1e-15)


# --- the curve ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("C", [1, 2, 3, 10, 100])
@pytest.mark.parametrize("length", [0.0, 1e-6, 0.3, 0.9999, 1.0001, 5.0, 30.0])
def test_within_is_a_non_central_chi_square(C, length):
    z = torch.linspace(-length if length < 8 else -8, 9 + 2 * C**0.5, 41, dtype=torch.float64)
    found = within(torch.full_like(z, length), z, C)
    np.testing.assert_allclose(found, ncx2.cdf((length + z.numpy()) ** 2, C, length**2), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("C", [1, 2, 5])
@pytest.mark.parametrize("length", [0.5, 1e2, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("z", [-6.0, -0.4, 0.0, 1.7])
def test_within_for_means_of_any_length(C, length, z):
    """By the density of |u|, r (r / a)^(C/2 - 1) exp(-(r^2 + a^2) / 2) I_{C/2-1}(a r)."""
    z = max(z, -length / 2)
    with mpmath.workdps(70):  # e^(a^2) of 1e24 is divided by itself
        a, order = mpmath.mpf(length), mpmath.mpf(C) / 2 - 1

        def density(x):
            r = a + x
            bessel = mpmath.besseli(order, a * r)
            return r * (r / a) ** order * mpmath.exp(-x * x / 2) * bessel * mpmath.exp(-a * r)

        x, w = np.polynomial.legendre.leggauss(40)
        ends = np.linspace(max(-length, -12.0), z, 3)
        expected = sum(
            (stop - start) / 2 * weight * density(mpmath.mpf((start + stop) / 2 + (stop - start) / 2 * node))
            for start, stop in itertools.pairwise(ends)
            for node, weight in zip(x, w, strict=True)
        )
    # b^2 - r^2 over lengths: a radius of 1e12 itself is rounded to 1e-4, but never taken.
    found = within(tensor(length), tensor(z), C)
    assert float(found) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("fpr", [1e-9, 0.001, 0.1, 0.5])
@pytest.mark.parametrize(("C", "g", "m"), [case for case in CASES if case[1] >= 0.05])
def test_tpr_from_non_central_chi_squares(C, g, m, fpr):
    threshold = ncx2.ppf(fpr, C, m * (1 + g) / g**2)
    expected = ncx2.cdf(threshold * (1 + g), C, m / g**2)
    assert float(gaussians.tpr_at(gap_of(C, g, m), fpr)) == pytest.approx(expected, rel=1e-7)  # of ppf


@pytest.mark.parametrize(("C", "g", "m"), CASES)
def test_tpr_by_drawing(C, g, m):
    given, without = drawn(C, g, m)
    threshold = np.quantile(without, 1 - 0.05)
    share = float((given > threshold).mean())
    of_threshold = share - float((given > np.quantile(without, 1 - 0.05 - 4 * math.sqrt(0.05 / DRAWS))).mean())
    error = 4 * math.sqrt(share * (1 - share) / DRAWS) + abs(of_threshold) + 1 / DRAWS
    assert abs(float(gaussians.tpr_at(gap_of(C, g, m), 0.05)) - share) < error


@pytest.mark.parametrize("fpr", [1e-6, 0.001, 0.3])
def test_tpr_of_a_shift_alone_is_known(fpr):
    for m in (1e-4, 0.5, 9.0):
        for C in (1, 4):
            expected = norm.cdf(norm.ppf(fpr) + math.sqrt(m))
            assert float(gaussians.tpr_at(gap_of(C, 1e-13, m), fpr)) == pytest.approx(expected, rel=1e-9)


def test_tpr_of_many_records_is_that_of_each():
    some = [case for case in CASES + EXTREME if case[0] == 10] + [(10, 0.0, 0.0)]
    whole = gaussians.tpr_at(Gap(tensor(*[g for _, g, _ in some]), tensor(*[m for *_, m in some]), 10), 0.01)
    assert whole.tolist() == pytest.approx([float(gaussians.tpr_at(gap_of(*case), 0.01)) for case in some], rel=1e-10)


@pytest.mark.parametrize(("C", "g", "m"), [*CASES, (1, 1e6, 0.0), (10, 1e4, 1.0), (2, 1e-9, 8.0)])
def test_the_curve_goes_from_corner_to_corner_with_the_area(C, g, m):
    fpr, tpr = gaussians.curve(Gap(*tensor(g, m), C))
    assert (fpr[0], tpr[0], fpr[-1], tpr[-1]) == (0, 0, 1, 1)
    assert bool((fpr.diff() >= -1e-15).all() and (tpr.diff() >= -1e-15).all())
    area = float(torch.trapezoid(tpr, fpr))
    assert area == pytest.approx(float(gaussians.auc(gap_of(C, g, m))), abs=1e-3)  # straight lines of 200 points
    slope = tpr.diff() / fpr.diff().clamp_min(1e-300)
    steps = slope[(fpr.diff() > 1e-9) & (tpr.diff() > 1e-9)]
    assert bool((steps.diff() <= 1e-6 * steps[:-1]).all())  # concave, as of a likelihood ratio


# --- advantage, delta -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("C", "g", "m"), [case for case in CASES if case[1] >= 0.05])
def test_the_advantage_is_the_largest_of_the_curve(C, g, m):
    z = np.linspace(0, math.sqrt(m) / g + 10 + 2 * math.sqrt(C), 100_001)
    fpr, tpr = ncx2.cdf(z**2 / (1 + g), C, m * (1 + g) / g**2), ncx2.cdf(z**2, C, m / g**2)
    found = float(gaussians.advantage(gap_of(C, g, m)))
    assert found == pytest.approx(float((tpr - fpr).max()), abs=1e-7)  # the grid's steps, squared
    assert found >= float((tpr - fpr).max()) - 1e-12


@pytest.mark.parametrize(("g", "m"), [(0.8, 0.5), (0.05, 2.0), (1e-9, 1.0), (100.0, 1.0), (3.0, 0.0), (1e-3, 1e-6)])
def test_the_advantage_is_the_total_variation(g, m):
    expected = sum(max(each, 0) * width for each, width in zip(*between(g, m, 0.0), strict=True))
    assert float(gaussians.advantage(gap_of(1, g, m))) == pytest.approx(expected, rel=1e-8, abs=1e-12)


def between(g, m, eps, *, swapped=False):
    """p_in - e^eps p_out at nodes in one dimension, or the same with the two exchanged, and weights."""
    wide, mean = math.sqrt(1 + g), math.sqrt(m)
    # Nodes along each of the two, and finely where the two densities cross.
    a, b, c = g, 2 * mean, -(m + (1 + g) * (math.log1p(g) + (2 if swapped else -2) * eps))
    square = b * b - 4 * a * c
    larger = -(b + math.sqrt(square)) / 2 if square > 0 else None
    crossings = [] if larger is None else [larger / a, c / larger]
    ends = np.unique([*np.linspace(-40, 40, 161), *(mean + wide * np.linspace(-40, 40, 161)), *crossings])
    ends = ends[(ends >= min(-40, mean - 40 * wide)) & (ends <= max(40, mean + 40 * wide))]
    x, w = np.polynomial.legendre.leggauss(20)
    at = (ends[:-1] + ends[1:])[:, None] / 2 + np.diff(ends)[:, None] / 2 * x
    given, without = norm.pdf(at), norm.pdf((at - mean) / wide) / wide
    first, second = (without, given) if swapped else (given, without)
    return (first - math.exp(eps) * second).ravel(), (np.diff(ends)[:, None] / 2 * w).ravel()


@pytest.mark.parametrize("eps", [0.0, 0.1, 1.0, 3.0, 8.0, 30.0, 60.0])
@pytest.mark.parametrize(("g", "m"), [(0.8, 0.5), (0.05, 2.0), (1e-6, 1.0), (100.0, 1.0), (3.0, 0.0), (0.01, 50.0)])
def test_delta_by_quadrature(g, m, eps):
    expected = max(
        sum(max(each, 0) * width for each, width in zip(*between(g, m, eps, swapped=swapped), strict=True))
        for swapped in (False, True)
    )
    found = float(gaussians.delta_at(gap_of(1, g, m), tensor(eps)))
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("eps", [0.2, 1.0, 2.5])
@pytest.mark.parametrize(("C", "g", "m"), [(2, 3.0, 0.5), (3, 0.4, 2.0), (10, 0.3, 1.0)])
def test_delta_by_drawing(C, g, m, eps):
    given, without = drawn(C, g, m)
    # delta = E_in (1 - e^(eps - L))_+ and E_out (1 - e^(eps + L))_+
    shares = [np.clip(1 - np.exp(eps - given), 0, None), np.clip(1 - np.exp(eps + without), 0, None)]
    largest = max(shares, key=lambda each: each.mean())
    error = largest.std() / math.sqrt(DRAWS)
    assert abs(float(gaussians.delta_at(gap_of(C, g, m), tensor(eps))) - largest.mean()) < 4 * error


@pytest.mark.parametrize(("C", "g", "m"), CASES + EXTREME)
def test_delta_falls_from_the_advantage_to_nothing(C, g, m):
    eps = torch.linspace(0, 40, 161, dtype=torch.float64)
    delta = gaussians.delta_at(Gap(tensor(g).expand(161), tensor(m).expand(161), C), eps)
    assert float(delta[0]) == pytest.approx(float(gaussians.advantage(gap_of(C, g, m))), abs=1e-12)
    assert bool((delta.diff() <= 1e-12).all()) and bool((delta >= 0).all())


# --- labels ---------------------------------------------------------------------------------------------------------


def test_the_label_of_two_classes_is_exact():
    mean, variance = tensor([0.2, -0.1], [-1.0, 3.0], [0.0, 0.0]), tensor(0.5, 1e-3, 2.0)
    label = torch.tensor([0, 1, 1])
    own, other = mean.gather(1, label[:, None])[:, 0], mean.gather(1, 1 - label[:, None])[:, 0]
    expected = norm.cdf(((own - other) / (2 * variance).sqrt()).numpy())
    np.testing.assert_allclose(gaussians.correct(mean, variance, label), expected, rtol=1e-14)


@pytest.mark.parametrize("C", [2, 3, 10])
def test_the_label_by_drawing(C):
    rng = np.random.default_rng(C)
    mean, variance, label = rng.standard_normal((4, C)) / 2, rng.uniform(0.2, 1, 4), rng.integers(0, C, 4)
    draws = mean[:, None] + np.sqrt(variance)[:, None, None] * rng.standard_normal((4, DRAWS, C))
    share = (draws.argmax(2) == label[:, None]).mean(1)
    found = gaussians.correct(torch.from_numpy(mean), torch.from_numpy(variance), torch.from_numpy(label))
    assert (np.abs(found.numpy() - share) < 4 * np.sqrt(share * (1 - share) / DRAWS)).all()


@pytest.mark.parametrize("C", [3, 10, 200])
@pytest.mark.parametrize("size", [0.0, 1.0, 20.0])
def test_the_label_by_quadrature(C, size):
    mean = size * np.random.default_rng(C).standard_normal((1, C))
    expected = scipy.integrate.quad(
        lambda z: norm.pdf(z) * np.prod(norm.cdf(mean[0, 1] - np.delete(mean[0], 1) + z)), -12, 12,
        points=np.arange(-8, 9.0), limit=400, epsabs=1e-14,
    )[0]  # fmt: skip
    found = gaussians.correct(torch.from_numpy(mean), tensor(1.0).reshape(1), torch.tensor([1]))
    assert float(found) == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_of_equal_outputs_each_label_has_its_share():
    found = gaussians.correct(torch.zeros(5, 5, dtype=torch.float64), torch.ones(5, dtype=torch.float64), torch.arange(5))  # noqa: E501 # fmt: skip
    assert found.tolist() == pytest.approx([0.2] * 5, rel=1e-12)
