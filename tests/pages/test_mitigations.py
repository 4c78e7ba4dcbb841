"""The Mitigations page: what it says, steps through, hands to the other pages, refuses and hides."""

from __future__ import annotations

import json
import re
import shlex
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness import MITIGATIONS, PAGES, app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import (
    BadData,
    DataSpec,
    Engine,
    Irfil,
    IrfilRequest,
    MitigateRequest,
    ModelSpec,
    ReleaseRequest,
    compared_releases,
    load,
    to_csv_bytes,
)
from pages.common import text

EXAMPLES = PAGES[2]
DIGITS = {"classes": ["3", "8"], "model": "logistic", "l2": "0.001"}
TABLE = {"data": "diabetes", "l2": "0.001"}
WEIGHTS = "irfil:sample:15"


def digits(**more: object) -> IrfilRequest:
    data = DataSpec(name="digits", classes=("3", "8"))
    return IrfilRequest(data=data, model=ModelSpec(kind="logistic", l2=1e-3), weights=Irfil(**more))  # type: ignore[arg-type]


def side_by_side(**more: object) -> AppTest:
    return app(MITIGATIONS, view="side by side", **TABLE, **more)  # type: ignore[arg-type]


def metric(at: AppTest, label: str) -> str:
    return next(m.value for m in at.metric if m.label == label)


def test_the_sentence_holds_the_results_own_numbers() -> None:
    at = app(MITIGATIONS, **DIGITS)
    s = Engine().find(digits()).summary
    told = words(at)
    for number in (s["eta_max"][0], s["eta_max"][-1], s["eta_std"][-1]):
        assert f"**{text.number(number)}**" in told
    assert f"**{s['more_leaky']} of 299 examples leak more than before**" in told
    assert text.percent(s["test_score"][0]) in told and text.percent(s["test_score"][-1]) in told
    assert "takes the weights as constants" in told and not at.warning and not at.exception


def test_rounds_can_be_stepped_through() -> None:
    at = app(MITIGATIONS, **DIGITS)
    s = Engine().find(digits()).summary
    for shown in (1, 4):
        sidebar(at, **{"round-15": shown})
        assert metric(at, "Largest η") == text.number(s["eta_max"][shown])
        assert ("one round" if shown == 1 else f"{shown} rounds") in words(at)
    sidebar(at, **{"round-15": 0})
    assert "With equal weights the largest η" in words(at) and "nothing to compare" in words(at)
    assert "use-weights" not in {b.key for b in at.button} and not at.exception


def test_what_did_not_converge_says_so_and_why() -> None:
    at = app(MITIGATIONS, **DIGITS, rounds="2")
    assert "allow more iterations" in plain(at.warning[0].value)
    sidebar(at, **{"min-weight": 0.9, "max-weight": 1.1})
    assert "clamps hold" in plain(at.warning[0].value)
    sidebar(at, method="class")
    assert "classes" in plain(at.warning[0].value) and not at.exception


def test_clamps_that_leave_no_room_are_a_sentence() -> None:
    at = app(MITIGATIONS, **DIGITS)
    sidebar(at, **{"max-weight": 0.5})
    assert "above 1, the mean of all weights" in plain(at.error[0].value) and not at.exception


def test_weights_go_to_every_page_and_examples_sort_by_change() -> None:
    at = app(MITIGATIONS, **DIGITS)
    at.button(key="use-weights").click().run()
    assert at.session_state["weights"] == WEIGHTS and "are ignored here" in words(at)
    at.switch_page(EXAMPLES).run()
    after = Engine().get(digits()).table
    change = after["eta_after"] / after["eta_before"]
    sidebar(at, sort="largest rise by weights first", id=int(change.idxmax()))
    assert f"**{change.max():.2f} ×** as much" in words(at)
    assert f"a weight of **{after['weight'][change.idxmax()]:.2f}**" in words(at) and not at.exception


def test_an_earlier_round_is_handed_over_as_that_round() -> None:
    at = app(MITIGATIONS, **DIGITS)
    sidebar(at, **{"round-15": 3})
    at.button(key="use-weights").click().run()
    assert at.session_state["weights"] == "irfil:sample:3"


