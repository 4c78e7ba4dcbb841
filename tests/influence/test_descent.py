"""Leaving examples out of a linear network's training, against training it again step by step in the weights."""

from __future__ import annotations

import pytest
import torch

from fil_core.errors import BadRequest, SingularCurvature
from fil_core.influence.descent import descent
from fil_core.influence.unique import sgd_distance, unique_information

# The relative error that the closed forms must stay below; they are some 10^-14 from it.
CLOSE = 1e-8
N, M, P = 12, 7, 60


@pytest.fixture(params=[1, 3], ids=["one output", "three outputs"])
def linear(request):
    """Jacobians, outputs at the start and targets of a network that is linear in its weights."""
    k = request.param
    draw = torch.Generator().manual_seed(k)
    J, J_val = (torch.randn(rows * k, P, generator=draw, dtype=torch.float64) / P**0.5 for rows in (N, M))
    f0, Y = (torch.randn(N, k, generator=draw, dtype=torch.float64) for _ in range(2))
    return J, J_val, f0, Y


def trained(linear, kept, *, lr, l2, steps):
    """Weights less those at the start, by full-batch descent on the mean over the kept examples."""
    J, _, f0, Y = linear
    k = Y.shape[1]
    J, r = J.view(N, k, P)[kept].flatten(0, 1), (f0 - Y)[kept].flatten()
    if steps is None:
        H = J.T @ J / len(kept) + l2 * torch.eye(P, dtype=torch.float64)
        return -torch.linalg.pinv(H) @ (J.T @ r / len(kept)) if l2 else -torch.linalg.pinv(J) @ r
    w = torch.zeros(P, dtype=torch.float64)
    for _ in range(steps):
        w = w - lr * (J.T @ (J @ w + r) / len(kept) + l2 * w)
    return w


def of(linear, *, lr=0.5, l2=0.0):
    J, _, f0, Y = linear
    return descent(J @ J.T, f0 - Y, lr=lr, l2=l2)


GROUPS = {"alone": [[i] for i in range(N)], "pairs": [[0, 5], [11, 3]], "five": [[1, 2, 3, 8, 9]]}


@pytest.mark.parametrize("groups", GROUPS.values(), ids=GROUPS)
@pytest.mark.parametrize("l2", [0.0, 0.2])
@pytest.mark.parametrize("steps", [1, 2, 63, 64, 65, 200, None], ids=str)
def test_all_measures_are_those_of_training_again(linear, steps, l2, groups):
    J, J_val, _, Y = linear
    k = Y.shape[1]
    found = unique_information(of(linear, l2=l2), J_val @ J.T, torch.tensor(groups), [steps])
    full = trained(linear, list(range(N)), lr=0.5, l2=l2, steps=steps)
    for g, group in enumerate(groups):
        kept = [i for i in range(N) if i not in group]
        dw = trained(linear, kept, lr=0.5, l2=l2, steps=steps) - full
        assert found.si_weights[0, g] == pytest.approx(float(dw @ dw) / 2, rel=CLOSE)
        assert found.f_si[0, g] == pytest.approx(float((J_val @ dw).square().sum()) / 2 / M, rel=CLOSE)
        moved = float((J.view(N, k, P)[kept] @ dw).square().sum()) / 2 / len(kept)
        # At infinite time without decay all others are fitted exactly with and without: nothing but rounding moves.
        assert found.training_change[0, g] == pytest.approx(moved, rel=CLOSE, abs=1e-25)


def test_infinitely_many_steps_are_the_limit_of_finitely_many(linear):
    J, J_val, _, _ = linear
    for l2 in (0.0, 0.3):
        D = of(linear, lr=1.0, l2=l2)
        groups = torch.arange(N)[:, None]
        late, limit = unique_information(D, J_val @ J.T, groups, [20_000, None]).f_si
        torch.testing.assert_close(late, limit, rtol=CLOSE, atol=0)


def test_many_times_are_those_asked_one_by_one(linear):
    J, J_val, _, _ = linear
    D, groups = of(linear), torch.arange(N)[:, None]
    together = unique_information(D, J_val @ J.T, groups, [3, 100, None])
    for at, t in enumerate([3, 100, None]):
        alone = unique_information(D, J_val @ J.T, groups, [t])
        for name in ("si_weights", "f_si", "training_change"):
            torch.testing.assert_close(getattr(together, name)[at], getattr(alone, name)[0], rtol=1e-9, atol=1e-24)


def test_groups_in_chunks_are_the_same(linear, monkeypatch):
    J, J_val, _, _ = linear
    whole = unique_information(of(linear), J_val @ J.T, torch.arange(N)[:, None], [70])
    monkeypatch.setattr("fil_core.influence.descent._BYTES", 1)
    monkeypatch.setattr("fil_core.influence.descent._STEPS", 16)
    monkeypatch.setattr("fil_core.influence.unique._BYTES", 1)
    parts = unique_information(of(linear), J_val @ J.T, torch.arange(N)[:, None], [70])
    torch.testing.assert_close(parts.f_si, whole.f_si, rtol=1e-12, atol=0)
    torch.testing.assert_close(parts.training_change, whole.training_change, rtol=1e-12, atol=0)


