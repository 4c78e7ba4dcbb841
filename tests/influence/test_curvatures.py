"""Influence of a network's examples by each curvature, against its formula with explicit inverses."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from literal_influence import Literal, convolutional, influences, perceptron, sequences

from fil_core.influence import curvatures, sample_space
from fil_core.influence.asked import Asked
from fil_core.influence.influences import Influences, sweep
from fil_core.influence.kernels import kernels

CLOSE = {"rtol": 1e-8, "atol": 1e-11}  # conditions of about 1e6 leave ten of sixteen digits
L2, DAMPING = 0.02, 0.05


def wide(k: int = 2, loss: str = "squared") -> Literal:
    """Fewer examples than weights."""
    return perceptron(n=7, k=k, loss=loss)


def tall(k: int = 1) -> Literal:
    """More examples, and more outputs of them, than weights."""
    return perceptron(n=45, k=k)


PROBLEMS = {
    "n < p, one output": lambda: wide(1),
    "n < p, three outputs": lambda: wide(3),
    "n < p, classes": lambda: wide(3, "cross-entropy"),
    "n > p, one output": lambda: tall(1),
    "n > p, three outputs": lambda: tall(3),
    "convolutional": convolutional,
    "sequences": sequences,
}
SQUARED = [name for name in PROBLEMS if name not in ("n < p, classes", "sequences")]


@pytest.fixture(scope="module", params=PROBLEMS)
def literal(request) -> Literal:
    return PROBLEMS[request.param]()


@pytest.fixture(params=[False, True], ids=["of test examples", "of itself"])
def own(request) -> bool:
    return request.param


def gradients(literal: Literal, own: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the examples, and of their targets."""
    G = literal.gradients(literal.X, literal.Y)
    return G, G if own else literal.aimed()


def damped(C: torch.Tensor, shift: float) -> torch.Tensor:
    """n B = sum_i C_i + n (l2 + damping) I."""
    return C.sum(0) + len(C) * shift * torch.eye(C.shape[1], dtype=C.dtype)


def check_sweep(found: Influences, G, targets, matrix) -> None:
    """The influence at every damping, and at the one that was asked for.

    Args:
        found: what the library says.
        G: (n, p).
        targets: (p,) or (n, p).
        matrix: n B at a damping.
    """
    assert found.dampings == sorted(set(found.dampings)) and DAMPING in found.dampings
    assert torch.equal(found.influence, found.by_damping[found.dampings.index(DAMPING)])
    for damping, row in zip(found.dampings, found.by_damping, strict=True):
        torch.testing.assert_close(row, influences(G, targets, matrix(damping)), **CLOSE)
    torch.testing.assert_close(found.self_influence, influences(G, G, matrix(DAMPING)), **CLOSE)


@pytest.mark.parametrize("kind", ["hessian", "ggn"])
def test_of_a_matrix_of_weights(literal, own, kind):
    (G, targets), C = gradients(literal, own), literal.curvatures(kind)
    # Enough decay for the Hessian to be far from singular at every damping of the sweep.
    l2 = L2 + max(0.0, -2 * float(torch.linalg.eigvalsh(C.mean(0))[0]))
    found = curvatures.of_matrix(literal.asked(own=own, l2=l2, damping=DAMPING), kind)
    check_sweep(found, G, targets, lambda damping: damped(C, l2 + damping))
    nB = damped(C, l2 + DAMPING)
    U = torch.linalg.solve(nB, G.T).T
    h = torch.einsum("np,npq,nq->n", U, C, U) / (U * G).sum(1)
    torch.testing.assert_close(found.corrected, influences(G, targets, nB) / (1 - h), **CLOSE)
    values = torch.linalg.eigvalsh(C.mean(0)) + l2
    assert (found.method, found.negative) == ("direct", 0)
    assert [found.least, found.largest] == pytest.approx([float(values[0]), float(values[-1])], rel=1e-9)


