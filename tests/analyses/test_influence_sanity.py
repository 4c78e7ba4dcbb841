"""What any measure of influence must pass: a wrong label harms a test example beside it, a random model ranks none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.analyses.influence.request import CURVATURES, InfluenceRequest
from fil_core.analyses.network_influence.request import NETWORK_CURVATURES, NetworkInfluenceRequest
from fil_core.data import load
from fil_core.data.own import Choices, add
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.influence import curvatures, sample_space
from fil_core.influence.asked import Asked
from fil_core.influence.metagradient import Training, metagradient
from fil_core.influence.point import Point
from fil_core.linalg.correlation import spearman
from fil_core.models.networks.problem import problem
from fil_core.models.networks.training import losses_at, retrain, run, trainable
from fil_core.specs import DataSpec, ModelSpec, NetworkSpec

MLP = NetworkSpec(width=8, lr=0.2, time=60)
HARMFUL = 7  # the row of the duplicate


@pytest.fixture
def duplicated(tmp_path) -> DataSpec:
    """Two overlapping classes in which one training example is the first test example with the other label."""
    random = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = random.normal(size=(60, 3)) + np.where(y, 1.0, -1.0)[:, None]
    X[HARMFUL], y[HARMFUL] = X[40], 1 - y[40]
    np.savez(tmp_path / "duplicated.npz", X=X[:40], y=y[:40], X_test=X[40:], y_test=y[40:])
    return DataSpec(name=add(tmp_path / "duplicated.npz", Choices()).name, preprocess="none")


def asked(curvature: str, data: DataSpec, kind: str):
    if kind == "network":
        return NetworkInfluenceRequest(data=data, network=MLP, curvature=curvature, damping=0.01, target="test:0")
    return InfluenceRequest(data=data, model=ModelSpec(kind=kind, l2=0.01), curvature=curvature, target="test:0")


CASES = [(kind, c) for kind in ("least-squares", "logistic", "softmax") for c in CURVATURES]
CASES += [("network", c) for c in NETWORK_CURVATURES]


@pytest.mark.parametrize(("kind", "curvature"), CASES)
def test_a_duplicate_of_a_test_example_with_a_wrong_label_harms_it_most(tmp_path, duplicated, kind, curvature):
    influence = Engine(Store(tmp_path / "store")).get(asked(curvature, duplicated, kind)).table["influence"].to_numpy()
    assert influence[HARMFUL] < 0
    # Among the worst of forty: the same features have parallel gradients, but an outlier's gradient may be longer.
    assert (influence <= influence[HARMFUL]).sum() <= 3


@pytest.mark.parametrize("kind", ["logistic", "network"])
def test_the_truth_says_so_too(tmp_path, duplicated, kind):
    request = dataclasses.replace(asked("hessian", duplicated, kind), truth=True)
    true = Engine(Store(tmp_path / "store")).get(request).table["leave_one_out"].to_numpy()
    assert true[HARMFUL] < 0 and (true <= true[HARMFUL]).sum() <= 3


class Ranking:
    """Influence at some weights of a network, and what leaving each example out really changes."""

    def __init__(self) -> None:
        data = load(DataSpec(name="digits", classes=("4", "9"), subset=60, pca=6))
        self.at = problem(NetworkSpec(width=4, lr=0.2, time=150, l2=0.01), data, torch.device("cpu"))
        options = {"lr": 0.2, "l2": 0.01, "steps": 150}
        self.trained = run(self.at.module, self.at.X, self.at.Y, **options).weights
        w = (1 - torch.eye(data.n, dtype=torch.float64)) / data.n
        without = retrain(self.at.module, self.at.X, self.at.Y, w, **options)
        losses = [self.loss({name: value[b] for name, value in without.items()}) for b in range(data.n)]
        self.true = np.array(losses) - self.loss(self.trained)

    def loss(self, weights) -> float:
        return float(
            losses_at(self.at.module, weights, self.at.X_test[:30], self.at.Y_test[:30], self.at.losses).mean()
        )

    def point(self, weights) -> Point:
        return Point(self.at.module, weights, self.at.X, self.at.Y, self.at.losses)

    def spearman(self, weights, curvature: str) -> float:
        point = self.point(weights)
        found = Asked(point, point.mean_gradient(self.at.X_test[:30], self.at.Y_test[:30]), 0.01, 0.01)
        influence = {
            "hessian": lambda: curvatures.of_matrix(found, "hessian"),
            "ggn": lambda: curvatures.of_matrix(found, "ggn"),
            "empirical-fisher": lambda: sample_space.of_empirical_fisher(found, [slice(0, point.p)], most=2**28),
            "diagonal": lambda: curvatures.of_diagonal(found),
            "identity": lambda: curvatures.of_identity(found),
        }[curvature]().influence
        return spearman(influence.numpy(), self.true)

    def unrolled(self, wrong: bool) -> float:
        """The metagradient's, at the weights that training reached or with another start and target of training."""
        Y = (
            self.at.Y[torch.randperm(len(self.at.Y), generator=torch.Generator().manual_seed(0))]
            if wrong
            else self.at.Y
        )
        training = Training(self.at.module, self.at.X, Y, self.at.losses, 0.2, 0.01, 150)

        def adjoints(weights):
            point = self.point(weights)
            gradient = point.named(point.mean_gradient(self.at.X_test[:30], self.at.Y_test[:30]))
            return {name: value[None] for name, value in gradient.items()}

        return spearman(metagradient(training, adjoints)[:, 0].numpy(), self.true)


@pytest.fixture(scope="module")
def ranking() -> Ranking:
    return Ranking()


def shuffled(weights, seed: int):
    """The same numbers in each tensor in another order and with other signs."""
    generator = torch.Generator().manual_seed(seed)

    def mixed(value):
        signs = 2 * torch.randint(0, 2, (value.numel(),), generator=generator) - 1
        return (value.flatten()[torch.randperm(value.numel(), generator=generator)] * signs).view_as(value)

    return {name: mixed(value) for name, value in weights.items()}


DRAWS = 12


@pytest.mark.parametrize(("curvature", "least"), [("hessian", 0.7), ("ggn", 0.7), ("empirical-fisher", 0.6)])
def test_a_model_with_shuffled_weights_loses_the_ranking(ranking, curvature, least):
    assert ranking.spearman(ranking.trained, curvature) > least
    random = np.array([ranking.spearman(shuffled(ranking.trained, seed), curvature) for seed in range(DRAWS)])
    # Of 60 examples a rank correlation has a standard deviation of 1/sqrt(59) = .13 by chance.
    assert abs(random.mean()) < 2.5 / np.sqrt(59 * DRAWS) and np.abs(random).max() < 0.5


@pytest.mark.parametrize("curvature", ["diagonal", "identity"])
def test_what_the_weaker_measures_rank_they_rank_by_the_trained_model_too(ranking, curvature):
    random = [ranking.spearman(shuffled(ranking.trained, seed), curvature) for seed in range(DRAWS)]
    assert ranking.spearman(ranking.trained, curvature) > np.mean(random) + 0.13
    assert abs(np.mean(random)) < 0.13


def test_training_on_shuffled_labels_loses_the_ranking(ranking):
    assert ranking.unrolled(wrong=False) > 0.85
    assert abs(ranking.unrolled(wrong=True)) < 0.4  # three standard deviations of chance


def test_random_weights_of_the_start_do_not_rank_by_the_hessian(ranking):
    assert (
        ranking.spearman(ranking.trained, "hessian") > ranking.spearman(trainable(ranking.at.module), "hessian") + 0.2
    )
