"""The page All measures: what it joins, says, draws, hides, and what the page Examples tells of one example."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from harness import app, fresh_server, plain, sidebar, words  # noqa: F401 - the fixture is at work by being here
from streamlit.testing.v1 import AppTest

from fil_core import DataSpec, Engine, FilRequest, NeighboursRequest
from fil_core.analyses.influence.request import InfluenceRequest
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.analyses.network_outliers.request import NetworkOutliersRequest
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.engine import uploads
from fil_core.result import Result
from fil_core.specs import ModelSpec, NetworkSpec

MEASURES, EXAMPLES = "pages/measures.py", "pages/examples.py"
LINK = {
    "data": "digits",
    "classes": ["3", "8"],
    "subset": "60",
    "model": "least-squares",
    "l2": "0.01",
    "width": "16",
    "time": "20",
}
TABLE = {"data": "breast-cancer", "subset": "60", "model": "least-squares", "l2": "0.01"}
PAIR, MODEL = DataSpec(name="digits", classes=("3", "8"), subset=60), ModelSpec(l2=0.01)
NETWORK = NetworkSpec(width=16, time=20)


def page(link: dict[str, object] = LINK, **more: object) -> AppTest:
    return app(MEASURES, **(link | more))  # type: ignore[arg-type]


def stored(*of: str, data: DataSpec = PAIR, network: NetworkSpec = NETWORK) -> Result:
    found = Engine().find(MeasuresRequest(data=data, model=MODEL, network=network, of=of))
    assert found is not None
    return found


def keys(at: AppTest) -> set[str]:
    return {button.key for button in at.button}


def everyone(at: AppTest) -> pd.DataFrame:
    return next(
        d.value for d in at.dataframe if {"rank", "high_in", "eta"} <= set(d.value.columns) and len(d.value) > 8
    )


def test_at_first_it_is_fil_and_the_others_are_a_click_away() -> None:
    at = page()
    assert {"source-neighbours", "source-unique"} <= keys(at) and "source-fil" not in keys(at)
    told = words(at)
    assert "Does not apply: the data name no sensitive attribute" in told and told.count("Stored") == 1
    request = MeasuresRequest(data=PAIR, model=MODEL, network=NETWORK)
    data = Engine().dataset(PAIR)
    said = analysis_of(request).sentence(Subject(request, stored("fil"), data, "", False, 1), str)
    assert said in told and not at.exception and not at.error and not at.warning


def test_what_is_computed_joins() -> None:
    at = page()
    at.button(key="source-neighbours").click().run()
    assert "same_distance" in everyone(at) and "from fil and neighbours" in words(at)
    at.button(key="source-unique").click().run()
    shown, result = everyone(at), stored("fil", "neighbours", "unique")
    assert set(shown.columns) == {"rank", *result.table.columns} and len(shown) == 60
    assert Engine().find(UniqueInfoRequest(data=PAIR, network=NETWORK)) is not None
    assert shown["high_in"].is_monotonic_decreasing and list(shown["rank"]) == list(range(1, 61))
    assert shown["high_in"].tolist() == sorted(result.table["high_in"], reverse=True)
    assert not {"source-neighbours", "source-unique"} & keys(at) and not at.exception and not at.error


def test_influence_of_the_model_and_of_the_network_join() -> None:
    at = page()
    at.button(key="source-influence").click().run()
    at.button(key="source-network-influence").click().run()
    shown = everyone(at)
    model = Engine().find(InfluenceRequest(data=PAIR, model=MODEL))
    network = Engine().find(NetworkInfluenceRequest(data=PAIR, network=NETWORK))
    assert model is not None and network is not None
    for name, column in (("influence", model.table["influence"]), ("self_influence", model.table["self_influence"])):
        assert list(shown[name]) == list(column[shown.index])
    assert list(shown["network_influence"]) == list(network.table["influence"][shown.index])
    assert "from fil, influence and network-influence" in words(at) and not at.exception and not at.error


def test_what_was_stored_elsewhere_is_there_at_once() -> None:
    Engine().get(NeighboursRequest(data=PAIR))
    at = page()
    assert "from fil and neighbours" in words(at) and "source-neighbours" not in keys(at)


def correlation(at: AppTest) -> pd.DataFrame:
    return next(d.value for d in at.dataframe if list(d.value.columns) == list(d.value.index))


def test_the_correlations_are_the_results_own_of_either_kind() -> None:
    at = page()
    for shown, kind in (("Spearman", "spearman"), ("Pearson", "pearson")):
        sidebar(at, correlation=shown)
        expected = stored("fil").summary[kind]
        found = correlation(at)
        assert found.loc["eta", "dfil"] == expected["eta"]["dfil"] != 1
        assert list(found.columns) == stored("fil").summary["columns"]
    assert not at.exception and not at.error


def test_any_two_columns_are_drawn_and_carried_by_the_link() -> None:
    at = page(**{"measure-x": "loss", "measure-y": "leverage", "log-x": "true"})
    assert at.session_state["measure-x"] == "loss" and at.session_state["measure-y"] == "leverage"
    figure = next(e for e in at.get("plotly_chart") if "leverage" in e.proto.spec and '"log"' in e.proto.spec)
    assert '"log"' in figure.proto.spec and not at.exception and not at.warning
    sidebar(at, **{"measure-x": "leverage"})  # the same twice
    assert not at.exception


def test_who_is_high_in_everything_is_listed() -> None:
    at = page(TABLE)
    rows = [d.value for d in at.dataframe if "mean radius" in d.value]
    result = Engine().find(MeasuresRequest(data=DataSpec(name="breast-cancer", subset=60), model=MODEL, of=("fil",)))
    assert result is not None
    assert rows[0]["high_in"].iloc[0] == result.table["high_in"].max() and list(rows[0]["rank"])[:2] == [1, 2]
    half = result.summary["high_half"]
    assert (rows[0]["high_in"] >= half).all() and len(rows[0]) == min(8, (result.table["high_in"] >= half).sum()) > 0
    alone = result.table["only_in"][result.table["only_in"] != ""]
    if len(alone):
        assert set(rows[1]["only_in"]) <= set(alone)
    assert not at.exception and not at.error


def test_redaction_hides_what_tells_a_label() -> None:
    Engine().get(UniqueInfoRequest(data=PAIR, network=NETWORK))
    at = page(redact="true")
    shown = everyone(at)
    telling = {"loss", "grad_norm", "network_loss", "network_grad_norm"}
    assert "f_si" in shown and not telling & set(shown.columns) and set(shown["label"]) == {"•••"}
    assert not telling & set(correlation(at).columns)
    assert not telling & set(at.selectbox(key="measure-x").options)
    assert "Redacted" in words(at) and not at.exception and not at.error


def test_scores_of_ones_own_are_beside_the_measures_unless_redacted() -> None:
    engine = Engine()
    data = engine.dataset(PAIR)
    frame = pd.DataFrame({"id": data.ids, "mine": np.arange(60.0)})
    name = uploads.keep_scores(engine.store, frame, data, title="mine.csv")
    at = page(scores=name)
    assert "mine" in everyone(at) and "mine" in correlation(at).columns
    at = page(scores=name, redact="true")
    assert "mine" not in everyone(at) and "mine" not in correlation(at).columns and not at.exception


def test_a_time_that_is_none_is_a_sentence_and_the_controls_stay() -> None:
    at = page(time="soon")
    assert plain(at.error[0].value).startswith("time: expected a") and not at.exception
    at.text_input(key="time").set_value("20").run()
    assert not at.error and "Which measures agree" in " ".join(h.value for h in at.subheader)


def test_a_source_that_fails_says_why_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    at = page(lr="1000")
    at.button(key="source-unique").click().run()
    assert any("lr: expected a step" in plain(error.value) for error in at.error) and not at.exception
    assert len(everyone(at)) == 60 and "f_si" not in everyone(at)


def dossier(at: AppTest) -> pd.DataFrame:
    return next(d.value for d in at.dataframe if "percentile" in d.value and d.value.index.name == "measure")


def test_the_dossier_of_an_example_has_all_that_is_stored() -> None:
    engine = Engine()
    ids = engine.dataset(PAIR).ids
    link = {name: value for name, value in LINK.items() if name not in ("width", "time")} | {"id": str(ids[7])}
    at = app(EXAMPLES, **link)  # type: ignore[arg-type]
    found = dossier(at)
    fil = engine.find(FilRequest(data=PAIR, model=MODEL))
    assert fil is not None
    eta = fil.table["eta"]
    assert found.loc["η", "value"] == eta[ids[7]]
    assert found.loc["η", "percentile"] == pytest.approx(100 * (eta <= eta[ids[7]]).mean())
    bound = fil.table["bound_prior"]  # less is more exposed
    place = 100 * (bound >= bound[ids[7]]).mean()
    assert found.loc["van Trees bound on reconstruction", "percentile"] == pytest.approx(place)
    assert "9 sources of measures not computed: neighbours, unique, outliers, influence, network-influence" in words(at)
    assert len(found) == 9
    engine.get(NeighboursRequest(data=PAIR))
    at.run()
    assert len(dossier(at)) == 11 and "8 sources of measures not computed: unique" in words(at) and not at.exception
    network = NetworkSpec()  # as its controls were never drawn
    engine.get(InfluenceRequest(data=PAIR, model=MODEL))
    effect = engine.get(NetworkInfluenceRequest(data=PAIR, network=network)).table["influence"]
    at.run()
    found = dossier(at)
    assert len(found) == 14 and found.loc["influence (network)", "value"] == effect[ids[7]]
    assert "influence on its own loss" in found.index and not at.exception


def test_the_dossier_hides_what_tells_a_label() -> None:
    ids = Engine().dataset(PAIR).ids
    at = app(EXAMPLES, **(LINK | {"id": str(ids[7]), "redact": "true"}))  # type: ignore[arg-type]
    found = dossier(at)
    assert "η" in found.index and not any("loss" in str(name) for name in found.index) and not at.exception


def test_a_text_without_anything_stored_offers_what_applies() -> None:
    at = app(MEASURES, data="grammar", subset="12")
    assert {"source-network-influence", "source-network-outliers", "source-tracin"} == {
        k for k in keys(at) if k.startswith("source-")
    }
    assert len(at.info) == 1 and not at.exception and not at.error and not at.dataframe


def test_a_text_has_the_measures_of_its_network() -> None:
    text = DataSpec(name="grammar", subset=12)
    network = NetworkSpec(kind="lstm", width=4, embedding=4, lr=0.5, time=4)
    engine = Engine()
    for kind in (NetworkInfluenceRequest, NetworkOutliersRequest):
        engine.get(kind(data=text, network=network))  # type: ignore[call-arg]
    link = {
        "data": "grammar",
        "subset": "12",
        "network": "lstm",
        "width": "4",
        "embedding": "4",
        "lr": "0.5",
        "time": "4",
    }
    at = app(MEASURES, **link)  # type: ignore[arg-type]
    assert not at.exception and not at.error, [one.value for one in at.error]
    assert "from network-influence and network-outliers" in words(at)
    assert words(at).count("the data hold sentences") == 9
    shown = next(d.value for d in at.dataframe if "high_in" in d.value)
    assert "label" not in shown and list(shown["tokens"]) == list(
        engine.dataset(text).y[shown.index.map(engine.dataset(text).row)]
    )
