"""Gradients and curvature of a network at a point, against torch.func with every matrix formed, and curvlinops."""

from __future__ import annotations

import pytest
import reference_curvature
import torch
from literal_influence import NETWORKS, Literal, perceptron, sequences

from fil_core.influence import point as module
from fil_core.influence.point import Point

CLOSE = {"rtol": 1e-10, "atol": 1e-12}  # sums of a few hundred float64 products in another order


@pytest.fixture(params=NETWORKS)
def literal(request) -> Literal:
    return NETWORKS[request.param]()


def test_gradients_and_products_with_them(literal, monkeypatch):
    at, G = literal.point, literal.gradients(literal.X, literal.Y)
    assert at.p == G.shape[1] and at.n == len(literal.X)
    V = torch.randn(3, at.p, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for most in (module._BYTES["cpu"], 1):  # everything at once; then one row at a time
        monkeypatch.setitem(module._BYTES, "cpu", most)
        torch.testing.assert_close(torch.cat(list(at.gradients(literal.X, literal.Y))), G, **CLOSE)
        torch.testing.assert_close(at.mean_gradient(literal.X_test, literal.Y_test), literal.aimed(), **CLOSE)
        torch.testing.assert_close(at.products(V, literal.X, literal.Y), G @ V.T, **CLOSE)


@pytest.mark.parametrize("kind", ["hessian", "ggn"])
def test_curvature_of_the_mean_loss_and_of_single_examples(literal, kind, monkeypatch):
    at, C = literal.point, literal.curvatures(kind)
    torch.testing.assert_close(at.dense(kind), C.mean(0), **CLOSE)
    U = torch.randn(at.n, at.p, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.einsum("np,npq,nq->n", U, C, U)
    for most in (module._BYTES["cpu"], 1):  # everything at once; then one row and one direction at a time
        monkeypatch.setitem(module._BYTES, "cpu", most)
        torch.testing.assert_close(at.curved(U[:2], kind), U[:2] @ C.mean(0), **CLOSE)
        torch.testing.assert_close(at.quadratic(U, literal.X, literal.Y, kind), expected, **CLOSE)


def test_inner_products_of_gradients_however_few_fit(literal, monkeypatch):
    at, G = literal.point, literal.gradients(literal.X, literal.Y)
    layers = at.layers()
    # All gradients at once, three of the examples at a time, and one, of which each is computed on its own.
    for most, rows in ((2**30, 2**28), (3 * 2 * at.p * 8, 2**28), (1, 1)):
        monkeypatch.setitem(module._BYTES, "cpu", rows)
        found = at.gram([slice(0, at.p), *layers], most=most)
        assert found.dtype == torch.float64
        torch.testing.assert_close(found[0], G @ G.T, **CLOSE)
        for K, c in zip(found[1:], layers, strict=True):
            torch.testing.assert_close(K, G[:, c] @ G[:, c].T, **CLOSE)


def test_layers_hold_weight_and_bias():
    at = perceptron().point
    assert at.layers() == [slice(0, 16), slice(16, 26)]  # 3 x 4 + 4, then 4 x 2 + 2
    language = sequences().point
    sizes = {name: value.numel() for name, value in language.weights.items()}
    by_layer = [5 * 3, 12 * 3 + 12, 12 * 3, 5 * 3 + 5]  # embedding, inputs with bias, recurrent, output with bias
    assert [one.stop - one.start for one in language.layers()] == by_layer and sum(sizes.values()) == sum(by_layer)


def test_tensors_of_a_layer_that_are_apart_are_blocks_of_their_own():
    at = perceptron().point
    weights = {name: at.weights[name] for name in ("0.weight", "2.weight", "0.bias", "2.bias")}
    mixed = Point(at.module, weights, at.X, at.Y, at.losses)
    assert mixed.layers() == [slice(0, 12), slice(12, 20), slice(20, 24), slice(24, 26)]


def test_what_stands_at_padding_counts_for_nothing():
    literal = sequences()
    at = literal.point
    other = Point(at.module, at.weights, torch.where(at.X < 0, 3.0, at.X), at.Y, at.losses)
    found, expected = (torch.cat(list(one.gradients(one.X, one.Y))) for one in (other, at))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-15)
    for kind in ("hessian", "ggn"):
        torch.testing.assert_close(other.dense(kind), at.dense(kind), rtol=0, atol=1e-14)
    # A sequence alone, without its padding, has the same gradient.
    short = at.X[:1, :1]
    torch.testing.assert_close(literal.gradients(short, short), expected[:1], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["perceptron", "convolutional", "sequences"])
def test_single_precision(name):
    exact = NETWORKS[name]()
    single = Literal(
        exact.module.float(), *(one.float() for one in (exact.X, exact.Y, exact.X_test, exact.Y_test)), exact.losses
    )
    at, same = single.point, NETWORKS[name]()
    found = torch.cat(list(at.gradients(at.X, at.Y)))
    assert found.dtype == torch.float32
    # Rounding of float32, 6e-8, in sums of some ten numbers of order 1.
    torch.testing.assert_close(found.double(), same.gradients(same.X, same.Y), rtol=1e-4, atol=1e-5)
    for kind in ("hessian", "ggn"):
        torch.testing.assert_close(at.dense(kind).double(), same.point.dense(kind), rtol=1e-4, atol=1e-5)
    gram = at.gram([slice(0, at.p)], most=2**20)
    assert gram.dtype == torch.float64
    G = same.gradients(same.X, same.Y)
    torch.testing.assert_close(gram[0], G @ G.T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("loss", ["squared", "cross-entropy"])
def test_against_an_independent_library(loss):
    at = perceptron(n=11, k=3, loss=loss).point
    close = {"rtol": 1e-8, "atol": 1e-10}
    torch.testing.assert_close(at.dense("hessian"), reference_curvature.hessian(at.module, at.X, at.Y), **close)
    torch.testing.assert_close(at.dense("ggn"), reference_curvature.gauss_newton(at.module, at.X, at.Y), **close)
    G = torch.cat(list(at.gradients(at.X, at.Y)))
    fisher = reference_curvature.empirical_fisher(at.module, at.X, at.Y)
    torch.testing.assert_close(G.T @ G / at.n, fisher, **close)
