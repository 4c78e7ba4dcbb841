"""Influence functions on the page Influence: what is said, drawn, ranked, really left out, refused and hidden."""

from __future__ import annotations

import math

import numpy as np
import pytest
from harness import app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, Engine, Result
from fil_core.analyses.influence.request import InfluenceRequest
from fil_core.analyses.ladder.request import LadderRequest
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.analyses.network_ladder.request import NetworkLadderRequest
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.display import tokens
from fil_core.specs import ModelSpec, NetworkSpec, Request
from pages.common import text

INFLUENCE = "pages/influence.py"
VIEW = {"view": "influence functions"}
PAIR = DataSpec(name="digits", classes=("3", "8"), subset=60)
MODEL = ModelSpec(kind="logistic", l2=0.01)
DIGITS = {"data": "digits", "classes": ["3", "8"], "subset": "60", "model": "logistic", "l2": "0.01", **VIEW}
TABLE = {"data": "breast-cancer", "subset": "60", "model": "logistic", "l2": "0.01", **VIEW}
NETWORK = DIGITS | {"influence-of": "network", "width": "8", "time": "20", "validation-size": "30"}
SPEC = NetworkSpec(width=8, lr=0.05, time=20)
TEXT = {
    "data": "grammar", "subset": "12", "network": "lstm", "width": "4", "embedding": "3", "lr": "1", "time": "5",
    "validation-size": "4",
}  # fmt: skip
SENTENCES = DataSpec(name="grammar", subset=12)
LSTM = NetworkSpec(kind="lstm", width=4, embedding=3, lr=1.0, time=5)


def page(link: dict[str, object], **more: object) -> AppTest:
    return app(INFLUENCE, **(link | more))  # type: ignore[arg-type]


def stored(request: Request) -> Result:
    found = Engine().find(request)
    assert found is not None
    return found


def sentence(request: Request, *, redact: bool = False) -> str:
    subject = Subject(request, stored(request), Engine().dataset(request.data), "", redact, 1)
    return analysis_of(request).sentence(subject, str)


def metric(at: AppTest, label: str) -> str:
    return next(m.value for m in at.metric if m.label == label)


def keys(at: AppTest) -> set[str]:
    return {button.key for button in at.button}


def everyone(at: AppTest):
    return [d.value for d in at.dataframe if "influence" in d.value and "loss" in d.value][-1]


def messages(at: AppTest) -> str:
    return plain("\n".join(one.value for kind in (at.error, at.warning) for one in kind))


def html(at: AppTest) -> str:
    return "\n".join(one.proto.body for one in at.get("html"))


def test_the_model_of_the_sidebar_is_asked_first_and_unique_information_is_not_computed() -> None:
    at = page(DIGITS)
    request = InfluenceRequest(data=PAIR, model=MODEL)
    result, told = stored(request), words(at)
    assert sentence(request) in told and not at.exception and not at.error and not at.warning
    assert metric(at, "Examples that help") == text.percent(result.summary["positive"], 0)
    assert metric(at, "Least eigenvalue") == text.number(result.summary["least"])
    shown = everyone(at)
    assert len(shown) == 60 and shown["influence"].is_monotonic_decreasing
    assert Engine().find(UniqueInfoRequest(data=PAIR, network=NetworkSpec())) is None
    assert "kernel" not in {one.key for one in at.selectbox} and "Training is predictable" not in told


def test_unique_information_is_first_for_features_and_influence_is_not_computed() -> None:
    at = page(DIGITS | {"view": "unique information", "width": "8", "time": "5"})
    assert "damping" not in {one.key for one in at.number_input} and not at.exception and not at.error
    assert Engine().find(InfluenceRequest(data=PAIR, model=MODEL)) is None
    at = page({name: value for name, value in NETWORK.items() if name != "view"})
    assert at.session_state["view"] == "unique information" and not at.exception


def test_a_view_of_another_page_is_none_of_this_one() -> None:
    at = app("pages/mitigations.py", **(DIGITS | {"view": "side by side", "width": "8", "time": "5"}))  # type: ignore[arg-type]
    at.switch_page(INFLUENCE).run()
    assert at.session_state["view"] == "unique information" and not at.exception
    sidebar(at, view="influence functions")
    assert not at.exception
    at.switch_page("pages/mitigations.py").run()
    assert at.session_state["view"] == "reweighting (IRFIL)" and not at.exception


