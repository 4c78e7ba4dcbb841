"""Out-of-distribution scores against the definition: an example of weight nought that the model is asked about."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax as softmax_of
from sklearn.metrics import roc_auc_score

from fil_core.models import fit
from fil_core.shift.judging import judge
from fil_core.shift.outside import eta_outside
from fil_core.shift.scores import mahalanobis, out_of_distribution, within_classes
from fil_core.specs import ModelSpec
from tests.reference import Reference, class_steps, spectral_norm

NAMES = (
    "fil-predicted", "fil-min", "fil-expected", "fil-worst", "leverage", "max-probability", "energy", "mahalanobis"
)  # fmt: skip


def literal_eta(kind, X, T, ridge, x, t):
    """|H^-1 [d_x d_theta loss, d_y d_theta loss]|_2 of (x, t) by forming every matrix, H of the examples (X, T)."""
    trained = Reference(kind, X, T, np.ones(len(X)), ridge)
    theta, d = trained.theta, X.shape[1]
    if kind == "softmax":
        Theta, C = theta.reshape(-1, d), T.shape[1]
        p = softmax_of(Theta @ x)
        inner = np.kron((p - t)[:, None], np.eye(d)) + np.kron((np.diag(p) - np.outer(p, p)) @ Theta, x[:, None])
        inner = np.hstack([inner, -np.kron(class_steps(C), x[:, None])])
    else:
        z = theta @ x
        s = 1 / (1 + np.exp(-z))
        r, a = (z - t, 1.0) if kind == "least-squares" else (s - t, s * (1 - s))
        inner = np.hstack([r * np.eye(d) + a * np.outer(x, theta), -x[:, None]])
    return spectral_norm(np.linalg.pinv(trained.hessian(theta)) @ inner), theta


@pytest.mark.parametrize(("kind", "classes"), [("logistic", 2), ("softmax", 3)])
def test_every_score_is_its_definition(make_dataset, kind, classes):
    data = make_dataset(classes=classes, n=40, d=4)
    l2 = 0.02
    fitted = fit(ModelSpec(kind=kind, l2=l2), data)
    T = np.eye(classes)[data.y.astype(int)] if kind == "softmax" else data.y
    X = np.random.default_rng(5).normal(size=(7, 4)) * [1, 2, 0.1, 5]
    found = out_of_distribution(fitted, data, X, NAMES).scores
    means, S = within_classes(data)
    H = None
    for i, x in enumerate(X):
        labels = np.eye(classes) if kind == "softmax" else np.arange(2.0)
        etas, theta = zip(*[literal_eta(kind, data.X, T, data.n * l2, x, t) for t in labels], strict=True)
        theta = theta[0]
        logits = theta.reshape(classes, -1) @ x if kind == "softmax" else np.array([0, theta @ x])
        p = softmax_of(logits)
        H = Reference(kind, data.X, T, np.ones(data.n), data.n * l2).hessian(theta)
        if kind == "softmax":  # over the directions that sum to zero
            V = class_steps(classes) / np.sqrt(2)
            H = np.kron(V.T, np.eye(4)) @ H @ np.kron(V, np.eye(4))
            lever = np.trace(np.kron(np.eye(classes - 1), x) @ np.linalg.inv(H) @ np.kron(np.eye(classes - 1), x).T)
        else:
            lever = x @ np.linalg.inv(H) @ x
        expected = {
            "fil-predicted": etas[p.argmax()], "fil-min": min(etas), "fil-worst": max(etas),
            "fil-expected": p @ np.array(etas), "leverage": lever, "max-probability": -p.max(),
            "energy": -np.log(np.exp(logits).sum()),
            "mahalanobis": min((x - m) @ np.linalg.inv(S) @ (x - m) for m in means),
        }  # fmt: skip
        for name, value in expected.items():
            assert found[name][i] == pytest.approx(value, rel=1e-8), name


def test_a_training_example_of_weight_nought_has_the_eta_of_one_outside(make_dataset):
    """The gradient of its loss, times H^-1, is what its weight would change: the derivative in (w x, y) at w = 0."""
    data = make_dataset(classes=2, n=30, d=3)
    weights = np.ones(30)
    weights[4] = 0
    fitted = fit(ModelSpec(kind="logistic", l2=0.05), data, weights=weights)
    (eta,) = eta_outside(fitted, data.X[[4]], data.y[[4]]).tolist()
    tiny = weights.copy()
    tiny[4] = 1e-7
    from fil_core.leakage.fil import fil

    inside = fil(fit(ModelSpec(kind="logistic", l2=0.05), data, weights=tiny), data)[4] / 1e-7
    assert eta == pytest.approx(float(inside), rel=1e-5)


def test_no_examples_have_no_scores(make_dataset):
    data = make_dataset(classes=2)
    assert eta_outside(fit(ModelSpec(kind="logistic", l2=0.1), data), data.X[:0], data.y[:0]).shape == torch.Size([0])


def test_directions_without_variance_are_left_out_and_told(make_dataset):
    rng = np.random.default_rng(0)
    X, y = np.column_stack([rng.normal(size=(30, 2)), np.ones(30)]), rng.integers(0, 2, 30)
    means, S = np.stack([X[y == c].mean(0) for c in (0, 1)]), np.zeros((3, 3))
    away = X - means[y]
    S = away.T @ away / 30
    found, lost = mahalanobis(np.array([[1.0, 2.0, 50.0]]), means, S)
    inverse = np.linalg.inv(S[:2, :2])
    assert lost == 1
    expected = min((np.array([1.0, 2.0]) - m[:2]) @ inverse @ (np.array([1.0, 2.0]) - m[:2]) for m in means)
    assert found[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("ties", [False, True])
def test_areas_and_intervals(ties):
    rng = np.random.default_rng(3)
    inside, outside = rng.normal(size=80), rng.normal(1, 1.5, 50)
    if ties:
        inside, outside = inside.round(), outside.round()
    found = judge(inside, outside)
    both, strange = np.concatenate([inside, outside]), np.arange(130) >= 80
    assert found.auroc == pytest.approx(roc_auc_score(strange, both), abs=1e-12)
    above = (outside[:, None] > inside) + (outside[:, None] == inside) / 2
    error = np.sqrt(above.mean(1).var(ddof=1) / 50 + above.mean(0).var(ddof=1) / 80)
    assert (found.high - found.auroc) / 1.959964 == pytest.approx(error, rel=1e-6)
    assert (found.auroc - found.low) / 1.959964 == pytest.approx(error, rel=1e-6)
    assert found.fpr95 == np.mean(outside <= np.quantile(inside, 0.95))


def test_the_interval_covers_the_true_area():
    """Normal scores one apart: the area is Phi(1 / sqrt 2) = .76025."""
    rng = np.random.default_rng(0)
    inside = [judge(rng.normal(size=60), rng.normal(1, 1, 60)) for _ in range(400)]
    covered = np.mean([one.low <= 0.7602499 <= one.high for one in inside])
    assert 0.91 <= covered <= 0.98


def test_all_told_apart_still_has_an_interval():
    found = judge(np.arange(10.0), np.arange(20.0, 60.0))
    assert (found.auroc, found.high, found.fpr95) == (1.0, 1.0, 0.0)
    assert 0.8 < found.low < 0.96
    assert judge(np.arange(20.0, 60.0), np.arange(10.0)).auroc == 0


def test_equal_scores_pass_together():
    assert judge(np.ones(4), np.ones(6)).fpr95 == 1


def test_one_example_has_no_interval():
    found = judge(np.array([1.0]), np.array([0.0, 2.0]))
    assert found.auroc == 0.5 and np.isnan([found.low, found.high]).all()
    apart = judge(np.array([1.0]), np.array([2.0, 3.0]))
    assert apart.auroc == 1 and np.isnan([apart.low, apart.high]).all()
