"""The factorised Hessian against dense solves, and its refusal of a singular one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fil_core.errors import SingularCurvature
from fil_core.linalg import CholeskyCurvature, Curvature, blocks, row_blocks, weighted_gram

EXACT = {"rtol": 1e-11, "atol": 1e-13}  # condition 100 times rounding


def definite(m=6, condition=100.0, seed=0):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((m, m)))
    return torch.from_numpy((Q * np.geomspace(1, condition, m)) @ Q.T)


def test_solves_and_powers_are_those_of_the_dense_inverse():
    H = definite()
    c, inverse = Curvature.factor(H), torch.linalg.inv(H)
    B = torch.from_numpy(np.random.default_rng(1).standard_normal((6, 3)))
    torch.testing.assert_close(c.solve(B), inverse @ B, **EXACT)
    torch.testing.assert_close(c.solve(B[:, 0]), inverse @ B[:, 0], **EXACT)
    torch.testing.assert_close(c.inverse_power(1), inverse, **EXACT)
    torch.testing.assert_close(c.inverse_power(2), inverse @ inverse, **EXACT)
    assert c.condition == pytest.approx(100, rel=1e-10)
    assert (c.inverse_values.diff() < 0).all()


def test_a_cholesky_factor_gives_the_same_solutions_and_nearly_the_same_condition():
    H = definite(m=40, condition=1e6)
    c, spectral = CholeskyCurvature.factor(H), Curvature.factor(H)
    B = torch.from_numpy(np.random.default_rng(1).standard_normal((40, 3)))
    near = {"rtol": 1e-8, "atol": 1e-8}  # condition 1e6, squared for H^-2
    torch.testing.assert_close(c.solve(B), spectral.solve(B), **near)
    torch.testing.assert_close(c.solve(B[:, 0]), spectral.solve(B[:, 0]), **near)
    for k in (1, 2, 3):
        expected = spectral.inverse_power(k)
        torch.testing.assert_close(c.inverse_power(k) / expected.norm(), expected / expected.norm(), **near)
    assert c.condition == pytest.approx(1e6, rel=0.05)
    assert c.size == spectral.size == 40
    torch.testing.assert_close(c.values, spectral.values, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("least", [0.0, 1e-17, -1e-3])
def test_a_matrix_without_a_factor_is_refused_as_by_its_eigenvalues(least):
    Q = torch.linalg.eigh(definite())[1]
    h = torch.arange(1.0, 7.0).double()
    h[0] = least
    with pytest.raises(SingularCurvature, match="1 of its 6"):
        CholeskyCurvature.factor((Q * h) @ Q.T)


@pytest.mark.parametrize(("null", "text"), [(1, "1 of its 6"), (3, "3 of its 6")])
def test_a_singular_matrix_is_refused_with_the_number_of_null_directions(null, text):
    Q = torch.linalg.eigh(definite())[1]
    h = torch.arange(1.0, 7.0).double()
    h[:null] = 0
    with pytest.raises(SingularCurvature, match=text):
        Curvature.factor((Q * h) @ Q.T)


def test_the_limit_is_at_rounding_and_not_before():
    """Condition 1e12 is ill but can be inverted; 1e17 cannot be told from singular."""
    assert Curvature.factor(torch.diag(torch.tensor([1e-12, 1.0]).double())).condition == pytest.approx(1e12)
    with pytest.raises(SingularCurvature):
        Curvature.factor(torch.diag(torch.tensor([1e-17, 1.0]).double()))


def test_an_indefinite_or_undefined_matrix_is_refused():
    with pytest.raises(SingularCurvature):
        Curvature.factor(torch.diag(torch.tensor([-1.0, 1.0]).double()))


@pytest.mark.parametrize("elements", [1, 64, 2**18])
def test_weighted_gram_is_the_plain_product_in_any_blocks(elements, monkeypatch):
    monkeypatch.setitem(blocks._ELEMENTS, "cpu", elements)
    rng = np.random.default_rng(2)
    X, w = torch.from_numpy(rng.standard_normal((200, 3))), torch.from_numpy(rng.standard_normal(200))
    torch.testing.assert_close(weighted_gram(X, w), X.T @ torch.diag(w) @ X, **EXACT)
    torch.testing.assert_close(weighted_gram(X, None), X.T @ X, **EXACT)


@pytest.mark.parametrize(("n", "width"), [(1, 1), (10, 3), (1000, 10**9), (5, 0)])
def test_row_blocks_cover_every_row_once(n, width):
    rows = np.concatenate([np.arange(n)[b] for b in row_blocks(n, width, torch.device("cpu"))])
    assert np.array_equal(rows, np.arange(n))
