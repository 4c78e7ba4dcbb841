"""The Attacks page in the states that do not apply, ask first, fail, compute, stop and share."""

from __future__ import annotations

import numpy as np
import pytest
from harness import ATTACKS, PAGES, app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import (
    AttributeRequest,
    BadData,
    DataSpec,
    Engine,
    FilError,
    ModelSpec,
    ReconstructionRequest,
    success_probability,
    success_range,
)
from tests.analyses.example_requests import THREE_CLASSES


def diabetes(**more: object) -> AttributeRequest:
    asked = {"data": DataSpec(name="diabetes"), "model": ModelSpec(l2=1e-3), "attribute": "sex"} | more
    return AttributeRequest(**asked)  # type: ignore[arg-type]


def attribute_page(**values: object) -> AppTest:
    return sidebar(app(ATTACKS), data="diabetes", **values)


def reconstruction_page(**values: object) -> AppTest:
    at = sidebar(app(ATTACKS), classes=["3", "8"], model="logistic")
    return sidebar(at, **values) if values else at


def test_a_softmax_model_is_attacked_and_its_headline_is_the_closed_form() -> None:
    at = app(ATTACKS, data=THREE_CLASSES.name, model="softmax", l2="0.01")
    assert not at.exception and not at.error and not at.info
    asked = AttributeRequest(data=THREE_CLASSES, model=ModelSpec(kind="softmax", l2=0.01), attribute="x1")
    arrays = Engine().get(asked).arrays
    sigma = float(next(s for s in at.select_slider if s.label == "Output noise σ").value)
    now = success_probability(arrays["gram"], arrays["codes"], sigma, arrays["prior"]).mean()
    assert f"**{100 * now:.2f} %**" in words(at)


def test_an_example_starts_without_what_was_chosen_for_other_data() -> None:
    at = app(ATTACKS, weights="irfil:class:15", attack="attribute inference")
    at.button(key="try-table").click().run()
    assert not at.exception and not at.error and "**sex**" in words(at)
    assert at.session_state["weights"] == "equal"


def test_the_headline_is_the_closed_form_at_the_noise_of_the_slider() -> None:
    at = attribute_page(attacked="sex")
    result = Engine().get(diabetes())
    slider = next(s for s in at.select_slider if s.label == "Output noise σ")
    arrays = result.arrays
    now = success_probability(arrays["gram"], arrays["codes"], float(slider.value), arrays["prior"]).mean()
    assert f"**{100 * now:.2f} %**" in words(at)
    slider.set_value(0.0).run()
    assert not at.exception and "**100.00 %**" in words(at)


def test_the_accuracies_that_can_be_reached_are_offered() -> None:
    at = attribute_page(attacked="sex")
    arrays = Engine().get(diabetes()).arrays
    least, most = success_range(arrays["gram"], arrays["codes"], arrays["prior"])
    assert least == pytest.approx(arrays["prior"].max(), abs=0.02) and most == pytest.approx(1)
    for edge in (1, 20, 39):  # of 41 steps
        goal = next(s for s in at.select_slider if s.label.startswith("Limit"))
        assert edge != 1 or goal.value == pytest.approx((least + most) / 2)
        goal.set_value(float(np.linspace(least, most, 41)[edge])).run()
        assert not at.exception and not at.error and "This takes σ" in words(at)


def test_a_continuous_column_is_attacked_in_bins_and_says_so() -> None:
    at = attribute_page(attacked="bmi")
    assert "quantile bins" in words(at) and not at.error
    sidebar(at, bins=4)
    assert not at.exception and "guess one of 4 quantile bins" in words(at)


def test_choosing_attackers_leaves_the_page_standing() -> None:
    for chosen in (["baseline"], ["ideal", "fredrikson14"], ["whitebox"], []):
        at = attribute_page(attacked="sex", attackers=chosen)
        assert not at.exception and not at.error


def test_a_cancelled_sweep_keeps_what_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    at = attribute_page(attacked="sex")
    compute, done = Engine.compute, []

    def interrupted(self: Engine, request: object, *more: object, **options: object) -> object:
        if isinstance(request, AttributeRequest):  # not the models that they need
            if len(done) == 2:
                raise BadData("stopped here, as a click would")
            done.append(request)
        return compute(self, request, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "compute", interrupted)
    at.button(key="penalties-run").click().run()
    assert "stopped here" in at.error[0].value
    monkeypatch.setattr(Engine, "compute", compute)
    at.run()
    assert "2 of 4 penalties are not computed yet" in words(at)
    at.button(key="penalties-run").click().run()
    assert "not computed yet" not in words(at) and not at.exception
    assert sum(Engine().find(request) is not None for request in done) == 2


