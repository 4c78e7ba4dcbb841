"""The scale of the reference curvature, against Hessians and gradients of torch.func."""

from __future__ import annotations

import pytest
import torch
from reference_curvature import empirical_fisher, gauss_newton, hessian
from torch import nn
from torch.func import functional_call, grad, jacrev, vmap
from torch.func import hessian as func_hessian

from fil_core.models.networks.losses import squared

N, D, K = 11, 3, 4


def setting(kind):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Sequential(nn.Linear(D, 5), nn.Tanh(), nn.Linear(5, K)).double()
        X = torch.randn(N, D, dtype=torch.float64)
        Y = torch.randn(N, K, dtype=torch.float64) if kind == "squared" else torch.randint(K, (N,))
    sizes = [one.numel() for one in module.parameters()]
    names = [name for name, _ in module.named_parameters()]
    shapes = [one.shape for one in module.parameters()]
    flat = torch.cat([one.detach().flatten() for one in module.parameters()])

    def outputs(theta, X):
        parts = zip(names, theta.split(sizes), shapes, strict=True)
        return functional_call(module, {name: one.view(shape) for name, one, shape in parts}, (X,))

    def losses(Z, Y):
        return squared(Z, Y) if kind == "squared" else nn.functional.cross_entropy(Z, Y, reduction="none")

    return module, X, Y, flat, outputs, losses


@pytest.mark.parametrize("kind", ["squared", "cross-entropy"])
def test_the_hessian_is_that_of_the_mean_loss(kind):
    module, X, Y, theta, outputs, losses = setting(kind)
    expected = func_hessian(lambda at: losses(outputs(at, X), Y).mean())(theta)
    # Two orders of the same sums.
    torch.testing.assert_close(hessian(module, X, Y), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("kind", ["squared", "cross-entropy"])
def test_the_gauss_newton_matrix_is_the_mean_over_examples(kind):
    module, X, Y, theta, outputs, losses = setting(kind)
    J = jacrev(lambda at: outputs(at, X))(theta)
    Z = outputs(theta, X)
    inner = torch.stack(
        [func_hessian(lambda z, y=y: losses(z[None], y[None])[0])(z) for z, y in zip(Z, Y, strict=True)]
    )
    expected = torch.einsum("nkp,nkl,nlq->pq", J, inner, J) / N
    torch.testing.assert_close(gauss_newton(module, X, Y), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("kind", ["squared", "cross-entropy"])
def test_the_empirical_fisher_matrix_is_the_mean_of_outer_products(kind):
    module, X, Y, theta, outputs, losses = setting(kind)
    G = vmap(grad(lambda at, x, y: losses(outputs(at, x[None]), y[None])[0]), (None, 0, 0))(theta, X, Y)
    torch.testing.assert_close(empirical_fisher(module, X, Y), G.T @ G / N, rtol=1e-11, atol=1e-13)


def test_frozen_parameters_have_no_rows():
    module, X, Y, *_ = setting("squared")
    whole = hessian(module, X, Y)
    module[0].requires_grad_(False)
    torch.testing.assert_close(hessian(module, X, Y), whole[20:, 20:], rtol=1e-11, atol=1e-13)