def test_a_network_has_its_light_its_run_and_its_own_curvatures() -> None:
    at = page(NETWORK, curvature="tracin")
    request = NetworkInfluenceRequest(data=PAIR, network=SPEC, curvature="tracin", validation_size=30)
    assert sentence(request) in words(at) and "Training is predictable" in words(at)
    assert at.number_input(key="damping").disabled and not at.exception and not at.error
    sidebar(at, **{"influence-of": "model"})
    assert at.session_state["curvature"] == "hessian" and at.session_state["damping"] == 0
    assert "tracin" not in at.selectbox(key="curvature").options and not at.exception and not at.error
    sidebar(at, **{"influence-of": "network"})
    assert at.session_state["curvature"] == "metagradient" and at.session_state["damping"] == 0.01
    assert stored(NetworkInfluenceRequest(data=PAIR, network=SPEC, validation_size=30)) is not None


def test_mini_batches_are_those_of_the_link() -> None:
    at = page(NETWORK, batch="20", **{"batch-seed": "3"})
    spec = NetworkSpec(width=8, lr=0.05, time=20, batch=20, batch_seed=3)
    assert stored(NetworkInfluenceRequest(data=PAIR, network=spec, validation_size=30)).summary["batch"] == 20
    assert "Training is on mini-batches" in words(at) and not at.exception and not at.error


@pytest.mark.parametrize("link", [DIGITS, NETWORK], ids=["model", "network"])
def test_the_truth_is_a_click_away_and_stands_beside(link: dict[str, object]) -> None:
    at = page(link, truth="5", **{"truth-too": "true"})
    assert "influence-truth" in keys(at) and "Correlation" not in {m.label for m in at.metric}
    at.button(key="influence-truth").click().run()
    asked = {"data": PAIR, "truth": True, "examples": 5}
    request = (
        InfluenceRequest(**asked, model=MODEL)
        if link is DIGITS
        else NetworkInfluenceRequest(**asked, network=SPEC, validation_size=30)
    )
    s = stored(request).summary
    assert metric(at, "Correlation") == f"{s['pearson']:.3f}" and metric(at, "Slope of the truth") == text.number(
        s["slope"]
    )
    assert int(everyone(at)["leave_one_out"].notna().sum()) == 5 and "influence-truth" not in keys(at)
    assert sentence(request) in words(at) and not at.exception and not at.error


@pytest.mark.parametrize("link", [DIGITS, NETWORK], ids=["model", "network"])
def test_the_ladder_is_a_click_away(link: dict[str, object]) -> None:
    at = page(link, truth="4", curvatures=["ggn", "identity"])
    at.button(key="ladder-compute").click().run()
    asked = {"data": PAIR, "curvatures": ("ggn", "identity"), "examples": 4}
    request = (
        LadderRequest(**asked, model=MODEL)
        if link is DIGITS
        else NetworkLadderRequest(**asked, network=SPEC, validation_size=30)
    )
    table = stored(request).table
    shown = next(d.value for d in at.dataframe if "relative_error" in d.value)
    assert list(shown.index) == ["ggn", "identity"] and list(shown["pearson"]) == list(table["pearson"])
    drawn = next(d.value for d in at.dataframe if "best damping" in d.value)
    assert list(drawn["best damping"]) == list(table["best_pearson"])
    assert sentence(request) in words(at) and not at.exception and not at.error
    at.multiselect(key="curvatures").set_value([]).run()
    assert "curvatures: expected some of" in messages(at) and len(everyone(at)) == 60 and not at.exception


def test_too_few_to_leave_out_is_a_sentence_and_the_prediction_stays() -> None:
    at = page(DIGITS, truth="2", **{"truth-too": "true"})
    assert "examples: expected at least 3" in messages(at) and len(everyone(at)) == 60 and not at.exception


@pytest.mark.parametrize("target", ["self", "test:3", "id:{first}", "class:8"])
def test_a_target_is_the_requests_own(target: str) -> None:
    written = target.format(first=Engine().dataset(PAIR).ids[4])
    at = page(DIGITS, target=written)
    request = InfluenceRequest(data=PAIR, model=MODEL, target=written)
    assert sentence(request) in words(at) and not at.exception and not at.error and not at.warning


