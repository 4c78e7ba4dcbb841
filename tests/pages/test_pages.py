"""Every page in the states empty, computed, failing, through Streamlit's own test harness."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import PAGES, app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("data", ["digits", "breast-cancer", "diabetes", "synthetic"])
def test_a_page_shows_numbers_for_each_kind_of_data(page: str, data: str) -> None:
    at = app(page)
    if data != "digits":
        sidebar(at, data=data)
    assert not at.exception and not at.error
    assert "η" in words(at) and "float64" in words(at)


def test_the_headline_names_the_leakiest_example() -> None:
    at = app()
    from fil_core import Engine, FilRequest, ModelSpec

    table = Engine().get(FilRequest(model=ModelSpec(kind="softmax"))).table
    assert f"Example {table['eta'].idxmax()}" in words(at)
    assert any(metric.value == "1,437" for metric in at.metric)


def test_a_second_visit_is_answered_from_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    app()
    from fil_core import Engine
    from pages.common import compute

    compute.engine.forget()
    monkeypatch.setattr(Engine, "compute", lambda *_: pytest.fail("computed again"))
    assert not app().exception


def test_a_singular_model_is_an_error_in_words_and_the_app_goes_on() -> None:
    at = sidebar(app(), classes=["0", "1"])
    sidebar(at, model="least-squares", l2=0.0)
    assert "all-zero columns" in plain(at.error[0].value) and "l2 > 0" in plain(at.error[0].value)
    sidebar(at, l2=0.001)
    assert not at.error
    assert at.metric


def test_too_many_components_are_refused_in_words() -> None:
    at = sidebar(app(), pca=500)
    assert "64" in plain(at.error[0].value) and not at.exception


def test_a_missing_data_set_says_where_files_are_expected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FIL_DATA_DIR", str(tmp_path))
    at = sidebar(app(), data="iwpc")
    assert "iwpc-scaled.csv" in plain(at.error[0].value) and str(tmp_path) in plain(at.error[0].value)


def test_large_work_asks_first() -> None:
    at = app()
    sidebar(at, data="synthetic")
    import pages.common.compute as compute

    original, compute._AT_ONCE = compute._AT_ONCE, 0.0
    try:
        sidebar(at, l2=0.0123)
        assert "Not measured yet" in words(at) and not at.metric
        at.button(key="measure").click().run()
        assert at.metric and not at.exception
    finally:
        compute._AT_ONCE = original


def test_choosing_two_classes_offers_every_model_and_more_only_softmax() -> None:
    at = app()
    model = next(s for s in at.selectbox if s.key == "model")
    assert model.options == ["softmax"]
    sidebar(at, classes=["3", "8"])
    model = next(s for s in at.selectbox if s.key == "model")
    assert model.options == ["logistic", "least-squares", "softmax"]


def test_the_examples_page_opens_an_example_and_closes_it() -> None:
    at = app(PAGES[2])
    sidebar(at, rank=1)
    assert "Ranked **1 of 1,437**" in words(at)
    assert "Most exposed direction" in words(at)
    at.button(key="close").click().run()
    assert "Ranked" not in words(at) and not at.exception


def test_an_example_that_is_not_in_the_training_set_is_a_sentence() -> None:
    at = sidebar(app(PAGES[2]), id=999_999)
    assert "not among the 1,437 training examples" in at.warning[0].value and not at.exception


def test_the_review_list_keeps_examples() -> None:
    at = sidebar(app(PAGES[2]), rank=2)
    at.button(key="review-add").click().run()
    assert "Review list" in words(at)
    at.button(key="review-remove").click().run()
    assert "Review list" not in words(at)


def test_a_selection_in_the_scatter_is_shown_and_kept() -> None:
    at = app(PAGES[1])
    at.session_state["selection"] = [1274, 1551]
    at.switch_page(PAGES[2]).run()
    assert "2 of 1,437 examples" in words(at)


def test_an_attribute_at_risk_has_its_own_eta() -> None:
    at = sidebar(app(PAGES[1]), data="synthetic")
    whole = words(at)
    group = next(s for s in at.selectbox if s.key == "attribute").options[1]
    sidebar(at, attribute=group)
    assert f"For attribute {group}" in words(at) and words(at) != whole


@pytest.mark.parametrize(("data", "targets_are_numbers"), [("digits", False), ("diabetes", True)])
def test_eta_is_set_against_targets_only_where_they_are_numbers(data: str, targets_are_numbers: bool) -> None:
    at = sidebar(app(PAGES[1]), data=data)
    options = next(s for s in at.selectbox if s.key == "against").options
    assert "grad_norm" in options and "prediction" not in options
    assert ("label" in options) == targets_are_numbers


def test_the_planner_answers_each_kind_of_target() -> None:
    at = app(PAGES[1])
    for target in ("eta", "error", "auc"):
        next(g for g in at.get("button_group") if g.key == "target").set_value(target)
        at.run()
        assert not at.exception
        sigma = next(m for m in at.metric if m.label == "Noise σ")
        assert float(sigma.value.replace(",", "")) > 0


def test_redaction_masks_records() -> None:
    at = sidebar(app(PAGES[2]), data="breast-cancer")
    clear = at.dataframe[0].value
    sidebar(at, redact=True)
    masked = at.dataframe[0].value
    assert (masked["mean radius"] == "•••").all() and not (clear["mean radius"] == "•••").any()


def test_an_unwritable_store_is_said_on_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("FIL_STORE_DIR", str(blocked))
    at = app()
    assert at.metric and "cannot be written" in words(at)


def test_errors_that_quote_a_person_are_escaped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FIL_DATA_DIR", str(tmp_path / "[click](http:evil)"))
    at = sidebar(app(), data="iwpc")
    assert "[click](http:evil)" in plain(at.error[0].value)
    assert "[click](http:evil)" not in at.error[0].value


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("data", ["breast-cancer", "diabetes", "digits"])
def test_redaction_leaves_nothing_that_tells_a_label(page: str, data: str) -> None:
    at = app(page)
    if data != "digits":
        sidebar(at, data=data)
    if page == PAGES[2]:
        sidebar(at, rank=1)
    sidebar(at, redact=True)
    assert not at.exception and not at.error
    per_example = [d.value for d in at.dataframe if d.value.index.name == "id"]
    assert per_example or data == "digits"
    for frame in per_example:
        assert not {"loss", "score", "grad_norm", "prediction", "correct"} & set(frame.columns)
        assert "label" not in frame or set(frame["label"]) == {"•••"}
    assert "of class" not in words(at)
    assert "· class" not in words(at)


def test_a_review_list_belongs_to_its_data() -> None:
    at = sidebar(app(PAGES[2]), rank=1)
    at.button(key="review-add").click().run()
    sidebar(at, data="synthetic")
    assert "Review list" not in words(at)


def test_a_side_question_that_fails_leaves_the_page() -> None:
    at = app(PAGES[1])
    sidebar(at, **{"other-l2": 0.0})
    assert "softmax" in plain(at.error[0].value)
    assert "How much noise would it take?" in words(at) and "All examples" in words(at)


def test_the_command_line_beside_a_figure_is_the_same_request() -> None:
    at = sidebar(app(), l2=0.0012345678)
    assert "--l2 0.0012345678" in at.code[0].value


def test_a_promise_about_an_attribute_says_so() -> None:
    at = sidebar(app(PAGES[1]), data="synthetic")
    group = next(s for s in at.selectbox if s.key == "attribute").options[1]
    sidebar(at, attribute=group)
    assert f"any direction of {group} of any example" in words(at)


def test_extreme_penalties_do_not_break_a_page() -> None:
    for page in PAGES:
        at = sidebar(app(page), l2=1e6)
        assert not at.exception
