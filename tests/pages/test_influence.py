"""The Influence page: what it says, ranks, trains again, refuses and hides, and what its link carries."""

from __future__ import annotations

import math
import shlex
import time

import numpy as np
import pytest
from harness import app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, Engine, Result
from fil_core.analyses.ground_truth.request import GroundTruthRequest
from fil_core.analyses.light import light
from fil_core.analyses.summarise.request import SummariseRequest
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.specs import NetworkSpec
from pages.common import compute, text

INFLUENCE = "pages/influence.py"
SMALL = {"width": "16", "time": "20"}
DIGITS = {"data": "digits", "classes": ["3", "8"], "subset": "60", **SMALL}
TABLE = {"data": "breast-cancer", "subset": "60", **SMALL}
REGRESSION = {"data": "diabetes", "subset": "60", **SMALL}
NETWORK = {"width": 16, "lr": 0.05, "time": 20}
PAIR = DataSpec(name="digits", classes=("3", "8"), subset=60)


def page(link: dict[str, object], **more: object) -> AppTest:
    return app(INFLUENCE, **(link | more))  # type: ignore[arg-type]


def stored(data: DataSpec = PAIR, **network: object) -> Result:
    found = Engine().find(UniqueInfoRequest(data=data, network=NetworkSpec(**(NETWORK | network))))
    assert found is not None
    return found


def metric(at: AppTest, label: str) -> str:
    return next(m.value for m in at.metric if m.label == label)


def keys(at: AppTest) -> set[str]:
    return {button.key for button in at.button}


def everyone(at: AppTest):
    return next(d.value for d in at.dataframe if {"rank", "si_weights"} <= set(d.value.columns))


def test_the_sentence_the_light_and_the_metrics_are_the_results_own() -> None:
    at = page(DIGITS)
    s, table, told = stored().summary, stored().table, plain(words(at))
    assert f"example **{table['f_si'].idxmax()}**" in told and light(s).says in told
    assert light(s).state == "predictable" and "Training is predictable" in told
    assert metric(at, "Weights") == text.count(s["parameters"]) == "1,057"  # 64 x 16 + 16, and 16 + 1 on top
    assert metric(at, "Step × curvature") == text.number(s["step_eigenvalue"])
    assert metric(at, "Kernel condition") == text.number(s["kernel_condition"])
    assert metric(at, "Linear to real") == text.percent(s["linear_distance"], 1)
    assert metric(at, "Test accuracy") == text.percent(s["test_score"])
    assert "model, λ and training weights are not used here" in told
    assert not at.exception and not at.error and not at.warning


def test_all_examples_are_ranked_by_the_measure() -> None:
    at = page(DIGITS)
    shown = everyone(at)
    assert len(shown) == 60 and shown["f_si"].is_monotonic_decreasing and list(shown["rank"]) == list(range(1, 61))
    sidebar(at, **{"unique-by": "si_weights"})
    assert everyone(at)["si_weights"].is_monotonic_decreasing and "unique information (weights) after 20" in words(at)


def test_a_time_ranks_anew_without_computing(monkeypatch: pytest.MonkeyPatch) -> None:
    at = page(DIGITS)
    monkeypatch.setattr(Engine, "compute", lambda *_, **__: pytest.fail("computed again"))
    at.select_slider(key="after").set_value("1").run()
    result = stored()
    (row,) = np.flatnonzero(result.arrays["times"] == 1)
    first = result.arrays["f_si_by_time"][row]
    shown = everyone(at)
    assert shown["f_si"].to_numpy() == pytest.approx(np.sort(first)[::-1], rel=1e-15)  # the same numbers, sorted
    assert shown.index[0] == result.table.index[np.argmax(first)] and "after 1 step" in words(at)
    assert not at.exception


def test_large_work_asks_first_and_offers_what_is_quick() -> None:
    at = page({"data": "digits", "subset": "300"}, time="1000", width="512")
    assert "Not measured yet" in words(at) and not at.metric and "network" in {one.key for one in at.selectbox}
    assert {"measure", "quick-few"} <= keys(at)
    at.button(key="quick-Breast cancer").click()
    at.session_state["subset"] = 60
    at.session_state["time"] = "5"
    at.run()
    assert at.session_state["data"] == "breast-cancer" and not at.exception and not at.error
    assert metric(at, "Weights") == text.count(31 * 512 + 513)


def test_a_table_of_records_has_rows_in_place_of_tiles() -> None:
    at = page(TABLE)
    rows = [d.value for d in at.dataframe if "mean radius" in d.value]
    assert [len(one) for one in rows] == [8, 8] and list(rows[0]["rank"]) == list(range(1, 9))
    assert list(rows[1]["rank"]) == list(range(60, 52, -1))
    assert list(at.selectbox(key="network").options) == ["linear", "mlp"]  # the others need images
    assert "By class" in words(at) and not at.exception and not at.error