def test_images_have_no_attributes_and_the_page_offers_what_has() -> None:
    at = reconstruction_page(attack="attribute inference")
    assert "needs a table" in at.info[0].value and "has images" in at.info[0].value
    assert any(button.key == "try-table" for button in at.button)


def test_principal_components_of_a_table_have_no_attributes() -> None:
    at = attribute_page(pca=3)
    assert "principal components" in at.info[0].value and not at.exception


def test_a_reconstruction_is_exact_without_noise_and_worse_with_it() -> None:
    at = reconstruction_page()
    assert "recovered exactly" in words(at)
    errors = []
    slider = next(s for s in at.select_slider if s.label == "Output noise σ")
    data = DataSpec(name="digits", classes=("3", "8"))
    asked = ReconstructionRequest(data=data, model=ModelSpec(kind="logistic"), ids=(8,), trials=20)
    sigmas = Engine().find(asked).summary["sigmas"]
    for place in (1, 6, 11):
        slider.set_value(sigmas[place]).run()
        assert not at.exception
        slider = next(s for s in at.select_slider if s.label == "Output noise σ")
        errors.append(next(m.value for m in at.metric if m.label == "PSNR"))
    decibels = [float(e.split()[0]) for e in errors]
    assert decibels[0] > decibels[1] > decibels[2]


def test_many_examples_are_compared_with_their_bounds() -> None:
    at = sidebar(app(ATTACKS), data="diabetes", attack="reconstruction")
    at.button(key="many-run").click().run()
    assert not at.exception and "examples lie below their bound" in words(at)
    assert "of 20 examples" in words(at)


def test_an_example_outside_the_training_set_is_a_sentence() -> None:
    at = reconstruction_page(id=0)
    assert "Example 0 is not among the 299 training examples" in at.warning[0].value and not at.exception


def test_redaction_hides_values_labels_and_pictures() -> None:
    at = attribute_page(attacked="sex", redact=True)
    rows = next(d.value for d in at.dataframe if "value" in d.value)
    assert set(rows["value"]) == {"•••"} and set(rows["label"]) == {"•••"}
    assert not [c for c in rows if c.startswith("success")]
    at = sidebar(app(ATTACKS), data="diabetes", attack="reconstruction", redact=True)
    record = next(d.value for d in at.dataframe if "truth" in d.value)
    assert set(record["truth"]) == {"•••"} and set(record["guess"]) == {"•••"}
    at = reconstruction_page(redact=True)
    assert any("Hidden while redacted" in info.value for info in at.info) and not at.exception


def test_the_command_line_under_an_attack_runs_it(capsys: pytest.CaptureFixture[str], tmp_path, monkeypatch) -> None:
    import shlex

    from fil_core.__main__ import main

    other = {"subset": 100, "noise-seed": 5, "ideal-intercept": True, "intercept": "on"}
    pages = [attribute_page(attacked="sex"), attribute_page(attacked="sex", **other), reconstruction_page()]
    monkeypatch.chdir(tmp_path)  # once the app, whose modules lie beside it, is imported
    for at in pages:
        command = shlex.split(at.code[0].value)
        assert main(command[3:]) == 0
        assert "stored result" in capsys.readouterr().out


def test_long_work_asks_first() -> None:
    at = attribute_page(attacked="sex")
    import pages.common.compute as compute

    original, compute._AT_ONCE = compute._AT_ONCE, 0.0
    try:
        sidebar(at, **{"noise-seed": 7})
        assert "Not measured yet" in words(at) and not at.metric
        at.button(key="measure").click().run()
        assert at.metric and not at.exception
    finally:
        compute._AT_ONCE = original


def test_an_error_of_the_attack_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise FilError("attack: expected l2 > 0; got *0*.")

    at = attribute_page(attacked="sex")
    monkeypatch.setattr(Engine, "compute", fails)
    sidebar(at, l2=0.5)
    assert "expected l2 > 0" in plain(at.error[0].value) and "*0*" not in at.error[0].value


def test_an_example_opened_from_the_examples_page_is_the_one_attacked() -> None:
    at = sidebar(app(PAGES[2]), classes=["3", "8"], model="logistic")
    sidebar(at, id=13)
    assert at.button(key="attack-this").label == "Attack this example"
    at.session_state["attack-id"] = 13  # as the button does; this harness does not follow a change of page
    at.switch_page(ATTACKS).run()
    assert not at.exception and "recovered exactly" in words(at)
    assert next(n for n in at.number_input if n.key == "id").value == 13


def test_success_joins_the_table_of_all_examples() -> None:
    at = attribute_page(attacked="sex")
    rows = next(d.value for d in at.dataframe if "value" in d.value)
    assert rows.index.name == "id" and len(rows) == 353
    assert rows["success of whitebox"].between(0, 1).all() and np.diff(rows["eta"]).max() <= 0