@pytest.mark.parametrize("page", [*PAGES, "pages/attacks.py"])
@pytest.mark.parametrize("weights", [WEIGHTS, "drop:160", "irfil:class:3"])
def test_every_page_shows_a_model_with_weights(page: str, weights: str) -> None:
    at = app(page, **DIGITS, weights=weights, id="8")
    assert not at.exception
    told = words(at) + " ".join(m.value + m.delta for m in at.metric)
    assert f"weights {weights}" in told or any("weight > 0" in plain(e.value) for e in at.error)
    assert not re.search(r"\bnan\b|\binf\b|[0-9]{20}", told)
    if page == PAGES[0]:
        left = 139 if weights == "drop:160" else 299  # more than half are gone, and are no part of any median
        assert f"{left} training examples" in told and metric(at, "Training examples") == str(left)
        assert "takes the weights as constants" in told


def test_an_example_that_was_left_out_is_shown_as_such() -> None:
    leakiest = int(Engine().get(digits()).table["eta_before"].idxmax())
    at = app(EXAMPLES, **DIGITS, weights="drop:10", id=str(leakiest))
    assert "left out of the training" in words(at) and not at.exception


def test_weights_that_are_none_are_a_sentence() -> None:
    at = app(PAGES[0], **DIGITS, weights="irfil:somehow")
    assert "expected one of sample, class, hybrid" in plain(at.error[0].value) and not at.exception


def test_another_data_set_starts_from_equal_weights() -> None:
    at = app(PAGES[0], **DIGITS, weights=WEIGHTS)
    sidebar(at, data="diabetes")
    assert at.session_state["weights"] == "equal" and not at.error


def test_the_attack_before_and_after_is_that_of_the_two_releases() -> None:
    at = app(MITIGATIONS, **TABLE, **{"at-risk": "sex"})
    slider = next(s for s in at.select_slider if s.label.startswith("Output noise"))
    base = ReleaseRequest(
        data=DataSpec(name="diabetes"), model=ModelSpec(l2=1e-3), sigma=float(slider.value), attribute="sex"
    )
    weighted = compared_releases(base, n=353, irfil=[Irfil(attribute=("sex",))])[1].release
    before, after = (Engine().find(r).summary["attack"]["value"] for r in (base, weighted))
    assert f"**{text.percent(before)}** before" in words(at) and f"**{text.percent(after)}** after" in words(at)
    deciles = next(d.value for d in at.dataframe if list(d.value.columns) == ["before", "after"])
    assert len(deciles) == 10 and deciles["before"].mean() == pytest.approx(
        before, abs=0.01
    )  # 353 is no multiple of 10


def test_images_are_attacked_by_reconstruction() -> None:
    at = app(MITIGATIONS, **DIGITS)
    if any(b.key == "attack-both" for b in at.button):
        at.button(key="attack-both").click().run()
    assert "reconstructs with an error of" in words(at) and "on 30 examples" in words(at) and not at.exception


def test_ten_classes_ask_first() -> None:
    at = app(MITIGATIONS)
    assert "Not measured yet" in words(at) and not at.metric
    at.button(key="measure").click().run()
    assert any(b.label == "Cancel" for b in at.button)  # it is a job
    end = time.monotonic() + 300
    while not at.metric and time.monotonic() < end:
        time.sleep(0.2)
        at.run()
    assert float(metric(at, "Spread (std)")) < 1e-8
    assert not at.exception and not at.warning


def test_a_regression_has_no_classes_to_weigh_by() -> None:
    at = app(MITIGATIONS, **TABLE)
    method = next(g for g in at.button_group if g.key == "method")
    assert list(method.options) == ["sample"]
    assert "Weights" in [s.value for s in at.subheader] and not at.exception