def test_a_regression_has_no_classes() -> None:
    at = page(REGRESSION)
    s = stored(DataSpec(name="diabetes", subset=60)).summary
    assert metric(at, "Test mean squared error") == text.number(s["test_score"])
    assert "By class" not in words(at) and "(151.0)" not in words(at) and not at.exception and not at.error


def test_a_linear_network_has_no_layers_to_choose() -> None:
    at = page(TABLE, network="linear")
    assert "width" not in {one.key for one in at.number_input} and metric(at, "Weights") == "31"
    assert not at.exception and not at.error


@pytest.mark.parametrize(("lr", "button"), [("0.2", "Use lr = 0."), ("0.5", "Use lr = 0.05")])
def test_a_step_that_is_too_large_is_named_with_one_that_is_not(lr: str, button: str) -> None:
    at = page(TABLE, width="256", lr=lr)
    assert plain(at.error[0].value).startswith("lr: expected a step") and not at.metric and not at.exception
    offered = at.button(key="use-lr")
    assert offered.label.startswith(button)
    offered.click().run()
    assert at.session_state["lr"] == float(offered.label.removeprefix("Use lr = "))
    assert not at.error and at.metric and not at.exception


def test_a_job_that_fails_for_its_step_offers_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "_IN_PAGE", 0.0)
    at = page(TABLE, width="256", lr="0.2")
    assert any(b.label == "Cancel" for b in at.button)
    end = time.monotonic() + 120
    while not at.error and time.monotonic() < end:
        time.sleep(0.2)
        at.run()
    assert "lr: expected a step" in plain(at.error[0].value) and {"use-lr", "measure"} <= keys(at)
    assert not at.exception


def test_another_number_of_steps_shows_its_own_end() -> None:
    at = page(DIGITS)
    at.text_input(key="time").set_value("30").run()
    assert "after 30 steps" in words(at) and "after 20 steps" not in words(at) and not at.exception
    at.select_slider(key="after").set_value("7").run()
    at.text_input(key="time").set_value("20").run()
    assert "after 7 steps" in words(at) and not at.exception


@pytest.mark.parametrize("written", ["soon", "0", "1.5", "", "-3"])
def test_a_time_that_is_none_is_a_sentence_and_the_controls_stay(written: str) -> None:
    at = page(DIGITS)
    at.text_input(key="time").set_value(written).run()
    assert plain(at.error[0].value).startswith("time: expected a") and not at.exception
    at.text_input(key="time").set_value("20").run()
    assert not at.error and at.metric


def test_infinitely_many_steps_are_told_by_the_linearised_network_alone() -> None:
    at = page(DIGITS, time="inf", decay="0.01")
    result = Engine().find(UniqueInfoRequest(data=PAIR, network=NetworkSpec(width=16, lr=0.05, time="inf", l2=0.01)))
    assert result is not None and result.arrays["times"][-1] == -1
    told = words(at)
    assert "Training was not run" in told and "in the limit of infinitely many steps" in told
    assert metric(at, "Linear to real") == "not run" and "truth-compute" not in keys(at)
    assert len([one for one in at.info if "infinitely many" in one.value]) == 2
    assert not at.exception and not at.error


def test_the_truth_is_trained_and_shown_with_its_light() -> None:
    at = page(DIGITS, truth="6")
    assert "Pearson" not in " ".join(m.label for m in at.metric)
    at.button(key="truth-compute").click().run()
    result = Engine().find(GroundTruthRequest(data=PAIR, network=NetworkSpec(**NETWORK), examples=6))
    assert result is not None and len(result.table) == 6
    assert metric(at, "Slope, predictions") == text.number(result.summary["slope_predictions"])
    assert metric(at, "Pearson, weights") == f"{result.summary['pearson_weights']:.3f}"
    assert words(at).count("Training is predictable") == 2 and not at.exception and not at.error and not at.warning


def test_where_training_cannot_be_predicted_the_numbers_are_shown_all_the_same() -> None:
    at = page(DIGITS, lr="1.0", time="100", truth="4")
    spec = NetworkSpec(width=16, lr=1.0, time=100)
    at.button(key="truth-compute").click().run()
    result = Engine().find(GroundTruthRequest(data=PAIR, network=spec, examples=4))
    assert result is not None and light(result.summary).state == "unpredictable"
    assert "No measure predicts" in at.warning[0].value
    assert metric(at, "Pearson, predictions") == f"{result.summary['pearson_predictions']:.3f}" and not at.exception


