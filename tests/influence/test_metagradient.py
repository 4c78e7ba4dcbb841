"""Derivatives of a run of training in the examples' weights, against central differences through training again."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from literal_influence import Literal, perceptron, sequences
from torch import nn
from torch.func import functional_call, grad

from fil_core.influence import metagradient as module
from fil_core.influence.metagradient import Training, metagradient
from fil_core.models.networks.losses import squared
from fil_core.models.networks.order import batches
from fil_core.models.networks.training import run, trainable

STEPS, EPS = 12, 1e-4  # central differences of a smooth loss are off by about EPS^2, and by rounding over EPS


def broad() -> Literal:
    """More features than examples, so that training stays in the span of the inputs."""
    generator = torch.Generator().manual_seed(0)
    X, Y, X_test, Y_test = (
        torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((6, 20), (6, 2), (3, 20), (3, 2))
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(20, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    return Literal(network, X / 4, Y, X_test / 4, Y_test, squared)


CASES = {
    "perceptron": (perceptron, 0.0, None, 0.3),
    "decay": (perceptron, 0.1, None, 0.3),
    "classes": (lambda: perceptron(k=3, loss="cross-entropy"), 0.02, None, 0.5),
    "mini-batches": (perceptron, 0.05, 4, 0.3),
    "more features than examples": (broad, 0.1, None, 0.3),
    "more features, mini-batches": (broad, 0.1, 4, 0.3),
    "sequences": (sequences, 0.01, None, 0.2),
    "sequences, mini-batches": (sequences, 0.0, 3, 0.2),
}


def weights_after(literal: Literal, omega: torch.Tensor, lr: float, l2: float, order) -> dict[str, torch.Tensor]:
    """Training written out, with omega_i grad l_i in the mean over a step's examples, and decay towards the start."""
    start = trainable(literal.module)
    weights = start
    for step in range(STEPS):
        rows = torch.arange(len(literal.X)) if order is None else order[step]

        def loss(at, rows=rows):
            each = literal.losses(functional_call(literal.module, at, (literal.X[rows],)), literal.Y[rows])
            return (omega[rows] * each).sum() / len(rows)

        slopes = grad(loss)(weights)
        weights = {n: w - lr * (slopes[n] + l2 * (w - start[n])) for n, w in weights.items()}
    return weights


def losses_after(literal: Literal, omega: torch.Tensor, *training) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean loss of the test examples, and the loss of each training example."""
    weights = weights_after(literal, omega, *training)

    def losses(X, Y):
        return literal.losses(functional_call(literal.module, weights, (X,)), Y)

    return losses(literal.X_test, literal.Y_test).mean(), losses(literal.X, literal.Y)


def trained(name: str) -> tuple[Literal, Training]:
    make, l2, batch, lr = CASES[name]
    literal = make()
    # Training takes the precision of its weights from the targets.
    literal = dataclasses.replace(literal, Y=literal.Y.double(), Y_test=literal.Y_test.double())
    order = None if batch is None else batches(len(literal.X), batch, STEPS, seed=1)
    return literal, Training(literal.module, literal.X, literal.Y, literal.losses, lr, l2, STEPS, order)


def adjoints(literal: Literal, *, own: bool):
    """Gradients at the end, of the test examples' mean loss or of the loss of each training example."""

    def of(weights):
        at = dataclasses.replace(literal.point, weights=weights)
        G = torch.cat(list(at.gradients(at.X, at.Y))) if own else at.mean_gradient(literal.X_test, literal.Y_test)[None]
        return {n: part.view(-1, *weights[n].shape) for n, part in zip(weights, G.split(at.sizes, 1), strict=True)}

    return of


def by_differences(literal: Literal, training: Training) -> tuple[torch.Tensor, torch.Tensor]:
    """What less of each example changes of the test loss, (n,), and of the loss of each example, (n, n)."""
    n, given = len(literal.X), (training.lr, training.l2, training.order)
    test, train = [], []
    for i in range(n):
        omega = torch.ones(2, n, dtype=torch.float64)
        omega[:, i] += torch.tensor([EPS, -EPS], dtype=torch.float64)
        more, less = (losses_after(literal, each, *given) for each in omega)
        test.append((less[0] - more[0]) / (2 * EPS))
        train.append((less[1] - more[1]) / (2 * EPS))
    return torch.stack(test), torch.stack(train)


@pytest.mark.parametrize("name", CASES)
def test_metagradients_are_derivatives_of_the_whole_run(name, monkeypatch):
    literal, training = trained(name)
    test, train = by_differences(literal, training)
    assert test.abs().max() > 1e-4
    close = {"rtol": 1e-5, "atol": 1e-9}
    whole = metagradient(training, adjoints(literal, own=False))
    torch.testing.assert_close(whole, test[:, None], **close)
    every = metagradient(training, adjoints(literal, own=True))
    torch.testing.assert_close(every, train, **close)
    # Iterates of five steps at a time, so that a last stretch is shorter, and one adjoint at a time.
    size = sum(value.numel() * 8 for value in module.reduced(training.module, training.X)[1].values())
    monkeypatch.setattr(module, "_BYTES", STEPS * size // 5 + 1)
    monkeypatch.setattr(module, "_TRACED", 1)
    assert -(-STEPS * size // module._BYTES) == 5
    torch.testing.assert_close(metagradient(training, adjoints(literal, own=True)), every, rtol=1e-11, atol=1e-13)
    monkeypatch.setattr(module, "_BYTES", 1)  # nothing but the start
    torch.testing.assert_close(metagradient(training, adjoints(literal, own=False)), whole, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_the_run_passes_the_weights_of_training(name):
    literal, training = trained(name)
    marks = [1, 5, STEPS]
    passed = list(training.passed(marks))
    for steps, weights in zip(marks, passed, strict=True):
        order = None if training.order is None else training.order[:steps]
        again = run(
            training.module, training.X, training.Y, lr=training.lr, l2=training.l2, steps=steps,
            losses=training.losses, order=order,
        )  # fmt: skip
        for key, value in again.weights.items():
            torch.testing.assert_close(weights[key], value, rtol=1e-11, atol=1e-13)
    ones = torch.ones(len(literal.X), dtype=torch.float64)
    literally = weights_after(literal, ones, training.lr, training.l2, training.order)
    for key, value in literally.items():
        torch.testing.assert_close(passed[-1][key], value, rtol=1e-11, atol=1e-13)


def test_an_example_that_no_step_sees_has_no_influence():
    literal, training = trained("mini-batches")
    order = [torch.arange(4)] * STEPS
    unseen = Training(training.module, training.X, training.Y, training.losses, 0.3, 0.05, STEPS, order)
    found = metagradient(unseen, adjoints(literal, own=False))[:, 0]
    assert (found[4:] == 0).all() and (found[:4] != 0).all()


def test_single_precision():
    literal, training = trained("decay")
    exact = metagradient(training, adjoints(literal, own=False))
    arrays = (one.float() for one in (literal.X, literal.Y, literal.X_test, literal.Y_test))
    single = Literal(literal.module.float(), *arrays, literal.losses)
    same = Training(single.module, single.X, single.Y, single.losses, training.lr, training.l2, STEPS)
    found = metagradient(same, adjoints(single, own=False))
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, exact, rtol=1e-4, atol=1e-6)  # rounding of twelve steps at 6e-8


def test_progress_ends_within_its_total():
    literal, training = trained("perceptron")
    said = []
    metagradient(training, adjoints(literal, own=False), progress=lambda *each: said.append(each))
    assert said and all(0 <= done <= total for done, total, _ in said)
    assert [done for done, _, _ in said] == sorted(done for done, _, _ in said)