def test_side_by_side_lays_all_kinds_out_and_marks_one() -> None:
    at = side_by_side(**{"at-risk": "sex"})
    table = next(d.value for d in at.dataframe if "kind" in d.value)
    assert set(table["kind"]) == {"as it is", "reweighting", "more noise", "larger penalty", "dropping"}
    assert np.isfinite(table[["largest η", "mean η", "spread of η", "attack"]].to_numpy()).all()
    assert table.loc["IRFIL, sample", ""] == "◉" and (table[""] == "◉").sum() == 1
    matched = table[table.index.str.startswith("largest η")].iloc[0]
    assert matched["largest η"] == pytest.approx(table.loc["IRFIL, sample", "largest η"], rel=1e-9)
    assert "at least halve the largest η" in words(at) and not at.exception


def test_noise_can_be_asked_for_by_its_target() -> None:
    at = side_by_side()
    sidebar(at, **{"target-eta": 10.0})
    table = next(d.value for d in at.dataframe if "kind" in d.value)
    assert table.loc["largest η 10", "largest η"] == pytest.approx(10) and len(table) == 9 and not at.exception
    sidebar(at, **{"target-eta": 1e5})
    assert "expected less than" in plain(at.error[0].value) and not at.exception


def test_dropping_shows_who_takes_the_place() -> None:
    at = side_by_side(looking="without the top 4")
    assert "others take their place" in words(at) and not at.exception
    rows = next(d.value for d in at.dataframe if "rank_before" in d.value)
    assert (rows["rank_before"] > 4).all() and list(rows["rank_after"]) == [1, 2, 3, 4]


def test_a_mitigation_goes_to_every_page() -> None:
    at = side_by_side(looking="λ = 0.003")
    at.button(key="use-model").click().run()
    assert at.session_state["l2"] == 0.003 and at.session_state["weights"] == "equal" and not at.exception
    at = side_by_side(looking="without the top 4")
    at.button(key="use-model").click().run()
    assert at.session_state["weights"] == "drop:4" and "are ignored here" in words(at)


@pytest.mark.parametrize("leakage", ["mean η", "spread of η", "attack"])
def test_leakage_can_be_read_in_other_ways(leakage: str) -> None:
    at = side_by_side(**{"leakage-as": leakage})
    assert not at.exception and not at.error
    title = "reconstruction error" if leakage == "attack" else leakage
    figure = json.loads(at.get("plotly_chart")[0].proto.spec)
    assert figure["layout"]["xaxis"]["title"]["text"].startswith(title)
    marked = next(trace for trace in figure["data"] if trace.get("name") == "selected")
    table = next(d.value for d in at.dataframe if "kind" in d.value)
    assert marked["x"] == [pytest.approx(table.loc["IRFIL, sample", leakage])]


def test_nothing_chosen_to_compare_leaves_the_release_as_it_is() -> None:
    at = side_by_side()
    for group in list(at.multiselect):
        if group.label in ("Reweighting by", "More noise σ", "Larger penalty λ", "Without the top"):
            next(m for m in at.multiselect if m.key == group.key).set_value([])
            at.run()
    table = next(d.value for d in at.dataframe if "kind" in d.value)
    assert list(table.index) == ["as it is"] and "No mitigation" in words(at) and not at.exception
    for option in ("methods", "sigmas", "l2s", "drop"):
        assert f"--{option} none" in at.code[0].value


def test_the_command_lines_under_both_views_run_and_find_what_is_stored(
    capsys: pytest.CaptureFixture[str], tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fil_core.__main__ import main

    clamped = {"min-weight": "0.2", "max-weight": "4", "rounds": "3"}
    pages = (
        app(MITIGATIONS, **TABLE),
        app(MITIGATIONS, **DIGITS, **clamped),
        side_by_side(**{"at-risk": "sex"}),
        side_by_side(),
    )
    compute, computed = Engine.compute, []

    def noted(self, request, *more, **options):
        computed.append(request)
        return compute(self, request, *more, **options)

    lines = [at.code[0].value for at in pages]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Engine, "compute", noted)
    for line in lines:
        assert main(shlex.split(line)[3:]) == 0
        # A comparison is put together anew; the releases it is made of are those that the page has measured.
        assert "stored result" in capsys.readouterr().out or "fil_core mitigate" in line
    assert {type(request) for request in computed} <= {MitigateRequest}
    monkeypatch.setattr(Engine, "compute", compute)
    monkeypatch.chdir(Path(__file__).parents[2])
    weighted = app(PAGES[0], **DIGITS, weights=WEIGHTS)
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(weighted.code[0].value)[3:]) == 0
    assert "stored result" in capsys.readouterr().out