def test_the_corrected_influence_is_exact_of_one_output():
    # With one output C_i = g g^T / r^2, so that the multiple of (n B)^-1 g_i is the whole of (n B - C_i)^-1 g_i.
    literal = tall(1)
    G, C = literal.gradients(literal.X, literal.Y), literal.curvatures("ggn")
    found = curvatures.of_matrix(literal.asked(l2=L2, damping=DAMPING), "ggn")
    expected = influences(G, literal.aimed(), damped(C, L2 + DAMPING), C)
    torch.testing.assert_close(found.corrected, expected, **CLOSE)


@pytest.mark.parametrize("name", SQUARED)
@pytest.mark.parametrize("damping", [DAMPING, 0.0])
def test_the_gauss_newton_matrix_in_sample_space(name, own, damping):
    literal = PROBLEMS[name]()
    (G, targets), C = gradients(literal, own), literal.curvatures("ggn")
    X = literal.X[:0] if own else literal.X_test
    K = kernels(literal.module, literal.X, X)
    residuals = (literal.module(literal.X) - literal.Y).detach()
    behind = (literal.module(X) - literal.Y_test[: len(X)]).detach().flatten()
    towards = None if own else K.cross.T @ behind / len(X)
    asked = literal.asked(own=own, l2=0.0 if damping == 0 else L2, damping=damping)
    found = sample_space.of_outputs(asked, K.train, towards, residuals)
    nB = damped(C, asked.l2 + damping)
    close = CLOSE if damping else {"rtol": 1e-5, "atol": 1e-8}  # by singular matrices half of the digits are lost
    torch.testing.assert_close(found.influence, influences(G, targets, nB), **close)
    torch.testing.assert_close(found.self_influence, influences(G, G, nB), **close)
    assert found.method == "sample space" and torch.isfinite(found.by_damping).all()
    if damping:
        check_sweep(found, G, targets, lambda d: damped(C, L2 + d))
        torch.testing.assert_close(found.corrected, influences(G, targets, nB, C), **CLOSE)
        values = torch.linalg.eigvalsh(C.mean(0)) + L2
        assert [found.least, found.largest] == pytest.approx([float(values[0]), float(values[-1])], rel=1e-9)


def test_the_empirical_fisher_matrix(literal, own):
    (G, targets), p = gradients(literal, own), literal.point.p
    C = torch.einsum("np,nq->npq", G, G)
    found = sample_space.of_empirical_fisher(literal.asked(own=own, l2=L2, damping=DAMPING), [slice(0, p)], most=2**20)
    check_sweep(found, G, targets, lambda damping: damped(C, L2 + damping))
    torch.testing.assert_close(found.corrected, influences(G, targets, damped(C, L2 + DAMPING), C), **CLOSE)
    assert found.largest == pytest.approx(float(torch.linalg.eigvalsh(C.mean(0))[-1]) + L2, rel=1e-9)
    assert (found.least == L2) if len(G) < p else math.isnan(found.least)


def test_the_empirical_fisher_matrix_in_blocks_of_layers(literal, own):
    (G, targets), layers = gradients(literal, own), literal.point.layers()
    mask = torch.block_diag(*(torch.ones(c.stop - c.start, c.stop - c.start, dtype=G.dtype) for c in layers))
    C = torch.einsum("np,nq->npq", G, G) * mask
    found = sample_space.of_empirical_fisher(literal.asked(own=own, l2=L2, damping=DAMPING), layers, most=2**20)
    check_sweep(found, G, targets, lambda damping: damped(C, L2 + damping))
    torch.testing.assert_close(found.corrected, influences(G, targets, damped(C, L2 + DAMPING), C), **CLOSE)


def test_the_diagonal(literal, own):
    G, targets = gradients(literal, own)
    C = torch.diag_embed(G.square())
    found = curvatures.of_diagonal(literal.asked(own=own, l2=L2, damping=DAMPING))
    check_sweep(found, G, targets, lambda damping: damped(C, L2 + damping))
    torch.testing.assert_close(found.corrected, influences(G, targets, damped(C, L2 + DAMPING), C), **CLOSE)


