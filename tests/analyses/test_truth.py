"""Unique information beside true retraining: the figures that it must reach on real networks."""

from __future__ import annotations

import numpy as np
import pytest

from fil_core.analyses.ground_truth.request import GroundTruthRequest
from fil_core.analyses.summarise.request import SummariseRequest
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.data.own import Choices, add
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.engine.uploads import keep_network
from fil_core.errors import BadRequest
from fil_core.influence.judging import fisher_interval
from fil_core.influence.kernels import DerivativesTooLarge, kernels
from fil_core.specs import DataSpec, NetworkSpec

DIGITS = DataSpec(name="digits", classes=("4", "9"))
WIDE = NetworkSpec(width=1024, lr=0.3, time=100)


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("answers")))


def test_every_example_of_two_gaussians(engine, tmp_path):
    draw = np.random.default_rng(0)
    y = draw.integers(0, 2, 350)
    X = draw.normal(size=(350, 102))
    X[:, :2] += np.where(y, 1.5, -1.5)[:, None]
    y[draw.choice(150, 15, replace=False)] ^= 1
    np.savez(tmp_path / "gaussians.npz", X=X[:150], y=y[:150], X_test=X[150:], y_test=y[150:])
    data = DataSpec(name=add(tmp_path / "gaussians.npz", Choices()).name, preprocess="none")
    found = engine.get(GroundTruthRequest(data=data, network=NetworkSpec(width=512, lr=0.02, time=200)))
    s = found.summary
    assert s["examples"] == 150 and s["monotone"] and s["step_eigenvalue"] < 1
    assert min(s["pearson_weights"], s["pearson_predictions"]) >= 0.97
    # Correlations would not see a wrong factor.
    assert 0.9 < s["slope_weights"] < 1.2 and 0.9 < s["slope_predictions"] < 1.25


def test_digits_by_a_wide_network(engine):
    found = engine.get(GroundTruthRequest(data=DIGITS, network=WIDE, examples=16))
    assert min(found.summary["pearson_weights"], found.summary["pearson_predictions"]) >= 0.95


def test_replaced_labels_are_found(engine):
    noisy = DataSpec(name="digits", classes=("4", "9"), label_noise=0.1)
    s = engine.get(UniqueInfoRequest(data=noisy, network=WIDE)).summary
    assert min(s["auroc"][name] for name in ("si_weights", "f_si", "grad_norm", "loss")) > 0.95
    assert s["auroc"]["random"] == 0.5 and 0.04 < s["auroc_chance"] < 0.07


def test_a_chaotic_run_is_told_and_its_numbers_are_shown(engine):
    fast = NetworkSpec(width=64, lr=1.2, time=100)
    found = engine.get(GroundTruthRequest(data=DataSpec(name="digits", classes=("3", "8"), subset=60), network=fast, examples=6))  # noqa: E501 # fmt: skip
    s = found.summary
    assert s["linear_step_eigenvalue"] < 2 <= s["step_eigenvalue"] or not s["monotone"]
    assert np.isfinite(s["pearson_predictions"]) and (found.table["prediction_change"] > 0).all()


def test_what_is_true_for_a_linear_network_is_exact(engine):
    data = DataSpec(name="diabetes", subset=40)
    linear = NetworkSpec(kind="linear", lr=0.1, time=60, l2=0.01)
    group = tuple(map(int, engine.dataset(data).ids[[0, 7]]))
    s = engine.get(GroundTruthRequest(data=data, network=linear, examples=10, group=group)).summary
    # A network without hidden layers is linear in its weights: what is left is rounding.
    assert max(s["relative_error_weights"], s["relative_error_predictions"], s["linear_distance"]) < 1e-9
    assert s["slope_weights"] == pytest.approx(1, rel=1e-9) and s["pearson_predictions"] == pytest.approx(1, rel=1e-9)
    together = s["group"]
    assert together["si_weights"] == pytest.approx(together["weights_change"], rel=1e-9)
    assert together["f_si"] == pytest.approx(together["prediction_change"], rel=1e-9)


def test_a_smaller_training_set_has_the_examples_that_it_says(engine):
    data = DataSpec(name="digits", classes=("3", "8"), subset=60)
    asked = SummariseRequest(data=data, network=NetworkSpec(width=16, lr=0.3, time=30), keep=(0.5, 0.2), seeds=3)
    table = engine.get(asked).table
    assert table.groupby(["keep", "kept"]).size().to_dict() == {
        (share, which): 3 if which == "random" else 1
        for share in (0.5, 0.2)
        for which in ("least unique", "most unique", "random")
    }
    assert (table["examples"] == (table["keep"] * 60).round()).all()


