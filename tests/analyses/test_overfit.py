"""Leakage beside the train-test gap: rows against their parts by themselves, what is refused, and the command."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.network.request import NetworkFitRequest
from fil_core.analyses.overfit import checks
from fil_core.analyses.overfit.request import USUAL, USUAL_DECAY, OverfitRequest, axis, models_of, networks_of, runs_of
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadData, BadRequest, NotConverged, SingularCurvature
from fil_core.linalg.correlation import spearman
from fil_core.specs import DataSpec, ModelSpec, NetworkSpec

DIABETES = DataSpec(name="diabetes", subset=60)
NETWORK = NetworkSpec(lr=0.05, time=10, l2=0.01)
WIDTHS = OverfitRequest(data=DIABETES, network=NETWORK, over="width", values=(2, 3), draws=20)


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(Store(tmp_path_factory.mktemp("answers")))


def points(train: str, test: str = "0.5,1") -> DataSpec:
    return DataSpec(name=f"points:line:{train}|{test}")


CUBIC = points("0,1;1,3;2,2;3,5;4,4;5,9", "0.5,1;2.5,4;6,7")


def test_over_penalties_rows_are_those_of_the_model_itself(engine):
    request = OverfitRequest(data=DIABETES, over="l2", values=(0.1, 0.001, 0.01), draws=20)
    found = engine.get(request)
    assert found.table["value"].tolist() == [0.001, 0.01, 0.1] == found.table["l2"].tolist()
    for i, l2 in enumerate(found.table["l2"]):
        alone = engine.get(FilRequest(data=DIABETES, model=ModelSpec(l2=l2)))
        row = found.table.loc[i]
        np.testing.assert_allclose(found.arrays["eta"][i], alone.table["eta"], rtol=1e-12)
        np.testing.assert_allclose(found.arrays["leverage"][i], alone.table["leverage"], rtol=1e-12)
        np.testing.assert_allclose(found.arrays["unique"][i], alone.table["loo_shift"] ** 2 / 2, rtol=1e-12)
        assert row["train_loss"] == pytest.approx(alone.table["loss"].mean(), rel=1e-12)
        assert row["condition"] == pytest.approx(alone.summary["condition"], rel=1e-9)
        assert row["test_score"] == pytest.approx(alone.summary["test_score"], rel=1e-12)
        assert row["test_loss"] == pytest.approx(row["test_score"] / 2, rel=1e-12)
        assert row["gap"] == row["test_loss"] - row["train_loss"]


def test_over_degrees_a_polynomial_is_that_of_numpy(engine):
    found = engine.get(OverfitRequest(data=CUBIC, values=(1, 2, 3), draws=20))
    x, y = np.arange(6.0), np.array([1.0, 3, 2, 5, 4, 9])
    x_test, y_test = np.array([0.5, 2.5, 6]), np.array([1.0, 4, 7])
    assert found.table["parameters"].tolist() == [2, 3, 4]
    for i, degree in enumerate((1, 2, 3)):
        best = np.polyfit(x, y, degree)
        losses = [((np.polyval(best, at) - true) ** 2).mean() / 2 for at, true in ((x, y), (x_test, y_test))]
        np.testing.assert_allclose(found.table.loc[i, ["train_loss", "test_loss"]].astype(float), losses, rtol=1e-9)
        assert found.table["leverage_sum"][i] == pytest.approx(degree + 1, rel=1e-9)


def test_over_widths_rows_are_those_of_the_trained_networks(engine):
    found = engine.get(WIDTHS)
    for i, spec in enumerate(networks_of(WIDTHS)):
        run = engine.get(NetworkFitRequest(data=DIABETES, network=spec))
        unique = engine.get(UniqueInfoRequest(data=DIABETES, network=spec))
        row = found.table.loc[i]
        assert (row["value"], row["parameters"]) == (spec.width, run.summary["parameters"])
        assert row["train_loss"] == pytest.approx(run.arrays["train_losses"].mean(), rel=1e-12)
        assert row["test_loss"] == pytest.approx(run.arrays["test_losses"].mean(), rel=1e-12)
        assert row["train_score"] == run.summary["train_score"] and row["grad_norm"] > 0
        np.testing.assert_allclose(found.arrays["unique"][i], unique.table["si_weights"], rtol=1e-9)
    assert found.table["hessian_least"].notna().all()


def test_a_network_without_unique_information_has_the_rest(engine):
    request = dataclasses.replace(WIDTHS, network=dataclasses.replace(NETWORK, batch=20), values=(2,))
    found = engine.get(request)
    assert found.table["unique_mean"].isna().all() and found.table["eta_mean"].notna().all()
    assert any("unique information of width 2" in warning for warning in found.provenance["warnings"])
    assert found.summary["spearman"]["unique_mean"] == {"spearman": None, "low": None, "high": None}


def test_the_summary_has_the_correlations_of_the_table(engine):
    request = OverfitRequest(data=CUBIC, values=(1, 2, 3), l2s=(0.01, 0.1), draws=100, bootstrap_seed=4)
    found = engine.get(request)
    table = found.table
    assert table[["l2", "value"]].to_numpy().tolist() == [[l2, d] for l2 in (0.01, 0.1) for d in (1, 2, 3)]
    told = found.summary["spearman"]["eta_mean"]
    assert told["spearman"] == pytest.approx(spearman(table["eta_mean"].to_numpy(), table["gap"].to_numpy()))
    assert -1 <= told["low"] <= told["high"] <= 1
    again = engine.get(dataclasses.replace(request, bootstrap_seed=5))
    assert again.table.equals(table) and again.summary["spearman"] != found.summary["spearman"]


def test_fewer_held_out_rows_change_nothing_but_their_eta(engine):
    request = OverfitRequest(data=CUBIC, values=(1, 2), draws=20)
    every, one = engine.get(request), engine.get(dataclasses.replace(request, validation_size=1))
    assert (every.arrays["held_out"].shape, one.arrays["held_out"].shape) == ((2, 3), (2, 1))
    np.testing.assert_allclose(one.arrays["held_out"][:, 0], every.arrays["held_out"][:, 0], rtol=1e-12)
    assert one.table["test_loss"].equals(every.table["test_loss"])


def test_usual_values_and_one_spelling_of_what_has_no_part():
    for over, values in USUAL.items():
        assert OverfitRequest(over=over).values == values
    widths = OverfitRequest(over="width", model=ModelSpec(kind="logistic"), network=NetworkSpec(width=3))
    assert widths == OverfitRequest(over="width") and widths.network.l2 == USUAL_DECAY
    assert OverfitRequest(network=NetworkSpec(width=3)) == OverfitRequest()
    assert OverfitRequest(over="l2", model=ModelSpec(l2=0.3), l2s=(0.1,)) == OverfitRequest(over="l2")
    assert OverfitRequest(values=(2, 1), l2s=(1.0, 0.1), model=ModelSpec(l2=0.3)) == OverfitRequest(
        values=(1, 2), l2s=(0.1, 1.0)
    )
    grid = OverfitRequest(over="width", values=(2, 4), l2s=(0.1, 1.0), network=NetworkSpec(l2=0.5))
    assert [(n.width, n.l2) for n in networks_of(grid)] == [(2, 0.1), (4, 0.1), (2, 1.0), (4, 1.0)]
    assert not models_of(grid) and len(runs_of(grid)) == len(axis(grid)) == 4
    assert not networks_of(OverfitRequest()) and not runs_of(OverfitRequest(over="l2"))


@pytest.mark.parametrize(
    "fields",
    [
        {"values": (1.5,)},
        {"values": (0,)},
        {"values": (31,)},
        {"over": "width", "values": (0,)},
        {"over": "width", "values": (100_000,)},
        {"over": "width", "l2s": (0.0, 1.0)},
        {"over": "l2", "values": (1e9,)},
        {"over": "l2", "values": (0.0, 1.0), "model": ModelSpec(kind="softmax")},
        {"values": (1, 2), "l2s": tuple(range(1, 102))},
        {"over": "depth"},
        {"network": "mlp"},
        {"draws": 0},
    ],
)
def test_values_out_of_range_are_refused(fields):
    with pytest.raises(BadRequest, match="expected"):
        OverfitRequest(**fields)


def test_few_models_have_no_interval():
    few = Engine().get(OverfitRequest(data=CUBIC, values=(1, 2, 3), model=ModelSpec(l2=0.1))).summary["spearman"]
    assert few["eta_mean"]["spearman"] is not None and few["eta_mean"]["low"] is None


@pytest.mark.parametrize(
    ("request_", "error", "said"),
    [
        (OverfitRequest(data=DataSpec(name="toy-line")), BadData, "test rows"),
        (OverfitRequest(data=points("1,2;1,3")), BadData, "constant"),
        (OverfitRequest(data=CUBIC, values=(7,), model=ModelSpec(l2=0.1)), BadRequest, "at most the number of points"),
        (OverfitRequest(data=DIABETES, values=(8,)), BadRequest, "no unique optimum"),
        (OverfitRequest(data=DataSpec(name="diabetes", subset=8), over="l2", values=(0, 1)), BadRequest, "no unique"),
        (OverfitRequest(data=DIABETES, validation_size=1000), BadRequest, "at most the 89 test rows"),
        (OverfitRequest(data=DIABETES, model=ModelSpec(kind="logistic")), BadRequest, "real-valued"),
        (dataclasses.replace(WIDTHS, network=NetworkSpec(kind="linear")), BadRequest, "width"),
        (dataclasses.replace(WIDTHS, network=NetworkSpec(time="inf")), BadRequest, "number of steps"),
        (dataclasses.replace(WIDTHS, data=DataSpec(name="toy-line")), BadData, "test rows"),
    ],
)  # fmt: skip
def test_what_the_data_cannot_answer_is_refused(request_, error, said, engine):
    with pytest.raises(error, match=said):
        engine.get(request_)


def test_points_that_are_all_alike_are_refused(engine):
    data = engine.dataset(CUBIC)
    alike = dataclasses.replace(data, X=np.ones_like(data.X))
    with pytest.raises(BadData, match="all the same"):
        checks.check(OverfitRequest(data=CUBIC, values=(1,)), alike)


def test_networks_beyond_the_memory_are_refused(engine, monkeypatch):
    monkeypatch.setattr(checks, "free_memory", lambda device: 10_000)
    with pytest.raises(BadRequest, match="at width 2 take"):
        checks.check(WIDTHS, engine.dataset(DIABETES))


def test_a_model_without_an_optimum_is_named(engine):
    separable = DataSpec(name="points:classes:0,0;1,0;2,0;3,1;4,1;5,1|0.5,0;4.5,1")
    with pytest.raises(NotConverged, match="degree 1 at l2 = 0"):
        engine.get(OverfitRequest(data=separable, model=ModelSpec(kind="logistic", l2=0), values=(1,)))
    copies = DataSpec(name="points:line:0,0,1;1,1,3;2,2,2;3,3,5|1,1,2")
    with pytest.raises(SingularCurvature, match="l2 0 at l2 = 0"):
        engine.get(OverfitRequest(data=copies, over="l2", values=(0, 1)))


@pytest.mark.parametrize(
    "options",
    [
        ("--over", "width", "--model", "logistic"),
        ("--over", "degree", "--width", "3"),
        ("--over", "degree", "--decay", "3"),
        ("--over", "l2", "--l2", "0.1"),
        ("--over", "l2", "--l2s", "1"),
        ("--over", "width", "--width", "8"),
        ("--l2s", "0.1,1", "--l2", "0.3"),
        ("--over", "width", "--l2s", "0.1", "--decay", "0.3"),
    ],
)
def test_options_without_a_part_are_refused(options, run):
    code, _, err = run("overfit", "--data", CUBIC.name, *options)
    assert code == 2 and "expected nothing" in err


def test_the_command_says_every_row_and_correlation(run):
    code, out, _ = run("overfit", "--data", CUBIC.name, "--values", "1,2,3", "--draws", "20", "--json")
    line = json.loads(out.splitlines()[-1])
    assert code == 0 and [row["value"] for row in line["rows"]] == [1, 2, 3] and line["models"] == 3
    assert set(line["spearman"]) == set(line["summaries"]) and "hessian_least" not in line["rows"][0]


@pytest.mark.parametrize(
    "request_", [OverfitRequest(data=CUBIC, values=(2,), draws=5), dataclasses.replace(WIDTHS, values=(2,), draws=5)]
)
def test_a_single_model_is_told_and_drawn_without_a_correlation(request_, engine):
    found = engine.get(request_)
    if "hessian_least" in found.table:  # as of a network that is too large
        found = dataclasses.replace(found, table=found.table.assign(hessian_least=np.nan))
    subject, analysis = Subject(request_, found, None, "", False, 0), analysis_of(request_)
    assert found.summary["spearman"]["eta_mean"] == {"spearman": None, "low": None, "high": None}
    assert analysis.sentence(subject, str).endswith(".") and "nan" not in analysis.sentence(subject, str)
    assert len(analysis.figures(subject)) == 3