def test_the_identity_has_no_damping(literal, own):
    G, targets = gradients(literal, own)
    found = curvatures.of_identity(literal.asked(own=own, l2=L2, damping=DAMPING))
    expected = (G * targets).sum(1) / len(G)
    torch.testing.assert_close(found.influence, expected, **CLOSE)
    torch.testing.assert_close(found.self_influence, G.square().sum(1) / len(G), **CLOSE)
    assert found.corrected is found.influence and found.dampings == [DAMPING] and found.by_damping.shape == (1, len(G))


@pytest.mark.parametrize("kind", ["hessian", "ggn"])
def test_products_alone_say_the_same_as_the_matrix(literal, own, kind):
    C = literal.curvatures(kind)
    l2 = L2 + max(0.0, -2 * float(torch.linalg.eigvalsh(C.mean(0))[0]))
    asked = literal.asked(own=own, l2=l2, damping=DAMPING)
    found, direct = curvatures.of_products(asked, kind), curvatures.of_matrix(asked, kind)
    assert found.method == "Krylov" and DAMPING in found.dampings
    torch.testing.assert_close(found.influence, direct.influence, rtol=1e-7, atol=1e-9)
    both = [(i, direct.dampings.index(d)) for i, d in enumerate(found.dampings) if d in direct.dampings]
    assert len(both) >= 7
    for i, j in both:
        torch.testing.assert_close(found.by_damping[i], direct.by_damping[j], rtol=1e-6, atol=1e-8)
    assert found.largest == pytest.approx(direct.largest, rel=1e-6)
    assert direct.least - 1e-9 <= found.least <= found.largest
    assert (found.self_influence is None) == (not own) and found.corrected is None


@pytest.mark.parametrize("kind", ["hessian", "ggn"])
def test_without_damping_a_singular_curvature_has_a_pseudo_inverse(kind):
    literal = wide(1)  # 7 examples with one output have a Gauss-Newton matrix of rank 7 in 21 weights
    if kind == "hessian":  # a network without a hidden layer, whose Hessian is its Gauss-Newton matrix
        module = torch.nn.Linear(12, 1).double()
        X, Y = (torch.randn(5, k, generator=torch.Generator().manual_seed(k), dtype=torch.float64) for k in (12, 1))
        literal = Literal(module, X, Y, X[:2] + 1, Y[:2], literal.losses)
    G, C = literal.gradients(literal.X, literal.Y), literal.curvatures(kind)
    expected = influences(G, literal.aimed(), damped(C, 0.0))
    asked = literal.asked()
    close = {"rtol": 1e-6, "atol": 1e-8}
    direct, krylov = curvatures.of_matrix(asked, kind), curvatures.of_products(asked, kind)
    torch.testing.assert_close(direct.influence, expected, **close)
    torch.testing.assert_close(krylov.influence, expected, **close)
    for one in (direct, krylov):
        assert not torch.isinf(one.by_damping).any() and torch.isfinite(one.by_damping).all()
        assert one.dampings[0] == 0.0 and one.negative == 0
    # Every example is fitted alone: without it nothing determines its own direction.
    assert direct.corrected.isnan().all() and not torch.isinf(direct.corrected).any()


