"""The joint table: the columns of its sources, what is told of them, and what is refused."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
import pandas as pd
import pytest

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.influence.request import InfluenceRequest
from fil_core.analyses.measures.described import described, oriented, with_columns
from fil_core.analyses.measures.figures import against, correlation_map, matrix, shown_points
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import COLUMNS, NAMES, SOURCES
from fil_core.analyses.measures.words import notes, title
from fil_core.analyses.neighbours.request import NeighboursRequest
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.analyses.sharing import masked
from fil_core.analyses.table import analysis_of
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.data.own import Choices, add
from fil_core.engine import Engine
from fil_core.engine.joint import at_hand
from fil_core.engine.store import Store
from fil_core.errors import BadRequest
from fil_core.leakage.joint import high_in, only_in
from fil_core.specs import DataSpec, ModelSpec, NetworkSpec, canonical
from fil_core.specs.options import places

PAIR, MODEL = DataSpec(name="digits", classes=("3", "8"), subset=80), ModelSpec(kind="logistic", l2=0.01)
NETWORK = NetworkSpec(width=8, lr=0.3, time=10, l2=0.1)
ASKED = MeasuresRequest(data=PAIR, model=MODEL, network=NETWORK, validation_size=20, of=("unique", "fil", "neighbours"))


@pytest.fixture
def own(tmp_path) -> DataSpec:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(90, 3)), columns=list("abc"))
    table["sex"] = rng.choice(["f", "m"], 90)
    table["ill"] = np.where(table["a"] + rng.normal(size=90) > 0, "yes", "no")
    table.to_csv(tmp_path / "people.csv", index=False)
    return DataSpec(name=add(tmp_path / "people.csv", Choices(target="ill", sensitive=("sex",))).name)


def test_every_column_is_that_of_the_result_it_is_from():
    engine = Engine()
    table = engine.get(ASKED).table
    fil = engine.find(FilRequest(data=PAIR, model=MODEL)).table
    near = engine.find(NeighboursRequest(data=PAIR)).table
    unique = engine.find(UniqueInfoRequest(data=PAIR, network=NETWORK, validation_size=20)).table
    for name in ("eta", "dfil", "bound_unbiased", "bound_prior", "loss", "grad_norm", "leverage", "loo_shift"):
        pd.testing.assert_series_equal(table[name], fil[name], check_exact=True)
    for name in ("same_distance", "other_distance"):
        pd.testing.assert_series_equal(table[name], near[name], check_exact=True)
    for name in ("f_si", "si_weights", "si_sgd", "training_change"):
        pd.testing.assert_series_equal(table[name], unique[name], check_exact=True)
    for name in ("loss", "grad_norm"):
        assert table[f"network_{name}"].tolist() == unique[name].tolist() != table[name].tolist()


def test_influence_is_that_of_the_model_by_the_hessian_and_of_the_network_through_training():
    engine = Engine()
    asked = dataclasses.replace(ASKED, of=("influence", "network-influence"))
    result = engine.get(asked)
    model = engine.find(InfluenceRequest(data=PAIR, model=MODEL, curvature="hessian", validation_size=20)).table
    network = engine.find(
        NetworkInfluenceRequest(data=PAIR, network=NETWORK, curvature="metagradient", validation_size=20)
    ).table
    for name in ("influence", "self_influence"):
        assert result.table[name].tolist() == model[name].tolist()
    assert result.table["network_influence"].tolist() == network["influence"].tolist()
    assert result.summary["exposure"] == []  # as influence tells labels, nothing that is shown redacted follows from it
    shown = masked(analysis_of(asked), result.table)
    assert not {"influence", "self_influence", "network_influence"} & set(shown)


def test_influence_needs_test_rows():
    data = dataclasses.replace(Engine().dataset(PAIR), X_test=np.zeros((0, 64)), y_test=np.zeros(0))
    lacking = {one.name for one in SOURCES if "no test rows" in one.lacks(data)}
    assert lacking == {"unique", "influence", "network-influence", "tracin"}


def test_it_is_computed_from_what_is_stored_and_the_order_of_sources_says_nothing(monkeypatch):
    engine = Engine()
    first = engine.get(ASKED)
    again = dataclasses.replace(ASKED, of=("neighbours", "fil", "unique"))
    assert canonical(again) == canonical(ASKED) and ASKED.of == ("fil", "neighbours", "unique")
    assert engine.find(again).summary == first.summary
    computed = []
    compute = Engine.compute
    monkeypatch.setattr(Engine, "compute", lambda self, r, *a, **k: computed.append(r) or compute(self, r, *a, **k))
    engine.get(dataclasses.replace(ASKED, of=("fil", "neighbours")))
    assert [type(one) for one in computed] == [MeasuresRequest]


def test_high_in_and_only_in_count_what_says_exposure_in_its_direction():
    result = Engine().get(ASKED)
    names = result.summary["exposure"]
    assert set(result.summary["columns"]) - set(names) == {"loss", "grad_norm", "network_loss", "network_grad_norm"}
    exposed = result.table[names].copy()
    for name in ("bound_unbiased", "bound_prior", "other_distance"):  # where less is more exposed
        exposed[name] *= -1
    assert result.table["high_in"].tolist() == high_in(exposed).tolist()
    assert result.table["only_in"].tolist() == only_in(exposed).tolist()


def test_correlations_are_plain_values_and_agreement_has_the_direction_of_exposure():
    result = Engine().get(ASKED)
    s, table = result.summary, result.table
    a, b = "eta", "other_distance"
    assert s["spearman"][a][b] == pytest.approx(table[a].corr(table[b], method="spearman"), rel=1e-12)
    assert s["pearson"][a][b] == pytest.approx(table[a].corr(table[b]), rel=1e-9)
    across = {
        (x, y): s["spearman"][x][y] * (-1) ** sum(COLUMNS[c].more < 0 for c in (x, y))
        for x in s["exposure"]
        for y in s["exposure"]
        if next(o for o in SOURCES if x in o.columns.values()) != next(o for o in SOURCES if y in o.columns.values())
    }
    assert s["most"]["agreement"] == pytest.approx(max(across.values()), rel=1e-12)
    assert s["least"]["agreement"] == pytest.approx(min(across.values()), rel=1e-12)
    assert across[tuple(s["most"]["columns"])] == s["most"]["agreement"]


def test_a_constant_column_has_no_correlation_and_is_said():
    labels = pd.Series(list("ababab"), pd.RangeIndex(6, name="id"), name="label")
    measures = pd.DataFrame({"eta": [0.1] * 6, "leverage": [1.0, 2, 3, 4, 5, math.nan], "loss": np.arange(6.0)})
    one = described(labels, measures)
    assert set(one.summary["spearman"]["eta"].values()) == {None}
    assert one.summary["spearman"]["loss"]["leverage"] == pytest.approx(1)
    assert one.summary["constant"] == ["eta"] and one.summary["missing"] == {"leverage": 1}
    assert one.summary["most"] is None  # eta orders nobody, and the loss says no exposure
    said = " ".join(notes(one.summary))
    assert "eta" in said and "leverage of 1 example" in said
    assert one.arrays["overlap"].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert one.table["high_in"].tolist() == [0, 0, 0, 0, 1, 0]


def test_uploaded_scores_correlate_and_count_for_nothing_else():
    result = Engine().get(ASKED)
    scored = result.table.assign(mine=-result.table["eta"])
    more = with_columns(result, scored)
    assert more.summary["columns"] == [*result.summary["columns"], "mine"]
    assert more.summary["spearman"]["mine"]["eta"] == pytest.approx(-1)
    for name in ("exposure", "most", "least", "high", "alone", "n", "sources"):
        assert more.summary[name] == result.summary[name]
    assert more.arrays["overlap"].shape == (len(more.summary["columns"]),) * 2


def test_sensitive_attributes_have_columns_of_their_own(own):
    engine = Engine()
    asked = MeasuresRequest(data=own, model=MODEL, of=("attribute", "fil"))
    found = engine.get(asked).table
    of_attribute = engine.find(FilRequest(data=own, model=MODEL, attribute=("sex",))).table
    assert found["attribute_eta"].tolist() == of_attribute["eta"].tolist() != found["eta"].tolist()
    assert title("attribute_eta") == "η (sensitive attributes)"


@pytest.mark.parametrize(
    ("of", "data", "text"),
    [
        ((), PAIR, "of: expected some of fil"),
        (("eta",), PAIR, "of: expected"),
        (("fil", "fil"), PAIR, "each once"),
        (("attribute",), PAIR, "attribute is none of them: the data name no sensitive attribute"),
        (("unique",), DataSpec(name="synthetic:60x9", subset=2), "at least three"),
    ],
)
def test_sources_that_there_are_not_are_refused(of, data, text):
    with pytest.raises(BadRequest if "three" not in text else ValueError, match=text):
        Engine().get(MeasuresRequest(data=data, model=MODEL, of=of))


def test_what_is_at_hand_is_what_is_stored_and_fil():
    engine = Engine()
    assert at_hand(ASKED, engine) == ("fil",)
    engine.get(NeighboursRequest(data=PAIR))
    assert at_hand(ASKED, engine) == ("fil", "neighbours")
    engine.get(UniqueInfoRequest(data=PAIR, network=NETWORK))
    assert at_hand(ASKED, engine) == ("fil", "neighbours")  # another number of validation rows
    assert at_hand(dataclasses.replace(ASKED, validation_size=None), engine) == ("fil", "neighbours", "unique")


def test_columns_say_what_their_own_analysis_says():
    assert len({column.title for column in COLUMNS.values()}) == len(COLUMNS) == sum(len(o.columns) for o in SOURCES)
    assert [source.name for source in SOURCES] == list(NAMES)
    for source in SOURCES:
        for name, under in source.columns.items():
            own, joint = source.analysis.column(name), COLUMNS[under]
            assert (own.reveals, own.more, own.unit, own.says) == (joint.reveals, joint.more, joint.unit, joint.says)


def test_redaction_leaves_out_what_tells_a_label():
    table = Engine().get(ASKED).table
    shown = masked(analysis_of(ASKED), table)
    assert set(table) - set(shown) == {"loss", "grad_norm", "network_loss", "network_grad_norm"}
    assert set(shown["label"]) == {"•••"}


def test_a_request_about_both_needs_both_and_names_their_uploads():
    with pytest.raises(BadRequest, match="network: expected a NetworkSpec"):
        MeasuresRequest(network=MODEL)
    with pytest.raises(BadRequest, match="model: expected a ModelSpec"):
        MeasuresRequest(model=NETWORK)
    asked = MeasuresRequest(
        model=ModelSpec(parameters="a" * 64), network=dataclasses.replace(NETWORK, initial="b" * 64)
    )
    assert [(one.kind, one.digest[0]) for one in asked.uploads] == [("parameters", "a"), ("initial", "b")]
    flags = {place.path: place.option.flag for place in places(MeasuresRequest)}
    assert (flags["model", "l2"], flags["network", "l2"]) == ("l2", "decay")
    assert {place.path: place.option.flag for place in places(UniqueInfoRequest)}["network", "l2"] == "l2"


def test_as_many_digits_as_mnist_has_are_joined_and_drawn_in_time(tmp_path):
    rng, n = np.random.default_rng(0), 12_665
    ids = pd.RangeIndex(n, name="id")
    names = list(COLUMNS)[:12]
    measures = pd.DataFrame(rng.exponential(size=(n, len(names))), ids, names)
    labels = pd.Series(rng.choice(["0", "1"], n), ids, name="label")
    start = time.process_time()
    one = described(labels, measures)
    correlated = time.process_time() - start
    points = shown_points(one.table, "eta", "dfil")
    against(points, ("eta", "dfil"), ("eta", "dfil"), "light", log=(False, False)).to_json()
    correlation_map(matrix(one.summary["spearman"], names), names, "light").to_json()
    drawn = time.process_time() - start - correlated
    Store(tmp_path).put("a" * 64, one)
    start = time.process_time()
    assert len(Store(tmp_path).get("a" * 64).table) == n
    opened = time.process_time() - start
    # A third of a second, a tenth and less of a processor's time, whatever else the machine does; the first use of a
    # library is in it.
    assert correlated < 5 and drawn < 5 and opened < 2
    assert len(points) == 5_000
    for name in ("eta", "dfil"):
        assert set(measures[name].nlargest(200).index) <= set(points.index)


def test_oriented_leaves_its_input_alone():
    measures = pd.DataFrame({"bound_prior": [1.0, np.inf], "eta": [1.0, 2.0]})
    found = oriented(measures)
    assert found["bound_prior"].iloc[0] == -1 and math.isnan(found["bound_prior"].iloc[1])
    assert measures["bound_prior"].tolist() == [1.0, np.inf]
