"""Leakage through a frozen network against dense Jacobians, autograd, and refitting the head."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from fil_core.errors import BadRequest
from fil_core.leakage import pullback as module
from fil_core.leakage.fil import fil, jacobians
from fil_core.leakage.pullback import Linearised, eta_pixels, pixel_leakage
from fil_core.models import fit
from fil_core.specs import ModelSpec
from tests.reference import spectral_norm

SIDE, N, F = 4, 40, 5
KINDS = {"least-squares": 0, "logistic": 2, "softmax": 3}
SOME = (0, 3, 11, 24, 39)  # 3 has weight 0


class Deep:
    """A small smooth network with its preprocessing, and a head on its features with unequal weights."""

    def __init__(self, kind: str, make_dataset, from_arrays, make_reference, *, basis: bool = False) -> None:
        rng = np.random.default_rng(3)
        self.pixels = rng.random((N, SIDE * SIDE))
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.network = nn.Sequential(
                nn.Unflatten(1, (1, SIDE, SIDE)), nn.Conv2d(1, 3, 2), nn.Tanh(), nn.Conv2d(3, 4, 2, stride=2),
                nn.GELU(), nn.Flatten(), nn.Linear(4, 7), nn.Tanh(),
            ).double().requires_grad_(False)  # fmt: skip
        self.scale, self.centre = rng.uniform(0.5, 3, 7), rng.normal(size=7) / 9
        self.basis = np.linalg.qr(rng.normal(size=(7, F)))[0] if basis else np.eye(7)
        X = self.features(torch.from_numpy(self.pixels)).numpy()
        y = make_dataset(classes=KINDS[kind], n=N).y
        self.data = from_arrays(X, y, classes=KINDS[kind])
        self.weights = rng.uniform(0.5, 1.5, N)
        self.weights[3] = 0.0
        self.spec = ModelSpec(kind=kind, l2=0.01)
        self.fitted = fit(self.spec, self.data, weights=self.weights)
        self.reference = make_reference(self.spec, self.data, self.weights)
        self.terms = self.fitted.terms(self.data)

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        raw = self.network(pixels)
        return ((raw - torch.from_numpy(self.centre)) * torch.from_numpy(self.scale)) @ torch.from_numpy(self.basis)

    def dense(self, i: int) -> np.ndarray:
        """J_phi phi' formed: the formula of the head, autograd of the network."""
        x = torch.from_numpy(self.pixels[i])
        inner = torch.func.jacrev(lambda v: self.features(v[None])[0])(x).numpy()
        return self.reference.feature_jacobian(i) @ inner

    def by_refitting(self, i: int, step: float = 1e-4) -> np.ndarray:
        """Central differences in every pixel of picture i: new features, the head trained again to rounding."""

        def theta(j: int, by: float) -> np.ndarray:
            moved = self.pixels[i].copy()
            moved[j] += by
            x = self.features(torch.from_numpy(moved)[None])[0].numpy()
            return self.reference.with_row(i, x).optimum_from(self.reference.theta)

        pairs = [theta(j, step) - theta(j, -step) for j in range(SIDE * SIDE)]
        return np.stack(pairs, 1) / (2 * step)


@pytest.fixture(scope="module", params=["lanczos", "dense"])
def way(request):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "FEW", 0 if request.param == "lanczos" else 32)
        yield request.param


@pytest.fixture(params=KINDS)
def deep(request, make_dataset, from_arrays, make_reference) -> Deep:
    return Deep(request.param, make_dataset, from_arrays, make_reference, basis=request.param == "logistic")


def test_eta_is_the_norm_of_the_dense_jacobian(deep, way):
    found = eta_pixels(deep.terms, deep.features, deep.pixels)
    expected = [spectral_norm(deep.dense(i)) for i in range(N)]
    np.testing.assert_allclose(found.eta.numpy(), expected, rtol=1e-9, atol=1e-13)  # eta^2 is certified to 1e-9
    assert found.residual <= 1e-9
    assert found.eta[3] == 0


def test_eta_is_the_norm_of_differences_through_refitting(deep):
    eta = eta_pixels(deep.terms, deep.features, deep.pixels).eta
    for i in SOME:
        J = deep.by_refitting(i)
        # differences at 1e-4: truncation 1e-8, rounding of two optima (1e-13) over the step
        assert float(eta[i]) == pytest.approx(spectral_norm(J), rel=1e-5, abs=1e-9)
        np.testing.assert_allclose(J, deep.dense(i), rtol=1e-5, atol=1e-6)


def test_pixels_and_direction_of_one_picture(deep):
    for i in SOME:
        found, J = pixel_leakage(deep.terms, deep.features, deep.pixels, i), deep.dense(i)
        np.testing.assert_allclose(found.pixels.numpy(), np.linalg.norm(J, axis=0), rtol=1e-8, atol=1e-12)
        assert found.eta == pytest.approx(spectral_norm(J), rel=1e-9, abs=1e-13)
        v = found.direction.numpy()
        assert np.linalg.norm(J @ v) == pytest.approx(spectral_norm(J), rel=1e-9, abs=1e-13)
        if i != 3:  # of weight 0, which leaks in no direction
            assert np.linalg.norm(v) == pytest.approx(1, rel=1e-10) and v[np.abs(v).argmax()] > 0