def test_without_damping_fewer_examples_than_weights_have_an_empirical_fisher_matrix_too():
    literal = wide(2)
    G, p = literal.gradients(literal.X, literal.Y), literal.point.p
    nB = damped(torch.einsum("np,nq->npq", G, G), 0.0)
    found = sample_space.of_empirical_fisher(literal.asked(), [slice(0, p)], most=2**20)
    torch.testing.assert_close(found.influence, influences(G, literal.aimed(), nB), rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(found.self_influence, torch.ones(7, dtype=torch.float64), rtol=1e-9, atol=0)
    assert found.corrected.isnan().all() and torch.isfinite(found.by_damping).all()


def test_without_damping_in_single_precision_rounding_is_not_inverted():
    exact, single = wide(1), wide(1)
    arrays = (one.float() for one in (single.X, single.Y, single.X_test, single.Y_test))
    single = Literal(single.module.float(), *arrays, single.losses)
    whole = [slice(0, exact.point.p)]
    for method in (
        lambda asked: curvatures.of_matrix(asked, "ggn"),
        lambda asked: curvatures.of_products(asked, "ggn"),
        lambda asked: sample_space.of_empirical_fisher(asked, whole, most=2**20),
    ):
        expected, found = (method(one.asked()).influence for one in (exact, single))
        # Eigenvalues of rounding, 1e-8 of the largest, would add as much again as the influence itself.
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


def test_a_weight_that_no_gradient_has_is_left_out_of_the_diagonal():
    literal = sequences()
    X = torch.where(literal.X == 4, 3.0, literal.X)  # nothing reads token 4, so that its embedding has no gradient
    changed = Literal(literal.module, X, X, literal.X_test, literal.Y_test, literal.losses)
    G = changed.gradients(X, X)
    assert (G == 0).all(0).sum() >= 3
    found = curvatures.of_diagonal(changed.asked())
    nB = torch.diag(G.square().sum(0))
    torch.testing.assert_close(found.influence, influences(G, changed.aimed(), nB), rtol=1e-7, atol=1e-9)
    assert torch.isfinite(found.by_damping).all()


def test_negative_eigenvalues_are_counted_and_the_sweep_mends_them():
    literal = perceptron(n=12, k=2, seed=3)
    C = literal.curvatures("hessian").mean(0)
    values = torch.linalg.eigvalsh(C)
    assert int((values < 0).sum()) > 2
    for l2 in (0.0, float(-values[1]) * 1.001):
        asked = literal.asked(l2=l2)
        direct, krylov = curvatures.of_matrix(asked, "hessian"), curvatures.of_products(asked, "hessian")
        expected = int((values + l2 < 0).sum())
        assert direct.negative == expected and direct.least == pytest.approx(float(values[0]) + l2, rel=1e-9)
        assert krylov.negative == expected  # all of p directions fit into its space
    solved = curvatures.of_matrix(literal.asked(l2=0.0, damping=float(-2 * values[0])), "hessian")
    assert solved.negative == int((values < 0).sum()) and (solved.self_influence > 0).all()


def test_an_indefinite_hessian_is_inverted_as_it_is():
    literal = perceptron(n=12, k=2, seed=3)
    G, C = literal.gradients(literal.X, literal.Y), literal.curvatures("hessian")
    found = curvatures.of_matrix(literal.asked(l2=0.001), "hessian")
    expected = G @ torch.linalg.solve(damped(C, 0.001), literal.aimed())
    torch.testing.assert_close(found.influence, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("largest", "damping"), [(0.0, 0.0), (math.nan, 1.0), (math.inf, 0.5), (37.0, 1e-3)])
def test_a_sweep_has_the_chosen_damping_once(largest, damping):
    found = sweep(largest, damping)
    assert found.count(damping) == 1 and found == sorted(found) and len(found) in (8, 9)
    top = 10.0 if largest == 37 else 1.0
    assert {top, top * 10} <= set(found) and np.isclose(min(set(found) - {damping}), top * 1e-6)


def test_progress_is_told():
    literal, said = wide(1), []
    point = literal.point
    asked = Asked(point, literal.aimed(), L2, DAMPING, lambda *each: said.append(each))
    curvatures.of_matrix(asked, "hessian")
    curvatures.of_products(asked, "ggn")
    assert {what for _, _, what in said} == {
        "the curvature of all weights", "influence of each example", "products with the curvature",
    }  # fmt: skip
    assert all(total is None or done <= total for done, total, _ in said)
