"""Gradient outliers as analyses: the gradients against autograd, planted noise, projections, and what is said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import weights_of
from fil_core.analyses.network_outliers.request import NetworkOutliersRequest
from fil_core.analyses.outliers.request import OutliersRequest
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadData
from fil_core.influence import linear
from fil_core.influence.detection import auroc
from fil_core.influence.outliers import DIRECTIONS, forest_scores, outlying
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec, NetworkSpec
from fil_core.specs.request import Request

PAIR = DataSpec(name="digits", classes=("4", "9"), subset=150, label_noise=0.1)
LOGISTIC = ModelSpec(kind="logistic", l2=1e-3)
SMALL = NetworkSpec(width=4, lr=0.3, time=60)  # 265 weights
WIDE = dataclasses.replace(SMALL, width=16)  # 1,057


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return Engine(Store(tmp_path_factory.mktemp("outliers")))


def said(request: Request, engine) -> str:
    data = engine.dataset(request.data)
    return analysis_of(request).sentence(Subject(request, engine.get(request), data, "", False, 5), str)


@pytest.mark.parametrize(
    ("data", "model"),
    [
        (DataSpec(name="digits", classes=("4", "9"), subset=40), LOGISTIC),
        (DataSpec(name="diabetes", subset=40), ModelSpec(l2=0.01, intercept=True)),
        (DataSpec(name="digits", subset=60, pca=5), ModelSpec(kind="softmax", l2=0.01)),
    ],
    ids=["logistic", "least squares with a constant", "softmax"],
)
def test_gradients_of_linear_models_are_those_of_autograd(data, model, engine):
    examples = engine.dataset(data)
    fitted = fit(model, examples)
    X, y = fitted.design(examples.X), fitted.targets(examples.y)
    theta = fitted.theta.clone().requires_grad_()

    def loss(i):
        z = theta @ X[i]
        if model.kind == "softmax":
            return z.logsumexp(0) - (y[i] * z).sum()
        if model.kind == "logistic":
            return torch.nn.functional.binary_cross_entropy_with_logits(z, y[i])
        return (z - y[i]).square() / 2

    expected = torch.stack([torch.autograd.grad(loss(i), theta)[0].flatten() for i in range(examples.n)])
    found = torch.cat(list(linear.gradients(fitted, linear.examples_of(fitted, examples.X, examples.y))))
    # Both are a few sums in float64.
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    table = engine.get(OutliersRequest(data=data, model=model)).table
    np.testing.assert_allclose(table["gradient_l2"], expected.norm(dim=1), rtol=1e-8)
    np.testing.assert_allclose(table["gradient_l1"], expected.abs().sum(1), rtol=1e-8)


def test_a_network_is_scored_by_its_gradients_at_the_end(engine):
    request = NetworkOutliersRequest(data=PAIR, network=SMALL, forest_seed=2)
    result, run, data = engine.get(request), engine.get(training_run(request)), engine.dataset(PAIR)
    weights = {name: w.requires_grad_() for name, w in weights_of(run, torch.device("cpu")).items()}
    X, y = torch.from_numpy(data.X), torch.from_numpy(data.y)
    (A, a, B, b) = weights.values()
    rows = []
    for i in range(data.n):
        loss = (B @ torch.relu(A @ X[i] + a) + b - y[i]).square().sum() / 2
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, [A, a, B, b])]))
    G = torch.stack(rows)
    np.testing.assert_allclose(result.table["gradient_l2"], G.norm(dim=1), rtol=1e-9)
    np.testing.assert_allclose(result.table["gradient_l1"], G.abs().sum(1), rtol=1e-9)
    # Rounding of a gradient may move a cut past it in single trees of a hundred.
    np.testing.assert_allclose(result.table["forest_score"], forest_scores(G, seed=2), atol=0.01)
    assert result.summary["fed"] == result.summary["weights"] == 265 and not result.provenance["warnings"]
    assert "all of 265 weights" in said(request, engine)


def test_planted_noise_is_found_and_told(engine):
    for request in (OutliersRequest(data=PAIR, model=LOGISTIC), NetworkOutliersRequest(data=PAIR, network=WIDE)):
        result, data = engine.get(request), engine.dataset(PAIR)
        areas = result.summary["auroc"]
        for name in ("forest_score", "gradient_l1", "gradient_l2", "loss"):
            assert areas[name] == auroc(result.table[name].to_numpy(), data.flipped) > 0.9
        assert areas["random"] == 0.5 and result.summary["flipped"] == 15
        assert "15 labels were replaced on purpose" in said(request, engine)
        titles = [one.title for one in analysis_of(request).figures(Subject(request, result, data, "", False, 5))]
        assert titles == ["Who stands out", "Finding replaced labels"]


def test_of_many_weights_the_forest_is_fed_directions_and_the_norms_are_whole(engine):
    request = NetworkOutliersRequest(data=PAIR, network=WIDE)
    result = engine.get(request)
    assert (result.summary["weights"], result.summary["fed"]) == (1057, DIRECTIONS)
    assert "512 random directions" in result.provenance["warnings"][0]
    assert "512 random directions of 1,057 weights" in said(request, engine)
    other = engine.get(dataclasses.replace(request, forest_seed=1)).table
    assert (other["gradient_l2"] == result.table["gradient_l2"]).all()
    assert not (other["forest_score"] == result.table["forest_score"]).any()


def test_blocks_are_one_set_of_gradients():
    G = torch.randn(50, 700, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole, parts = outlying([G], seed=4), outlying(list(G.split(7)), seed=4)
    assert (whole.weights, whole.fed) == (700, 512)
    assert torch.equal(whole.l1, parts.l1) and torch.equal(whole.l1, G.abs().sum(1))
    # Products of other shapes round otherwise, which may move a cut in single trees.
    torch.testing.assert_close(whole.forest, parts.forest, rtol=0, atol=0.01)


def test_a_single_example_is_refused(engine):
    data = engine.dataset(PAIR)
    alone = dataclasses.replace(data, X=data.X[:1], y=data.y[:1], ids=data.ids[:1], flipped=None)
    for request in (OutliersRequest(model=LOGISTIC), NetworkOutliersRequest()):
        with pytest.raises(BadData, match="at least two, to compare their gradients; got 1"):
            analysis_of(request).check(request, alone)


def test_redacted_nothing_of_the_score_is_drawn(engine):
    request = OutliersRequest(data=dataclasses.replace(PAIR, label_noise=0.0), model=LOGISTIC)
    about = Subject(request, engine.get(request), engine.dataset(request.data), "", True, 5)
    assert analysis_of(request).figures(about) == []