def test_products_with_the_network_s_jacobian_and_its_transpose(deep):
    x = torch.from_numpy(deep.pixels[:6])
    map, rng = Linearised(deep.features, x), torch.Generator().manual_seed(1)
    inner = torch.func.vmap(torch.func.jacrev(lambda v: deep.features(v[None])[0]))(x)
    v, g = (torch.randn(6, k, generator=rng).double() for k in (SIDE * SIDE, inner.shape[1]))
    torch.testing.assert_close(map.times(v), torch.einsum("mfd,md->mf", inner, v), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(map.transposed(g), torch.einsum("mfd,mf->md", inner, g), rtol=1e-12, atol=1e-14)


def test_the_head_s_products_and_factor_are_those_of_its_jacobian(deep):
    J = jacobians(deep.terms, slice(None))
    v = torch.randn(N, J.f, generator=torch.Generator().manual_seed(1)).double()
    R, Mv = J.feature_factor(), J.feature_products(v)
    for i in SOME:
        M = deep.reference.feature_jacobian(i).T @ deep.reference.feature_jacobian(i)
        np.testing.assert_allclose(Mv[i], M @ v[i].numpy(), rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(R[i].T @ R[i], M, rtol=1e-8, atol=1e-11)


def test_the_head_s_products_with_an_intercept(make_dataset):
    data = make_dataset(classes=2)
    fitted = fit(ModelSpec(kind="logistic", l2=0.01, intercept=True), data)
    J = jacobians(fitted.terms(data), slice(0, 3))
    grams = [jacobians(fitted.terms(data), slice(i, i + 1)).feature_gram() for i in range(3)]
    v = torch.randn(3, J.f, generator=torch.Generator().manual_seed(1)).double()
    R = J.feature_factor()
    torch.testing.assert_close(R.mT @ R, torch.stack(grams), rtol=1e-9, atol=1e-12)
    expected = (torch.stack(grams) @ v[:, :, None])[:, :, 0]
    torch.testing.assert_close(J.feature_products(v), expected, rtol=1e-9, atol=1e-12)


def test_without_a_network_it_is_eta_of_the_features(deep, way):
    X = deep.data.X
    found = eta_pixels(deep.terms, lambda x: x, X).eta
    of_features = fil(deep.fitted, deep.data, columns=tuple(range(X.shape[1])))
    np.testing.assert_allclose(found, of_features, rtol=1e-9, atol=1e-13)


def test_blocks_of_any_size_give_the_same_numbers(deep, way, monkeypatch):
    whole, told = eta_pixels(deep.terms, deep.features, deep.pixels).eta, []
    monkeypatch.setitem(module._VALUES, "cpu", 1)
    one_by_one = eta_pixels(deep.terms, deep.features, deep.pixels, progress=lambda *args: told.append(args[:2]))
    np.testing.assert_allclose(one_by_one.eta, whole, rtol=1e-9, atol=1e-13)
    assert told == [(i, N) for i in range(N)]
    heat = pixel_leakage(deep.terms, deep.features, deep.pixels, 11).pixels.numpy()
    np.testing.assert_allclose(heat, np.linalg.norm(deep.dense(11), axis=0), rtol=1e-8)


def test_noise_scales_it_and_none_is_refused(deep):
    whole = eta_pixels(deep.terms, deep.features, deep.pixels).eta
    np.testing.assert_allclose(eta_pixels(deep.terms, deep.features, deep.pixels, sigma=4.0).eta, whole / 4, rtol=1e-14)
    four, one = (pixel_leakage(deep.terms, deep.features, deep.pixels, 11, sigma=s) for s in (4.0, 1.0))
    assert four.eta == pytest.approx(one.eta / 4) and float(four.pixels.max()) == pytest.approx(
        float(one.pixels.max()) / 4
    )
    for call in (lambda: eta_pixels(deep.terms, deep.features, deep.pixels, sigma=0.0),
                 lambda: pixel_leakage(deep.terms, deep.features, deep.pixels, 0, sigma=0.0)):  # fmt: skip
        with pytest.raises(BadRequest, match="sigma"):
            call()


def test_what_the_network_throws_away_leaks_nothing(deep, way):
    def blind(x):
        return deep.features(x * torch.tensor([0.0] + [1.0] * (SIDE * SIDE - 1)))

    X = blind(torch.from_numpy(deep.pixels)).numpy()
    data = dataclasses.replace(deep.data, X=X)
    terms = fit(deep.spec, data).terms(data)
    assert pixel_leakage(terms, blind, deep.pixels, 0).pixels[0] == 0

    def constant(x):
        return X[:1].mean() + 0 * x[:, :1] @ torch.ones(1, X.shape[1]).double()

    assert (eta_pixels(terms, constant, deep.pixels).eta == 0).all()


def test_the_network_s_own_weights_are_left_alone(deep):
    before = [p.clone() for p in deep.network.parameters()]
    eta_pixels(deep.terms, deep.features, deep.pixels)
    assert all(p.grad is None and torch.equal(p, q) for p, q in zip(deep.network.parameters(), before, strict=True))
