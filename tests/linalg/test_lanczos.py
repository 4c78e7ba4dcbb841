"""The largest eigenpair by Lanczos's method against dense decompositions."""

from __future__ import annotations

import pytest
import torch

from fil_core.linalg.lanczos import leading_pairs


def matrices(spectra: list[list[float]], seed: int = 0) -> torch.Tensor:
    """Symmetric matrices with these eigenvalues, in random bases."""
    rng = torch.Generator().manual_seed(seed)
    values = torch.tensor(spectra).double()
    Q = torch.linalg.qr(torch.randn(*values.shape, values.shape[1], generator=rng).double())[0]
    return Q * values[:, None] @ Q.mT


def found(A: torch.Tensor, **options):
    start = torch.randn(A.shape[:2], generator=torch.Generator().manual_seed(5)).double()
    options = {"most": A.shape[1] + 1} | options
    return leading_pairs(lambda v: (A @ v[:, :, None])[:, :, 0], start, **options)


SPECTRA = [
    [10.0 * 0.8**k for k in range(20)],
    [1.0] * 20,
    [5.0, 5.0, 5.0] + [1.0] * 17,
    [1.0, 1 - 1e-7, 1 - 2e-7] + [0.1] * 17,
    [3.0] + [0.0] * 19,
    [1e-20 * 0.9**k for k in range(20)],
    [1e18] + [1e-18] * 19,
]


def test_value_vector_and_residual():
    A = matrices(SPECTRA)
    one = found(A)
    largest = torch.tensor([max(values) for values in SPECTRA]).double()
    torch.testing.assert_close(one.values, largest, rtol=1e-9, atol=0)
    true = (A @ one.vectors[:, :, None])[:, :, 0] - one.values[:, None] * one.vectors
    assert (true.norm(dim=1) <= 1e-9 * largest).all() and (one.residuals <= 1e-9 * largest).all()
    torch.testing.assert_close(one.vectors.norm(dim=1), torch.ones(len(A)).double(), rtol=1e-10, atol=0)


def test_it_stops_when_all_are_near_enough_or_after_the_most_products():
    A = matrices([[10.0] + [1.0] * 199, [10.0 * 0.99**k for k in range(200)]])
    assert found(A[:1]).steps <= 6
    assert found(A).steps > 20
    cut = found(A, most=4)
    assert cut.steps == 4 and cut.residuals[1] > 1e-3
    true = (A @ cut.vectors[:, :, None])[:, :, 0] - cut.values[:, None] * cut.vectors
    torch.testing.assert_close(true.norm(dim=1)[1:], cut.residuals[1:], rtol=1e-8, atol=0)


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_nothing_gives_zero(scale):
    A = torch.zeros(2, 3, 3).double()
    none = leading_pairs(lambda v: (A @ v[:, :, None])[:, :, 0], scale * torch.ones(2, 3).double(), most=4)
    assert none.values.tolist() == none.residuals.tolist() == [0.0, 0.0]
    assert torch.isfinite(none.vectors).all()