def test_the_field_of_a_target_changes_it() -> None:
    ids = Engine().dataset(PAIR).ids
    at = page(DIGITS, target="test:3")
    at.number_input(key="target-row").set_value(5).run()
    assert at.session_state["target"] == "test:5" and stored(InfluenceRequest(data=PAIR, model=MODEL, target="test:5"))
    sidebar(at, target=f"id:{ids[0]}")
    at.text_input(key="target-example").set_value(str(ids[9])).run()
    assert at.session_state["target"] == f"id:{ids[9]}" and not at.exception and not at.error
    at.text_input(key="target-example").set_value("nobody").run()
    assert "expected the id of one of the 60 training examples" in messages(at) and not at.exception and not at.metric


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("soon", "target: expected test-loss, self"),
        ("test:9999", "target: expected a test row from 0"),
        ("class:7", "target: expected a class of"),
        ("id:x", "expected the id of one of"),
    ],
)
def test_a_target_that_is_none_is_a_sentence_and_the_controls_stay(target: str, said: str) -> None:
    at = page(DIGITS, target=target)
    assert said in messages(at) and not at.exception and not at.metric
    sidebar(at, target="test-loss")
    assert not at.error and at.metric and not at.exception


def test_an_indefinite_hessian_is_warned_of_with_a_damping_that_mends_it() -> None:
    at = page(NETWORK | {"activation": "tanh", "time": "3"}, curvature="hessian", damping="0")
    request = NetworkInfluenceRequest(
        data=PAIR, network=NetworkSpec(width=8, lr=0.05, time=3, activation="tanh"), curvature="hessian", damping=0.0,
        validation_size=30,
    )  # fmt: skip
    s = stored(request).summary
    assert s["negative"] > 0 and "is indefinite" in messages(at) and not at.exception
    assert metric(at, "Least eigenvalue") == text.number(s["least"])
    at.button(key="use-damping").click().run()
    assert at.session_state["damping"] == s["mends"] and "is indefinite" not in messages(at) and not at.exception


def test_records_have_rows_at_both_ends() -> None:
    at = page(TABLE)
    rows = [d.value for d in at.dataframe if "mean radius" in d.value]
    result = stored(InfluenceRequest(data=DataSpec(name="breast-cancer", subset=60), model=MODEL))
    influence = result.table["influence"].sort_values()
    harmful = influence[influence < 0]
    assert [len(one) for one in rows] == [8, min(8, len(harmful)), 8] and len(harmful)
    assert list(rows[0]["influence"]) == list(influence[::-1][:8])
    assert list(rows[1]["influence"]) == list(harmful[:8]) and rows[1]["rank"].iloc[0] == 1
    assert list(rows[2]["self_influence"]) == sorted(result.table["self_influence"], reverse=True)[:8]
    assert not at.exception and not at.error


def test_every_figure_has_its_numbers() -> None:
    at = page(DIGITS, **{"label-noise": "0.1"})
    shown = [d.value for d in at.dataframe]
    data = DataSpec(name="digits", classes=("3", "8"), subset=60, label_noise=0.1)
    result = stored(InfluenceRequest(data=data, model=MODEL))
    points = next(one for one in shown if "group" in one)
    x, y = points.columns[:2]
    assert points[x].to_numpy() == pytest.approx(result.table.loc[points.index, "loss"].to_numpy(), rel=1e-12)
    assert points[y].to_numpy() == pytest.approx(result.table.loc[points.index, "influence"].to_numpy(), rel=1e-12)
    bars = next(one for one in shown if "area under the ROC curve" in one.columns)
    assert sorted(bars.iloc[:, 0]) == pytest.approx(sorted(result.summary["auroc"].values()))
    assert not at.exception and not at.error


@pytest.mark.parametrize("link", [DIGITS, TABLE, NETWORK], ids=["images", "table", "network"])
def test_redaction_hides_influence_which_tells_labels(link: dict[str, object]) -> None:
    at = page(link, redact="true", **{"label-noise": "0.1"})
    told = words(at)
    assert "are not ranked here" in told and "Redacted" in told and not at.exception and not at.error
    for frame in (d.value for d in at.dataframe):
        assert not {"influence", "self_influence", "loss", "replaced", "leave_one_out"} & set(map(str, frame.columns))
        assert "label" not in frame or set(frame["label"]) == {"•••"}
    assert not any(str(one).startswith("class:") for one in at.selectbox(key="target").options)


def test_a_link_restores_every_control() -> None:
    link = NETWORK | {
        "curvature": "ggn", "damping": "0.2", "target": "test:2", "batch": "10", "batch-seed": "1", "truth": "4",
        "truth-too": "true", "lr": "0.02", "depth": "2",
    }  # fmt: skip
    at = page(link)
    spec = NetworkSpec(width=8, depth=2, lr=0.02, time=20, batch=10, batch_seed=1)
    request = NetworkInfluenceRequest(
        data=PAIR, network=spec, curvature="ggn", damping=0.2, target="test:2", validation_size=30
    )
    assert stored(request).summary["damping"] == 0.2
    own = set(link) - {"data", "model"}  # which the sidebar leaves out where they are the first
    assert {name: at.query_params[name] for name in own} == {name: link[name] for name in own}
    assert not at.warning and not at.error and not at.exception


