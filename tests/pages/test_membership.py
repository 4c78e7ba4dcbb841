"""The page Membership: what it says, ranks, draws of a record, refuses and hides, and what its link carries."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from harness import app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, Engine, FilRequest, ModelSpec, Result
from fil_core.analyses.lood import run as lood
from fil_core.analyses.lood.request import LoodRequest
from fil_core.analyses.lood.words import sentence
from fil_core.analyses.subject import Subject
from fil_core.errors import BadData
from fil_core.specs import KernelSpec
from pages.common import compute, text

MEMBERSHIP, RESULTS = "pages/membership.py", "pages/results.py"
DIGITS = {"data": "digits", "classes": ["3", "8"], "subset": "60"}
REGRESSION = {"data": "diabetes", "subset": "60", "lood-kernel": "rbf"}
PAIR = DataSpec(name="digits", classes=("3", "8"), subset=60)
ASKED = LoodRequest(data=PAIR)
SIXTY = LoodRequest(data=DataSpec(name="diabetes", subset=60), kernel=KernelSpec(kind="rbf"))


def page(link: dict[str, object] = DIGITS, **more: object) -> AppTest:
    return app(MEMBERSHIP, **(link | more))  # type: ignore[arg-type]


def stored(request: LoodRequest = ASKED) -> Result:
    found = Engine().find(request)
    assert found is not None
    return found


def metrics(at: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in at.metric}


def everyone(at: AppTest):
    return next(d.value for d in at.dataframe if {"rank", "advantage"} <= set(d.value.columns))


def headings(at: AppTest) -> list[str]:
    return [plain(one.value) for one in at.subheader]


def figures(at: AppTest) -> dict[str, dict]:
    return {one.proto.alt: json.loads(one.proto.spec) for one in at.get("plotly_chart")}


def figure(at: AppTest, begins: str) -> dict:
    return next(spec for alt, spec in figures(at).items() if alt.startswith(begins))


def fine(at: AppTest) -> bool:
    return not at.exception and not at.error and not at.warning


def test_the_sentence_the_metrics_and_the_record_are_the_results_own() -> None:
    at = page()
    result, told = stored(), metrics(at)
    s, top = result.summary, result.table.loc[result.summary["top"]]
    about = Subject(ASKED, result, Engine().dataset(PAIR), "", False, 1)
    assert sentence(about, str) in words(at) and "model, λ and training weights are not used" in words(at)
    assert told["Median AUC"] == f"{s['auc_median']:.3f}" and told["AUC above .75"] == str(s["auc_above_0.75"])
    assert told["Largest LOOD"] == told["LOOD (KL)"] == text.number(s["max"])
    assert told["Noise s"] == text.number(s["noise"]) and told["Test accuracy"] == text.percent(s["test_score"])
    assert told["TPR at FPR 0.001"] == text.number(top["tpr_at_fpr_0.001"])
    assert told["Leverage"] == text.number(top["leverage"]) and told["Memorisation"] == text.number(top["memorisation"])
    assert f"Record {s['top']} · class {result.table['label'][s['top']]}" in headings(at)
    assert f"nearest record is **{top['twin_id']:.0f}**" in words(at) and text.number(top["kl_with_twins"]) in words(at)
    assert fine(at)


def test_all_records_are_ranked_by_the_chosen_column() -> None:
    at = page()
    shown = everyone(at)
    assert len(shown) == 60 and shown["kl_lood"].is_monotonic_decreasing and list(shown["rank"]) == list(range(1, 61))
    assert shown.index[0] == stored().summary["top"]
    sidebar(at, **{"lood-by": "twin_similarity"})  # less is more exposed
    assert everyone(at)["twin_similarity"].is_monotonic_increasing and fine(at)
    sidebar(at, **{"class": ["3"]})
    assert f"{(stored().table['label'] == 3).sum()} of 60 examples" in words(at)


def test_another_record_opens_without_computing(monkeypatch: pytest.MonkeyPatch) -> None:
    at = page()
    monkeypatch.setattr(Engine, "compute", lambda *_, **__: pytest.fail("computed again"))
    table, arrays = stored().table, stored().arrays
    id = int(table["kl_lood"].idxmin())
    at.number_input(key="id").set_value(id).run()
    row = table.index.get_loc(id)
    assert any(one.startswith(f"Record {id} ·") for one in headings(at))
    assert metrics(at)["LOOD (KL)"] == text.number(table["kl_lood"][id])
    curve, _, point = figure(at, f"ROC curve of example {id}:")["data"]
    assert [point["x"][0], point["y"][0]] == pytest.approx([0.001, table["tpr_at_fpr_0.001"][id]])
    fpr, tpr = (numbers(curve[axis]) for axis in "xy")
    area = np.trapezoid(tpr, fpr)
    assert area == pytest.approx(table["auc"][id], abs=2e-3)  # of a polygon in 182 points
    assert fpr[0] == pytest.approx(1e-6) and fpr[-1] == tpr[-1] == 1 and (tpr >= fpr * (1 - 1e-9)).all()
    given, without, own = figure(at, "Normal densities")["data"]
    column = int(Engine().dataset(PAIR).y[row])
    for line, name in ((given, "in"), (without, "out")):
        x, density = numbers(line["x"]), numbers(line["y"])
        mean = np.trapezoid(x * density, x)
        assert mean == pytest.approx(arrays[f"mean_{name}"][row, column], abs=1e-4)  # within 4.5 standard deviations
        variance = np.trapezoid((x - mean) ** 2 * density, x)
        assert variance == pytest.approx(arrays[f"variance_{name}"][row], rel=1e-3)
    assert own["x"] == [0.5, 0.5]  # one-hot less 1/2
    (delta,) = figure(at, "Smallest delta")["data"]
    assert numbers(delta["y"])[0] == pytest.approx(table["advantage"][id])  # at epsilon = 0
    assert (np.diff(numbers(delta["y"])) < 0).all() and fine(at)


def numbers(values: object) -> np.ndarray:
    """The numbers of a figure, which are written in base 64 where they are many."""
    if isinstance(values, dict):
        import base64

        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return np.asarray(values, dtype=np.float64)


def test_a_record_that_is_not_there_is_said_and_the_rest_stays() -> None:
    at = page(id="1")
    assert "not among the 60 training examples" in plain(at.warning[0].value) and len(everyone(at)) == 60
    assert not at.exception and not at.error and "ROC" not in " ".join(figures(at))


def test_a_link_opens_as_it_was_left() -> None:
    link = {
        "lood-kernel": "erf", "kernel-depth": "3", "weight-std": "1.5", "bias-std": "0.2", "noise-as": "absolute",
        "noise": "0.05", "fpr": "0.01", "twins": "3", "lood-by": "auc", "lood-x": "advantage", "id": "13",
    }  # fmt: skip
    at = page(**link)
    kernel = KernelSpec(kind="erf", depth=3, weight_std=1.5, bias_std=0.2, noise=0.05)
    result = stored(LoodRequest(data=PAIR, kernel=kernel, fpr=0.01, twins=3))
    assert everyone(at)["auc"].is_monotonic_decreasing and "tpr_at_fpr_0.01" in everyone(at)
    assert "its 3 nearest records" in words(at) and metrics(at)["AUC"] == f"{result.table['auc'][13]:.3f}"
    assert any(alt.startswith("Scatter of LOOD (KL), in nats against membership advantage") for alt in figures(at))
    assert {name: str(at.session_state[name]) for name in link} == link and fine(at)


def test_a_noise_alone_in_a_link_is_absolute() -> None:
    at = page(noise="0.05")
    assert at.session_state["noise-as"] == "absolute" and metrics(at)["Noise s"] == "0.0500" and fine(at)
    sidebar(at, **{"noise-as": "relative"})
    assert metrics(at)["Noise s"] == text.number(stored().summary["noise"]) and fine(at)


def test_the_kernel_is_as_it_was_on_the_page_before() -> None:
    at = page(**{"lood-kernel": "linear", "noise": "0.05"})
    at.switch_page(RESULTS).run()
    at.switch_page(MEMBERSHIP).run()
    assert at.session_state["lood-kernel"] == "linear" and metrics(at)["Noise s"] == "0.0500" and fine(at)


def test_each_kernel_has_its_own_controls() -> None:
    at = page(**{"lood-kernel": "linear"})
    drawn = {one.key for one in at.number_input}
    assert {"weight-std", "bias-std"} <= drawn and not {"kernel-depth", "length"} & drawn
    assert "conv-relu" in at.selectbox(key="lood-kernel").options and fine(at)


def test_a_regression_has_no_classes_and_no_convolutions() -> None:
    at = page(REGRESSION)
    result = stored(SIXTY)
    assert metrics(at)["Test mean squared error"] == text.number(result.summary["test_score"])
    assert "Memorisation" not in metrics(at) and "Membership AUC of all records" in headings(at)
    assert not any(name.startswith("conv-") for name in at.selectbox(key="lood-kernel").options)
    assert "class" not in {one.key for one in at.multiselect} and "length" in {one.key for one in at.number_input}
    rows = next(d.value for d in at.dataframe if "bmi" in d.value)
    assert len(rows) == 16 and rows.index[0] == result.summary["top"]
    record = next(d.value for d in at.dataframe if d.value.index.name == "attribute")
    assert "bmi" in record.index and record.shape == (10, 2) and fine(at)


def test_ten_classes_at_a_test_row() -> None:
    at = page({"data": "digits", "subset": "100"}, queries="test:3", id="13")
    request = LoodRequest(data=DataSpec(name="digits", subset=100), queries="test:3")
    assert metrics(at)["Largest LOOD"] == text.number(stored(request).summary["max"])
    assert at.number_input(key="queries-row").value == 3 and "twins" not in {one.key for one in at.number_input}
    assert not any("nearest record" in line for line in words(at).splitlines())
    assert "Normal densities" not in " ".join(figures(at)) and not at.exception and not at.error
    at.number_input(key="queries-row").set_value(4).run()
    assert at.session_state["queries"] == "test:4" and not at.exception and not at.error


def test_redaction_hides_what_tells_a_label() -> None:
    at = page(redact="true", id="13")
    shown = everyone(at)
    assert set(shown["label"]) == {"•••"} and "memorisation" not in shown and "auc" in shown
    assert "Memorisation" not in metrics(at) and "memorisation" not in at.selectbox(key="lood-by").options
    assert "memorisation" not in at.selectbox(key="lood-x").options and "Record 13" in headings(at)
    assert "class" not in {one.key for one in at.multiselect} and "Normal densities" not in " ".join(figures(at))
    assert "class 3" not in words(at) and "Redacted" in words(at) and fine(at)
    record = page(REGRESSION, redact="true")
    (attributes,) = [d.value for d in record.dataframe if d.value.index.name and "attribute" in d.value.index.name]
    assert set(np.ravel(attributes)) == {"•••"} and "Normal densities" not in " ".join(figures(record)) and fine(record)


def test_lood_is_drawn_against_what_is_stored_of_the_sidebars_model() -> None:
    model = ModelSpec(kind="least-squares", l2=0.01)
    eta = Engine().get(FilRequest(data=PAIR, model=model)).table["eta"]
    at = page(model="least-squares", l2="0.01", **{"lood-x": "eta"})
    kl = stored().table["kl_lood"]
    assert not {name for name in at.selectbox(key="lood-x").options if name.startswith("lood_")}  # as All measures has
    expected = kl.rank().corr(eta.rank())
    assert f"**{expected:.3f}**, over 60 records" in words(at) and fine(at)
    at = page(redact="true", model="least-squares", l2="0.01")
    assert "eta" in at.selectbox(key="lood-x").options and "loss" not in at.selectbox(key="lood-x").options


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ({"relative-noise": "0"}, "relative_noise: expected a finite number > 0"),
        ({"fpr": "0"}, "fpr: expected a finite number > 0"),
        ({"queries": "nowhere"}, "queries: expected"),
        ({"queries": "test:99999"}, "queries: expected a test row"),
        ({"twins": "60"}, "twins: expected at most 59"),
    ],
)
def test_what_nothing_can_have_is_a_sentence_and_the_controls_stay(link: dict[str, str], said: str) -> None:
    at = page(**link)
    assert plain(at.error[0].value).startswith(said) and not at.exception and not at.metric
    assert "lood-kernel" in {one.key for one in at.selectbox}


@pytest.mark.parametrize(("name", "value", "usual"), [("fpr", "0.7", 0.001), ("noise", "inf", 0.1), ("twins", "-1", 1)])
def test_a_number_out_of_range_is_named(name: str, value: str, usual: float) -> None:
    at = page(**{name: value}, **({"noise-as": "absolute"} if name == "noise" else {}))
    assert any(f"{name} = " in plain(one.value) for one in at.warning) and at.session_state[name] == usual
    assert not at.exception and not at.error


def test_large_work_asks_first_and_offers_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "_AT_ONCE", 0.0)
    at = page()
    assert "Not measured yet" in words(at) and not at.metric and "lood-kernel" in {one.key for one in at.selectbox}
    at.button(key="measure").click().run()
    assert at.metric and fine(at)


def test_long_work_is_a_job_that_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "_IN_PAGE", 0.0)
    at = page()
    next(one for one in at.button if one.label == "Cancel").click().run()
    assert not at.metric and not at.exception and "lood-kernel" in {one.key for one in at.selectbox}
    monkeypatch.undo()
    compute.close()


def test_records_that_are_zero_to_the_kernel_are_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    run = lood.run

    def with_zeros(request, inputs, progress=None) -> Result:
        X = inputs.dataset.X.copy()
        X[:3] = 0
        return run(request, dataclasses.replace(inputs, dataset=dataclasses.replace(inputs.dataset, X=X)), progress)

    monkeypatch.setattr(lood, "run", with_zeros)
    id = int(Engine().dataset(PAIR).ids[0])
    at = page(id=str(id), **{"weight-std": "1.37"})
    assert metrics(at)["AUC"] == "0.500" and "3 records with a LOOD of 0" in words(at) and fine(at)
    assert {"The record is zero", "δ is at most 0"} <= {one.value[: len("δ is at most 0")] for one in at.info} | {
        one.value[: len("The record is zero")] for one in at.info
    }


def test_too_many_records_are_refused_with_a_way_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.views.membership import answer

    monkeypatch.setattr(answer, "_MANY", 50)
    monkeypatch.setattr(answer, "_FEW", 40)
    monkeypatch.setattr(compute.cost, "check_memory", refuse)
    monkeypatch.setattr(compute, "_IN_PAGE", 0.0)
    at = page()
    assert "memory: too much" in plain(at.warning[0].value) and not at.error and not at.exception
    monkeypatch.undo()
    at.button(key="quick-few").click().run()
    assert at.session_state["subset"] == 40 and metrics(at)["AUC above .75"] and not at.exception


def refuse(*_: object) -> None:
    raise BadData("memory: too much.")


def test_a_failing_computation_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise BadData("kernel: expected records that differ.")

    monkeypatch.setattr(lood, "run", fails)
    at = page(**{"bias-std": "0.37"})
    assert "kernel: expected records" in plain(at.error[0].value) and not at.metric and not at.exception


def test_a_section_that_fails_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.views.membership import body

    def fails(_: object) -> None:
        raise BadData("figures: expected none.")

    monkeypatch.setattr(body, "_SECTIONS", (fails, *body._SECTIONS[2:]))
    at = page()
    assert "figures: expected none" in plain(at.error[0].value) and len(everyone(at)) == 60 and not at.exception


def test_a_stored_result_opens_here() -> None:
    from pages.views.results import open as results_open

    request = dataclasses.replace(ASKED, kernel=KernelSpec(noise=0.05))
    place = results_open.place(request)
    assert place.page == MEMBERSHIP and place.values["noise"] == 0.05 and "noise" in place.linked