def test_a_smaller_training_set_is_trained_on() -> None:
    at = page(DIGITS, keep="0.5,0.2", draws="2", by="si_weights")
    at.button(key="summary-compute").click().run()
    asked = SummariseRequest(data=PAIR, network=NetworkSpec(**NETWORK), keep=(0.5, 0.2), seeds=2, by="si_weights")
    result = Engine().find(asked)
    assert result is not None
    runs = next(d.value for d in at.dataframe if "test_score" in d.value and "kept" in d.value)
    assert len(runs) == 2 * (2 + 2) and set(runs["examples"]) == {30, 12}
    assert text.percent(result.summary["full_score"]) in words(at) and not at.exception and not at.error
    at.text_input(key="keep").set_value("half").run()
    assert "keep: expected" in plain(at.error[0].value) and at.metric and "All examples" in words(at)


def test_labels_replaced_on_purpose_are_marked_and_found() -> None:
    at = page(DIGITS, **{"label-noise": "0.1"})
    data = DataSpec(name="digits", classes=("3", "8"), subset=60, label_noise=0.1)
    s, told = stored(data).summary, words(at)
    shown = everyone(at)
    flipped = Engine().dataset(data)
    assert set(shown.index[shown["replaced"]]) == set(flipped.ids[flipped.flipped])
    assert "Finding replaced labels" in told and f"{max(s['auroc'].values()):.3f}" in told
    among = int(shown.head(6)["replaced"].sum())
    assert f"{among} of them are among the 6 most unique" in told and not at.exception


def test_records_with_replaced_labels_are_named() -> None:
    at = page(TABLE, **{"label-noise": "0.4"})
    rows = next(d.value for d in at.dataframe if "mean radius" in d.value)
    data = Engine().dataset(DataSpec(name="breast-cancer", subset=60, label_noise=0.4))
    planted = [str(id) for id in rows.index if data.flipped[data.row(int(id))]]
    assert planted and f"Label replaced on purpose: {', '.join(planted)}." in words(at)


@pytest.mark.parametrize("link", [DIGITS, TABLE], ids=["images", "table"])
def test_redaction_hides_labels_and_what_tells_them(link: dict[str, object]) -> None:
    at = page(link, redact="true", **{"label-noise": "0.4"})
    shown = everyone(at)
    telling = {"loss", "grad_norm", "replaced"}
    assert set(shown["label"]) == {"•••"} and not telling & set(shown.columns)
    told = words(at)
    assert "Redacted" in told and "By class" not in told and "replaced on purpose: " not in told
    assert "are among the" not in told and not at.exception and not at.error


def test_a_link_restores_every_control() -> None:
    link = DIGITS | {
        "width": "8", "depth": "2", "activation": "erf", "scaling": "ntk", "init-seed": "3", "lr": "0.02", "time": "30",
        "decay": "0.5", "validation-size": "40", "kernel": "exact", "truth": "5", "keep": "0.5", "by": "random",
        "draws": "3", "unique-by": "training_change", "after": "7",
    }  # fmt: skip
    at = page(link)
    spec = NetworkSpec(width=8, depth=2, activation="erf", scaling="ntk", init_seed=3, lr=0.02, time=30, l2=0.5)
    assert (
        Engine().find(UniqueInfoRequest(data=PAIR, network=spec, validation_size=40, tangent_kernel="exact"))
        is not None
    )
    assert "training predictions after 7 steps" in words(at)
    assert at.session_state["truth"] == 5 and at.session_state["unique-by"] == "training_change"
    assert {name: at.query_params[name] for name in link if name != "data"} | {"data": "digits"} == link
    assert not at.warning and not at.error and not at.exception


def test_more_validation_rows_than_there_are_is_a_sentence() -> None:
    at = page(DIGITS, **{"validation-size": "5000"})
    assert "58" in plain(at.error[0].value) and not at.exception and not at.metric


def test_the_command_line_finds_what_the_page_has_stored(
    capsys: pytest.CaptureFixture[str], tmp_path, monkeypatch
) -> None:
    from fil_core.__main__ import main

    line = page(DIGITS).code[-1].value
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(line)[3:]) == 0
    assert "stored result" in capsys.readouterr().out


def test_numbers_are_finite_words() -> None:
    at = page(DIGITS)
    assert all(not math.isnan(float(m.value.rstrip(" %").replace(",", ""))) for m in at.metric if m.value[0].isdigit())


def test_fewer_rows_are_a_click_away() -> None:
    at = page({"data": "digits", "width": "8", "time": "2", "validation-size": "10"})
    assert not at.metric and not at.exception
    at.button(key="quick-few").click().run()
    assert at.session_state["subset"] == 100 and not at.exception and not at.error