def test_noise_that_is_rounding_is_none_and_is_told(engine, tmp_path):
    draw = np.random.default_rng(0)
    np.savez(tmp_path / "wide.npz", X=draw.normal(size=(8, 40)), y=[0, 1] * 4, X_test=draw.normal(size=(3, 40)), y_test=[0, 1, 0])  # noqa: E501 # fmt: skip
    data = DataSpec(name=add(tmp_path / "wide.npz", Choices()).name, preprocess="none")
    for time in ("inf", 20_000):
        found = engine.get(UniqueInfoRequest(data=data, network=NetworkSpec(kind="linear", lr=0.1, time=time)))
        assert found.table["si_sgd"].isna().all() and found.summary["sgd_directions"] == 0
        assert any("si_sgd is not defined" in warning for warning in found.provenance["warnings"])
        assert (found.table["f_si"] > 0).all()


@pytest.mark.parametrize("huge", [1e160, 1e300])
def test_a_start_that_overflows_is_refused_at_infinite_time_too(engine, huge):
    data = DataSpec(name="digits", classes=("3", "8"), subset=60)
    d = engine.dataset(data).d
    weights = {"0.weight": np.zeros((4, d)), "0.bias": np.ones(4), "2.weight": np.ones((1, 4)), "2.bias": np.full(1, huge)}  # noqa: E501 # fmt: skip
    start = keep_network(engine.store, weights)
    network = NetworkSpec(width=4, time="inf", l2=0.1, initial=start)
    with pytest.raises(BadRequest, match="initial: expected a start whose outputs and kernel are at most 1e\\+60"):
        engine.get(UniqueInfoRequest(data=data, network=network))


def test_more_outputs_than_can_be_factorised_are_refused_before_training(engine, monkeypatch):
    monkeypatch.setattr("fil_core.analyses.unique_information.run.free_memory", lambda device: 10_000)
    monkeypatch.setattr("fil_core.analyses.network.run.run_network", None)
    data = DataSpec(name="digits", classes=("3", "8"), subset=60)
    with pytest.raises(BadRequest, match="memory: factorising .* 60 training examples with 1 output .*Take at most [0-9]+ of"):  # noqa: E501 # fmt: skip
        engine.get(UniqueInfoRequest(data=data, network=NetworkSpec(width=5, time=3)))


def test_a_kernel_that_does_not_fit_is_projected_and_the_result_says_so(engine, monkeypatch):
    def little(module, X, X_val, *, mode, **rest):
        if mode == "exact":
            raise DerivativesTooLarge("memory: the derivatives of one example take more than there is.")
        return kernels(module, X, X_val, mode=mode, **rest)

    monkeypatch.setattr("fil_core.analyses.unique_information.run.kernels", little)
    data, network = DataSpec(name="digits", classes=("3", "8"), subset=60), NetworkSpec(width=6, time=3)
    found = engine.get(UniqueInfoRequest(data=data, network=network))
    assert found.summary["kernel"] == "projected"
    assert any("The kernel is approximate: projected" in warning for warning in found.provenance["warnings"])
    with pytest.raises(DerivativesTooLarge):  # what was asked for by name is not replaced
        engine.get(UniqueInfoRequest(data=data, network=network, tangent_kernel="exact"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pairs_with": 3}, "pairs-with: expected none beside true retraining"),
        ({"subsets": 2}, "subsets: expected none or at least 3"),
        ({"subsets": 5, "share": 1.0}, "of a share below 1"),
        ({"subsets": 10**9}, "subsets"),
    ],
)
def test_what_cannot_be_compared_is_refused(fields, message):
    with pytest.raises(BadRequest, match=message):
        GroundTruthRequest(network=NetworkSpec(time=3), **fields)


@pytest.mark.parametrize(("pearson", "n", "expected"), [(0.9, 3, [-1, 1]), (1.0, 9, [1, 1]), (0.5, 28, [0.156, 0.736])])
def test_the_interval_of_a_correlation(pearson, n, expected):
    # The last as tables of Fisher's transform have it: tanh(0.5493 -+ 1.96 / 5).
    assert fisher_interval(pearson, n) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("examples", [2, 61])
def test_a_number_of_examples_that_cannot_be_compared_is_refused(engine, examples):
    data = DataSpec(name="digits", classes=("3", "8"), subset=60)
    with pytest.raises(BadRequest, match="examples: expected at least 3.*at most the 60 training examples; got"):
        engine.get(GroundTruthRequest(data=data, network=NetworkSpec(width=4, time=2), examples=examples))