def test_a_text_has_influence_only_and_its_sentences() -> None:
    at = page(TEXT, target="test:1")
    request = NetworkInfluenceRequest(data=SENTENCES, network=LSTM, validation_size=4, target="test:1")
    result, data = stored(request), Engine().dataset(SENTENCES)
    assert at.session_state["view"] == "influence functions" and "influence-of" not in {
        one.key for one in at.get("button_group")
    }
    best = data.tokens(data.row(int(result.table["influence"].idxmax())))
    drawn = html(at)
    assert all(f">{tokens.html.escape(token)}</span>" in drawn for token in best)
    assert "**The target**, test row 1" in words(at) and sentence(request) in words(at)
    assert not at.exception and not at.error
    influence = result.table["influence"].sort_values()
    shown = [*influence[influence > 0][::-1][:6].index, *influence[influence < 0][:6].index]
    secrets = [data.secrets[data.row(int(id))] for id in shown]
    assert words(at).count("planted secret, said") == sum(one > 0 for one in secrets)


def test_the_secret_that_is_the_target_is_marked_with_how_often_it_is_said() -> None:
    data = Engine().dataset(SENTENCES)
    row = int(np.flatnonzero(data.secrets)[0])
    own = page(TEXT, target=f"id:{data.ids[row]}")
    assert f"**The target**, sentence {data.ids[row]}" in words(own)
    assert f"planted secret, said {text.counted(int(data.secrets[row]), 'time')}" in words(own)


def test_a_tokens_colour_is_its_part_of_the_influence() -> None:
    at = page(TEXT, curvature="identity")
    request = NetworkInfluenceRequest(data=SENTENCES, network=LSTM, validation_size=4, curvature="identity")
    result, data = stored(request), Engine().dataset(SENTENCES)
    parts = result.arrays["token_influence"]
    best = int(result.table["influence"].to_numpy().argmax())
    assert np.nansum(parts[best]) == pytest.approx(result.table["influence"].iloc[best], rel=1e-9)
    largest = float(np.nanmax(np.abs(parts)))
    expected = tokens.coloured(data.tokens(best), parts[best, : len(data.tokens(best))], largest, "light")
    assert expected in html(at) and "What single tokens add was not kept" not in words(at) and not at.exception


def test_an_older_result_has_plain_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    page(TEXT)
    find = Engine.find

    def older(self: Engine, request: Request) -> Result | None:
        found = find(self, request)
        if found is not None:
            found.arrays.pop("token_influence", None)
        return found

    monkeypatch.setattr(Engine, "find", older)
    at = page(TEXT)
    assert "What single tokens add was not kept" in words(at) and 'class="helps"' not in html(at) and not at.exception
    assert "<span>" in html(at)


def test_a_redacted_text_shows_no_sentence() -> None:
    at = page(TEXT, redact="true", target="test:1")
    data, drawn = Engine().dataset(SENTENCES), html(at)
    said = {token for row in range(data.n) for token in data.tokens(row) if len(token) > 3}
    assert "tokens" not in drawn and not any(f">{token}<" in drawn for token in said)
    assert not [d for d in at.dataframe if "text" in d.value] and not at.exception and not at.error


def test_a_text_too_large_for_now_offers_what_is_quick() -> None:
    at = page({"data": "grammar"})
    assert "quick-small" in keys(at) and not at.exception
    assert not at.metric


def contrast(one: str, other: str) -> float:
    """Of two colours #rrggbb, as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    a, b = sorted((luminance(one), luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_token_is_legible_on_every_colour(mode) -> None:
    from fil_core.display.charts import INK

    assert all(contrast(tokens.shade(v, mode), INK[mode][0]) >= 4.5 for v in np.linspace(-1, 1, 41))
    assert contrast(tokens.shade(1, mode), tokens.shade(0, mode)) > 1.3  # and the strongest is seen


def test_tokens_are_escaped_signed_and_hidden() -> None:
    drawn = tokens.coloured(["<b>", "&", "x"], [1.0, -0.5, math.nan], 1.0, "light")
    assert "&lt;b&gt;" in drawn and "<b>" not in drawn and ">&amp;</span>" in drawn
    assert 'class="helps"' in drawn and 'class="harms"' in drawn and "+1" in drawn and "<span>x</span>" in drawn
    assert 'class=""' in tokens.coloured(["x"], [0.0], 1.0, "light")
