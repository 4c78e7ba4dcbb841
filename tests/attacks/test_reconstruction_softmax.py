"""Reconstruction of softmax models: exact without noise, at the bound with little, and the posterior mean."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.attacks import rank_one, score_posterior
from fil_core.attacks.reconstruction import adversary_of, reconstruct, unseen_error
from fil_core.data import load
from fil_core.errors import BadRequest, SingularCurvature
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec
from tests.reference import Sampled


def attacked(fitted, data, rows, **options):
    asked = {"sigmas": [0.0], "trials": 10, "prior_std": 1.0} | options
    return reconstruct(fitted, data, rows, **asked)


def softmax(data, l2=0.02, weighted=False, intercept=False):
    weights = np.random.default_rng(7).uniform(0.3, 2.0, data.n) if weighted else None
    return fit(ModelSpec(kind="softmax", l2=l2, intercept=intercept), data, weights=weights)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("classes", [3, 5])
def test_an_example_is_read_off_the_bare_parameters(classes, intercept, weighted, make_dataset):
    data = make_dataset(classes=classes)
    found = attacked(softmax(data, weighted=weighted, intercept=intercept), data, range(0, data.n, 2))
    for one in found:
        assert one.squared_error[0][0] < 1e-18 * np.square(data.X).mean()
        assert one.explained[0] == 1
        assert (one.guess == one.guess_prior).all()


@pytest.mark.parametrize(("pca", "intercept"), [(20, False), (20, True), (None, False)])
def test_a_digit_of_every_class_is_read_off_the_bare_parameters(pca, intercept):
    data = load(DataSpec(name="digits", pca=pca))
    rows = [int(np.flatnonzero(data.y == c)[1]) for c in range(10)]
    errors = [one.squared_error[0][0] for one in attacked(softmax(data, 1e-3, intercept=intercept), data, rows)]
    assert max(errors) < 1e-6 * np.square(data.X[rows]).max()  # a PSNR of 60 dB; it is above 200


@pytest.mark.realdata
@pytest.mark.parametrize(("classes", "pca"), [((), 20), (("1", "4", "8"), None)])
def test_a_digit_of_mnist_is_read_off_the_bare_parameters(classes, pca):
    data = load(DataSpec(name="mnist", classes=classes, pca=pca, subset=2000 if pca else 600))
    rows = [int(np.flatnonzero(data.y == c)[0]) for c in range(len(data.class_names))]
    errors = [one.squared_error[0][0] for one in attacked(softmax(data, 1e-3), data, rows)]
    assert max(errors) < 1e-6 * np.square(data.X[rows]).max()


@pytest.mark.parametrize(("classes", "numbers"), [(2, {0, 1, 2}), (3, {0, 1, 2}), (10, {1, 2}), (1000, {1, 3})])
def test_every_root_is_found(classes, numbers):
    """Against every change of sign on a grid of 20,000 alphas; three need many classes that one alpha leaves behind."""
    rng, seen = np.random.default_rng(classes), set()
    label, grid = torch.eye(classes, dtype=torch.float64)[0], torch.logspace(-4, 4, 20_000, dtype=torch.float64)
    for _ in range(60 if classes < 1000 else 10):
        zeta = torch.from_numpy(rng.standard_normal(classes) * 2)
        zeta[0] = zeta.max() + rng.normal()
        if classes == 1000:  # all but one of the others fall away near alpha = 7 / 1000
            zeta = torch.full((classes,), -1000.0, dtype=torch.float64)
            zeta[:2] = torch.tensor([0.0, 1.0])
        f = grid * torch.softmax(grid[:, None] * zeta, 1)[:, 1:].sum(1)
        # Of a thousand classes f has a maximum of 0.0047 at 0.0065, and a minimum of 0.00456 at 0.0078.
        aim = (f[int(rng.integers(2000, 18_000))] * 10 ** rng.uniform(-0.3, 0.3)).clamp_min(1e-3)
        aim = aim if classes < 1000 else torch.tensor(0.0046).double() * 10 ** rng.uniform(-0.02, 0.02)
        above = f > aim
        alpha, real = rank_one.roots(zeta[None], label, aim[None])
        found = alpha[0][~alpha[0].isnan()] if real[0] else alpha[0][:0]
        found = found[found < 1e4]
        assert found.numpy() == pytest.approx(grid[1:][above[1:] != above[:-1]].numpy(), rel=2e-3)  # the grid's step
        seen.add(len(found))
    assert seen >= numbers


@pytest.mark.parametrize("intercept", [False, True])
def test_two_classes_are_a_logistic_model_with_half_the_penalty(intercept, make_dataset):
    data, l2, sigma, trials = make_dataset(classes=2), 0.04, 1e-3, 20
    two = softmax(data, l2, intercept=intercept)
    one = fit(ModelSpec(kind="logistic", l2=l2 / 2, intercept=intercept), data)
    difference = two.theta[1] - two.theta[0]
    assert difference.numpy() == pytest.approx(one.theta.numpy(), rel=1e-9)
    both, alone = adversary_of(two, data), adversary_of(one, data)
    # T = V^T Theta may have the sign of the other difference.
    sign = float(torch.sign(both.terms.basis[1, 0] - both.terms.basis[0, 0]))
    noise = torch.randn(trials, two.theta.shape[1], generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    std = torch.full((trials,), sigma, dtype=torch.float64)
    for row in (3, 8, 17):
        a = both.attack(both.target(row), noise, std)
        b = alone.attack(alone.target(row), sign * noise, 2**0.5 * std)
        for name in ("unbiased", "prior", "either"):
            assert getattr(a, name).numpy() == pytest.approx(getattr(b, name).numpy(), rel=1e-6, abs=1e-8)
        assert (a.explained == b.explained).all()


@pytest.mark.parametrize(
    ("classes", "intercept", "few"),
    [(3, False, 8), (3, True, 8), (4, False, 8), (4, True, 8), (3, False, 0), (4, True, 0)],
)
def test_the_unbiased_error_reaches_the_bound(classes, intercept, few, make_dataset, monkeypatch):
    monkeypatch.setattr(score_posterior, "FEW", few)
    data = make_dataset(classes=classes)
    for one in attacked(softmax(data, intercept=intercept), data, [1, 6], sigmas=[1e-6], trials=400):
        for errors in (one.squared_error[0], one.squared_error_prior[0]):
            assert abs(errors.mean() - one.bound_unbiased[0]) < 3 * errors.std() / len(errors) ** 0.5
        assert one.explained[0] == 0  # noise leaves no x that explains a release of two scores exactly


OVER_X, OVER_SCORES = (0.05, 0.03, 0.02, 0.02), (0.15, 0.08, 0.04, 0.03)


@pytest.mark.parametrize(
    ("classes", "d", "row", "few", "tolerances"),
    [
        (3, 2, 5, 8, OVER_X), (3, 4, 11, 8, OVER_X), (4, 2, 7, 8, OVER_X),
        (3, 4, 11, 0, OVER_SCORES), (3, 3, 5, 0, OVER_SCORES),
    ],
)  # fmt: skip
def test_the_posterior_mean_is_that_of_importance_sampling(classes, d, row, few, tolerances, make_dataset, monkeypatch):
    """Over 6,000 examples from the prior, each trained on; where they are too few to count, nothing is compared.

    By points of x itself, and by points of the scores, as examples of more than a few entries are.
    """
    monkeypatch.setattr(score_posterior, "FEW", few)
    data = make_dataset(classes=classes, n=30, d=d)
    fitted = softmax(data)
    adversary = adversary_of(fitted, data)
    target = adversary.target(row)
    draws = torch.from_numpy(np.random.default_rng(0).standard_normal((6_000, d)))
    xs = target.prior.mean + (draws * target.variance.sqrt()) @ target.vectors.T
    T = retrained(fitted, data, row, xs)
    flat, spread, compared = T.flatten(1).numpy(), float(T.flatten(1).var(0).sum().sqrt()), 0
    for strength, tolerance in zip((0.3, 1.0, 3.0, 10.0), tolerances, strict=True):
        for seed in range(2):
            e = torch.randn(1, flat.shape[1], generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            released = (target.T.flatten() + strength * spread * e[0]).numpy()
            true = Sampled.of(xs.numpy(), flat, released, strength * spread)
            if true.effective < 400:
                continue
            compared += 1
            found = attacked(fitted, data, [row], sigmas=[strength * spread], trials=1, seed=seed)[0].guess_prior[0]
            # Sampling itself is off by 1 / sqrt(effective) of the spread.
            assert np.linalg.norm(found - true.mean) / true.spread < tolerance + 2 / true.effective**0.5
    assert compared >= 6


def retrained(fitted, data, row, xs):
    """True optima T with each x (m, d) in the example's place, by Newton's method from the fitted one."""
    Y = torch.nn.functional.one_hot(torch.from_numpy(data.y).long()).double()
    X, others = torch.from_numpy(data.X), np.delete(np.arange(data.n), row)
    V = adversary_of(fitted, data).terms.basis
    T, ridge = (V.T @ fitted.theta).repeat(len(xs), 1, 1), data.n * fitted.spec.penalty

    def part(T, X, Y, w):
        p = torch.softmax(torch.einsum("ck,mkd,mnd->mnc", V, T, X), 2)
        S = torch.diag_embed(p) - p[..., :, None] * p[..., None, :]
        return torch.einsum("ck,mnc,mnd->mkd", V, p - Y, X), torch.einsum("mnkl,mnd,mne->mkdle", V.T @ S @ V, X, X)

    for _ in range(40):
        gradient, H = (a + b for a, b in zip(
            part(T, X[others].expand(len(xs), -1, -1), Y[others], 1), part(T, xs[:, None], Y[row], 1), strict=True
        ))  # fmt: skip
        size = T[0].numel()
        H = H.reshape(len(xs), size, size) + ridge * torch.eye(size).double()
        step = torch.linalg.solve(H, (gradient + ridge * T).flatten(1)[..., None])[..., 0].view(T.shape)
        T = T - step
        if float(step.abs().max()) < 1e-10:
            return T
    raise AssertionError("training did not converge")


@pytest.mark.parametrize("pca", [8, 12])  # points of x itself, and of the scores
def test_with_a_prior_the_error_is_never_above_that_of_the_prior(pca):
    data = load(DataSpec(name="digits", pca=pca))
    fitted, rows = softmax(data, 1e-3), [3, 10, 50]
    found = attacked(fitted, data, rows, sigmas=[1e-5, 1e-3, 1e-2, 1e-1, 1.0, 100.0], trials=8)
    unseen = unseen_error(fitted, data, rows)
    for one, limit in zip(found, unseen, strict=True):
        mean = np.array([errors.mean() for errors in one.squared_error_prior])
        error = np.array([errors.std() / 8**0.5 for errors in one.squared_error_prior])
        assert (mean <= 1.02 * limit + 3 * error).all()
        assert mean[0] < 1e-3 * limit
        assert mean[-1] == pytest.approx(limit, rel=0.02)


@pytest.mark.parametrize("intercept", [False, True])
def test_endless_noise_leaves_the_mean_of_the_others(intercept, make_dataset):
    data, row = make_dataset(classes=3), 4
    alike = (data.y == data.y[row]) & (np.arange(data.n) != row)
    one = attacked(softmax(data, intercept=intercept), data, [row], sigmas=[1e6])[0]
    assert one.guess_prior[0] == pytest.approx(data.X[alike].mean(0), abs=1e-4)


def test_no_influence_and_no_optimum_without_an_example_are_refused(make_dataset, from_arrays):
    data = make_dataset(classes=3)
    weights = np.ones(data.n)
    weights[2] = 0
    with pytest.raises(BadRequest, match="weight > 0"):
        attacked(fit(ModelSpec(kind="softmax", l2=0.1), data, weights=weights), data, [2])
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 2)) * [1, 0]
    X[4, 1] = 1  # nobody else has this column
    lonely = from_arrays(X, np.arange(60) % 3, classes=3)
    fitted = fit(ModelSpec(kind="softmax", l2=0.1), lonely)
    unpenalised = dataclasses.replace(fitted, spec=ModelSpec(kind="softmax", l2=1e-12))
    with pytest.raises(SingularCurvature):
        attacked(dataclasses.replace(unpenalised, curvature=_without_penalty(fitted, lonely)), lonely, [4])


def _without_penalty(fitted, data):
    """The curvature of the loss alone."""
    from fil_core.linalg import Curvature
    from fil_core.models.softmax import hessian_blocks

    terms = fitted.terms(data)
    return Curvature.factor(hessian_blocks(terms.X, terms.p, terms.w, 1e-13))


def test_progress_is_in_releases_of_all_examples(make_dataset):
    data, said = make_dataset(classes=3), []
    attacked(softmax(data), data, [1, 2], sigmas=[0.0, 0.1], progress=lambda *now: said.append(now[:2]))
    assert said == [(0, 22), (11, 22)]