def test_the_noise_is_the_solution_of_its_lyapunov_equation(linear):
    from scipy.linalg import solve_continuous_lyapunov

    J, _, f0, Y = linear
    k, lr, l2, steps = Y.shape[1], 0.5, 0.1, 5
    D = of(linear, lr=lr, l2=l2)
    w = trained(linear, list(range(N)), lr=lr, l2=l2, steps=steps)
    r = (f0 + (J @ w).view(N, k)) - Y
    gradients = torch.einsum("ik,ikp->ip", r, J.view(N, k, P))
    H = J.T @ J / N + l2 * torch.eye(P, dtype=torch.float64)
    noise = torch.from_numpy(np_cov(gradients))
    sigma = torch.from_numpy(solve_continuous_lyapunov(H.numpy(), (lr * noise).numpy()))
    change = D.changes(torch.arange(N)[:, None], [steps])[0]
    found, directions = sgd_distance(D, change, steps)
    basis = torch.linalg.svd(J.T, full_matrices=False).U  # outside the span of the Jacobian there is neither
    inside = basis.T @ sigma @ basis
    for i in range(N):
        dw = trained(linear, [j for j in range(N) if j != i], lr=lr, l2=l2, steps=steps) - w
        expected = 0.5 * float(basis.T @ dw @ torch.linalg.solve(inside, basis.T @ dw))
        assert expected > 0
        # The condition number of the covariance, up to 10^9 here, times rounding.
        assert found[i] == pytest.approx(expected, rel=1e-5)
    assert directions == N * k
    assert sgd_distance(D, change, steps, batch=4)[0] == pytest.approx(4 * found)


def np_cov(gradients):
    centred = gradients - gradients.mean(0)
    return (centred.T @ centred / len(gradients)).numpy()


def test_the_noise_of_a_perfect_fit_is_none(linear):
    J, _, _, Y = linear
    D = descent(J @ J.T, torch.zeros_like(Y), lr=0.5, l2=0.1)
    distance, directions = sgd_distance(D, D.changes(torch.tensor([[0]]), [3])[0], 3)
    assert directions == 0 and distance.isnan().all()


def test_the_order_of_the_examples_does_not_matter(linear):
    J, J_val, f0, Y = linear
    k = Y.shape[1]
    order = torch.randperm(N, generator=torch.Generator().manual_seed(3))
    mixed = J.view(N, k, P)[order].flatten(0, 1), J_val, f0[order], Y[order]
    groups = torch.arange(N)[:, None]
    one = unique_information(of(linear), J_val @ J.T, groups, [50]).f_si[0]
    other = unique_information(of(mixed), J_val @ mixed[0].T, groups, [50]).f_si[0]
    torch.testing.assert_close(other, one[order], rtol=1e-10, atol=0)


def test_a_copy_tells_nothing_of_its_own():
    draw = torch.Generator().manual_seed(0)
    J = torch.randn(6, 20, generator=draw, dtype=torch.float64)
    J[5] = J[4]
    r = torch.randn(6, 1, generator=draw, dtype=torch.float64)
    r[5] = r[4]
    D = descent(J @ J.T, r, lr=0.05, l2=0.0)
    late = unique_information(D, J @ J.T, torch.arange(6)[:, None], [50_000]).si_weights[0]
    assert late[4] <= 1e-12 * late[:4].min() and late[5] == pytest.approx(float(late[4]), abs=1e-12)
    with pytest.raises(SingularCurvature, match="1 of its 6 are zero"):
        D.changes(torch.tensor([[0]]), [None])


def test_the_golden_case_of_the_source():
    # The test case of the authors' own code, regenerated in float64; tolerances are half a unit of the last digit.
    torch.manual_seed(42)
    X, Y = torch.randn(100, 30), torch.rand(100, 2)
    torch.manual_seed(43)
    X_val = torch.randn(20, 30)
    torch.manual_seed(42)
    layers = torch.nn.Flatten(), torch.nn.Linear(30, 100), torch.nn.ReLU(), torch.nn.Linear(100, 2)
    net = torch.nn.Sequential(*layers).double()
    J, J_val = (jacobian(net, inputs.double()) for inputs in (X, X_val))
    D = descent(J @ J.T, net(X.double()).detach() - Y.double(), lr=1e-3, l2=0.0)
    found = unique_information(D, J_val @ J.T, torch.arange(100)[:, None], [100])
    assert (2 * found.si_weights[0, :3]).tolist() == pytest.approx([1.07234e-5, 3.90551e-6, 3.02199e-6], rel=5e-6)
    assert found.f_si[0, :3].tolist() == pytest.approx([2.13852e-6, 5.9730e-7, 5.10219e-6], rel=1e-5)
    assert (found.si_sgd > 0).all()


def jacobian(net, X):
    rows = [torch.autograd.grad(f, list(net.parameters()), retain_graph=True) for x in X for f in net(x[None])[0]]
    return torch.stack([torch.cat([g.flatten() for g in row]) for row in rows])


def test_bad_steps_and_groups_are_refused(linear):
    D = of(linear, lr=1e3)
    with pytest.raises(BadRequest, match=r"lr: expected a step below 2 / largest curvature; got 1000.*Take lr below"):
        D.changes(torch.tensor([[0]]), [5])
    with pytest.raises(BadRequest, match="groups: expected fewer than the 12"):
        of(linear).changes(torch.arange(N)[None], [5])


def test_the_step_named_is_stable(linear):
    D = of(linear, lr=1e3)
    with pytest.raises(BadRequest) as error:
        D.changes(torch.tensor([[0]]), [5])
    named = float(str(error.value).rsplit("below ", 1)[1].rstrip("."))
    assert of(linear, lr=named).step_eigenvalue_without(1) < 2
    assert of(linear, lr=named * 1.2).step_eigenvalue_without(1) > 2
