"""Volterra equations against their definition, one step after the other."""

from __future__ import annotations

import pytest
import torch

from fil_core.linalg.volterra import solve_volterra

# Transforms of at most 1,024 numbers lose a few bits of the largest of them.
CLOSE = 1e-13


def step_by_step(g, h):
    rho = torch.zeros_like(g)
    for s in range(g.shape[-1]):
        rho[..., s] = g[..., s]
        for tau in range(s):
            rho[..., s] += torch.einsum("gab,gb->ga", h[..., s - 1 - tau], rho[..., tau])
    return rho


@pytest.mark.parametrize(
    ("G", "b", "t"), [(3, 1, 1), (2, 1, 2), (4, 1, 63), (3, 1, 64), (3, 2, 65), (2, 1, 128), (2, 3, 300), (1, 2, 513)]
)
def test_the_solution_is_that_of_the_recursion(G, b, t):
    draw = torch.Generator().manual_seed(t)
    g = torch.randn(G, b, t, generator=draw, dtype=torch.float64)
    h = torch.randn(G, b, b, t, generator=draw, dtype=torch.float64) * 0.1 * torch.exp(-torch.arange(t) / 9.0)
    before = g.clone(), h.clone()
    expected = step_by_step(g, h)
    assert (solve_volterra(g, h) - expected).abs().max() <= CLOSE * expected.abs().max()
    assert torch.equal(g, before[0]) and torch.equal(h, before[1])


def test_a_kernel_of_one_step_has_a_closed_form():
    t = 40
    h = torch.zeros(1, 1, 1, t, dtype=torch.float64)
    h[..., 0] = 1.0
    rho = solve_volterra(torch.ones(1, 1, t, dtype=torch.float64), h)
    # Only the last step counts: rho(s) = 1 + rho(s - 1) = s + 1.
    assert torch.equal(rho.flatten().round(), torch.arange(1, t + 1, dtype=torch.float64))
