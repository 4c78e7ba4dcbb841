"""Largest eigenpairs and traces of inverses of many matrices at once, against dense decompositions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fil_core.linalg import leading
from fil_core.linalg.inverses import inverse_traces
from fil_core.linalg.leading import Entries, largest_eigenpairs


def psd(spectra, seed=0):
    rng = np.random.default_rng(seed)
    made = []
    for values in spectra:
        Q, _ = np.linalg.qr(rng.standard_normal((len(values), len(values))))
        made.append((Q * np.asarray(values)) @ Q.T)
    return torch.from_numpy(np.stack(made))


def start_of(M, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(M.shape[:2]))


SPECTRA = {
    "apart": np.append(np.linspace(0, 1, 149), 2.0),
    "close": np.append(np.linspace(0, 1, 149), 1 + 1e-6),
    "twice": np.append(np.linspace(0, 1, 148), [2.0, 2.0]),
    "cluster": np.append(np.linspace(0, 1, 140), 2 - 1e-9 * np.arange(10)),
    "rank two": np.append(np.zeros(148), [1.0, 3.0]),
    "nothing": np.zeros(150),
    "even": np.ones(150),
}


@pytest.mark.parametrize("scale", [1e-18, 1.0, 1e12])
def test_largest_eigenvalues_are_those_of_a_dense_decomposition(scale):
    M = scale * psd(SPECTRA.values())
    values, vectors = largest_eigenpairs(Entries(M), start_of(M))
    expected = torch.linalg.eigvalsh(M)[:, -1]
    torch.testing.assert_close(values, expected, rtol=1e-11, atol=1e-13 * scale)
    residual = (M @ vectors[..., None])[..., 0] - values[:, None] * vectors
    some = values > 0.5 * scale
    assert (residual.norm(dim=1)[some] <= 2e-5 * scale).all()  # an eigenvalue has twice the digits of its vector


def test_eigenvectors_have_their_digits_where_they_are_asked_for():
    M = psd([SPECTRA["apart"], SPECTRA["rank two"], SPECTRA["close"]])
    _, vectors = largest_eigenpairs(Entries(M), start_of(M), vectors=True)
    expected = torch.linalg.eigh(M)[1][..., -1]
    assert ((vectors * expected).sum(1).abs() > 1 - 1e-12).all()
    off = vectors - (vectors * expected).sum(1, keepdim=True) * expected
    assert (off.norm(dim=1) < 2e-8).all()


def test_what_does_not_converge_is_decomposed_densely(monkeypatch):
    monkeypatch.setattr(leading, "_RESTARTS", 1)
    monkeypatch.setattr(leading, "_STEPS", 6)
    M = psd([SPECTRA["close"], SPECTRA["apart"]])
    values, _ = largest_eigenpairs(Entries(M), start_of(M))
    torch.testing.assert_close(values, torch.linalg.eigvalsh(M)[:, -1], rtol=1e-12, atol=0)


def test_matrices_of_one_and_two_rows():
    M = torch.tensor([[[4.0]], [[0.0]]], dtype=torch.float64)
    assert largest_eigenpairs(Entries(M), torch.ones(2, 1).double())[0].tolist() == [4.0, 0.0]
    M = psd([[1.0, 1.0 + 1e-12]])
    assert float(largest_eigenpairs(Entries(M), start_of(M))[0]) == pytest.approx(1.0, rel=1e-11)


@pytest.mark.parametrize("size", [1, 5, 112, 113, 300])
def test_traces_of_inverses(size):
    M = psd([np.geomspace(1e-4, 10, size), np.linspace(1, 2, size)])
    expected = torch.linalg.inv(M).diagonal(dim1=1, dim2=2).sum(1)
    torch.testing.assert_close(inverse_traces(M), expected, rtol=1e-9, atol=0)


def test_a_matrix_that_is_not_positive_definite_has_no_trace_and_leaves_the_others_theirs():
    M = psd([np.linspace(1, 2, 250), np.linspace(-1, 2, 250)])
    found = inverse_traces(M)
    assert np.isnan(float(found[1]))
    assert float(found[0]) == pytest.approx(float((1 / np.linspace(1, 2, 250)).sum()), rel=1e-12)
