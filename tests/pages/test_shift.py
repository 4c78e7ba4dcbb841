"""The page Shift & over-fitting: what it asks, says and draws, and what it says where nothing can be asked."""

from __future__ import annotations

import numpy as np
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, Engine
from fil_core.analyses.ood.request import OodRequest
from fil_core.analyses.overfit.request import OverfitRequest
from fil_core.data import load
from fil_core.data.own.records import Records
from fil_core.engine.records import keep_records
from fil_core.engine.store import Store
from fil_core.specs import ModelSpec
from fil_core.specs.outside import OutsideSpec
from tests.pages import harness
from tests.pages.harness import app, plain, sidebar, words

fresh_server = harness.fresh_server
SHIFT = "pages/shift.py"
LINK = {"data": "digits", "classes": ["0", "1"], "model": "logistic", "l2": "0.01"}
TWO, LOGISTIC = DataSpec(name="digits", classes=("0", "1")), ModelSpec(kind="logistic", l2=0.01)


def page(link: dict[str, object] = LINK, **more: object) -> AppTest:
    return app(SHIFT, **(link | more))  # type: ignore[arg-type]


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def test_the_answer_is_the_results_own() -> None:
    at = page()
    assert not at.exception and not at.error
    found = Engine().find(OodRequest(data=TWO, model=LOGISTIC))
    assert found is not None
    s = found.summary
    assert metrics(at)["In the distribution"] == str(s["n_in"]) and metrics(at)["Out of it"] == str(s["n_out"])
    assert f"{s['auroc'][s['best']]:.3f}" in metrics(at).values()
    assert f"{s['n_out']} out-of-distribution examples" in words(at)


def test_classes_of_a_link_are_held_out_of_a_model_that_would_have_all() -> None:
    at = page(
        {"data": "digits", "model": "softmax", "l2": "0.01", "subset": "90", "pca": "6"}, **{"ood-classes": ["7"]}
    )
    assert not at.exception and not at.error
    rest = tuple(digit for digit in "0123456789" if digit != "7")
    asked = OodRequest(
        data=DataSpec(name="digits", classes=rest, subset=90, pca=6), model=ModelSpec(kind="softmax", l2=0.01),
        outside=OutsideSpec(classes=("7",)),
    )  # fmt: skip
    assert Engine().find(asked) is not None


def test_a_pair_is_chosen_whole() -> None:
    at = page({"data": "breast-cancer"})
    at.button(key="pair-Digits 0, 1 against the others").click().run()
    assert not at.exception and not at.error and metrics(at)["Out of it"] == "284"
    assert at.session_state["data"] == "digits" and at.session_state["model"] == "logistic"


def test_another_score_is_looked_at() -> None:
    at = page()
    at.selectbox(key="ood-score").set_value("energy").run()
    assert not at.exception and "smallest energy" in words(at)


def test_a_model_without_probabilities_is_offered_one() -> None:
    at = page(LINK | {"model": "least-squares"})
    assert not at.exception and not at.metric
    at.button(key="ood-logistic").click().run()
    assert at.session_state["model"] == "logistic" and at.metric


def test_where_nothing_can_be_out_of_the_distribution() -> None:
    for link in ({"data": "breast-cancer"}, {"data": "diabetes"}):
        at = page(link)
        assert not at.exception and not at.error and not at.metric and at.info


def test_uploaded_pictures_are_scored() -> None:
    data = load(TWO)
    name = keep_records(Store(), Records(X=data.source[:2]), data)
    at = page(new=name)
    assert not at.exception and not at.error
    table = next(
        one.value for one in at.dataframe if "FIL, expected label" in one.value.columns and len(one.value) == 2
    )
    found = Engine().find(OodRequest(data=TWO, model=LOGISTIC, new=name))
    assert found is not None
    inside = found.table[found.table["split"] == "in"]["fil-expected"].to_numpy()
    new = found.table[found.table["split"] == "new"]["fil-expected"].to_numpy()
    np.testing.assert_allclose(table["FIL, expected label"], [(inside <= value).mean() for value in new])


def test_records_of_other_data_are_refused_in_words() -> None:
    data = load(DataSpec(name="digits", classes=("3", "8")))
    at = page(new=keep_records(Store(), Records(X=data.source[:2]), data))
    assert not at.exception and "Upload the file again" in " ".join(one.value for one in at.error)


def test_redacted_no_class_of_an_example_is_said() -> None:
    at = page(redact="true")
    assert not at.exception and "taken for" not in words(at)
    shown = next(one.value for one in at.dataframe if "split" in one.value.columns)
    assert "predicted" not in shown.columns


def test_over_fitting_over_each_axis() -> None:
    link = {"data": "diabetes", "model": "least-squares", "l2": "0.1", "subset": "80", "view": "over-fitting"}
    at = page(link, values="1,2")
    assert not at.exception and not at.error
    data, model = DataSpec(name="diabetes", subset=80), ModelSpec(l2=0.1)
    found = Engine().find(OverfitRequest(data=data, model=model, over="degree", values=(1, 2)))
    assert found is not None and "Over 2 models (degree 1 to 2)" in plain(words(at)).replace("**", "")
    sidebar(at, over="l2")
    at.text_input(key="values").set_value("0.01,1").run()
    assert not at.exception and Engine().find(OverfitRequest(data=data, model=model, over="l2", values=(0.01, 1.0)))


def test_values_that_are_none_are_refused_in_words() -> None:
    at = page({"data": "diabetes", "model": "least-squares", "l2": "0.1", "view": "over-fitting"}, values="1,x")
    assert not at.exception and at.error and not at.metric