def test_a_file_of_weights_is_checked_and_used() -> None:
    at = app(MITIGATIONS, **DIGITS)
    data = load(DataSpec(name="digits", classes=("3", "8")))
    weights = pd.Series(np.linspace(0.5, 1.5, data.n), index=pd.Index(data.ids, name="id"), name="weight")
    at.file_uploader[0].set_value(("mine.csv", to_csv_bytes(weights.to_frame()), "text/csv")).run()
    assert "fit the training examples" in plain(at.success[0].value)
    at.button(key="use-own").click().run()
    assert at.session_state["weights"].startswith("given:")
    at.switch_page(EXAMPLES).run()
    sidebar(at, id=int(data.ids[-1]))
    assert "a weight of **1.50**" in words(at) and not at.exception


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"id,weight\n1,1\n", "missing"),
        (b"id,score\n1,1\n", "weight not found"),
        (b"\x00\xff\xfe not a table", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_a_sentence(content: bytes, told: str) -> None:
    at = app(MITIGATIONS, **TABLE)
    at.file_uploader[0].set_value(("mine.csv", content, "text/csv")).run()
    assert told in plain(at.error[0].value) and not at.exception and at.metric


def test_redaction_hides_labels_weights_and_classes() -> None:
    at = app(MITIGATIONS, **TABLE, redact="true")
    for frame in (d.value for d in at.dataframe):
        assert "weight" not in frame and set(frame.get("label", ["•••"])) == {"•••"}
    at = app(MITIGATIONS, **DIGITS, redact="true")
    assert "By class" not in [s.value for s in at.subheader] and "Redacted" in words(at) and not at.exception
    at = side_by_side(redact="true", looking="without the top 4")
    rows = next(d.value for d in at.dataframe if "rank_before" in d.value)
    assert set(rows["sex"]) == {"•••"} and not at.exception


@pytest.mark.parametrize("page", [*PAGES, MITIGATIONS])
@pytest.mark.parametrize("method", ["class", "hybrid"])
def test_redaction_hides_a_change_that_would_tell_the_class(page: str, method: str) -> None:
    """With weights by class one threshold on the change of eta parts the classes."""
    at = app(page, **DIGITS, weights=f"irfil:{method}:15", method=method, redact="true", id="8")
    assert not at.exception
    for frame in (d.value for d in at.dataframe):
        assert not {"change", "eta_before", "eta_after", "weight"} & set(frame)
    assert " × as much" not in words(at)


def test_equally_leaky_examples_are_not_ranked_in_words() -> None:
    assert "299 training examples leak the same" in words(app(PAGES[0], **DIGITS, weights=WEIGHTS))
    assert "rank no example" in words(app(PAGES[1], **DIGITS, weights=WEIGHTS))
    assert "rank no example" not in words(app(PAGES[1], **DIGITS, weights="irfil:sample:2"))


def test_long_comparisons_ask_first_and_keep_what_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    import pages.common.compute as compute

    monkeypatch.setattr(compute, "_AT_ONCE", 0.0)
    at = side_by_side()
    at.button(key="measure").click().run()  # eta with equal weights, which all of it starts from
    assert "Nothing is measured yet" in words(at)
    answer, done = Engine.compute, []

    def interrupted(self: Engine, request: object, *more: object, **options: object) -> object:
        if isinstance(request, ReleaseRequest):
            if len(done) == 3:
                raise BadData("stopped here, as a click would")
            done.append(request)
        return answer(self, request, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "compute", interrupted)
    at.button(key="compare").click().run()
    assert "stopped here" in at.error[0].value
    monkeypatch.setattr(Engine, "compute", answer)
    at.run()
    # Eight, and the noise that does what reweighting does, which is known by now.
    assert "6 of 9 releases are not computed yet" in words(at) and not at.exception
    assert sum(Engine().find(request) is not None for request in done) == 3
