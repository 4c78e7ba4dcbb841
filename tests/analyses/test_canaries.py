"""Planted secrets: exposure against a count by hand, influence against single targets, and what is said and refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.canaries import run as canaries
from fil_core.analyses.canaries.request import CanariesRequest
from fil_core.analyses.canaries.section import secrets
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network.run import weights_of
from fil_core.analyses.network_influence.request import NetworkInfluenceRequest
from fil_core.analyses.subject import Subject
from fil_core.analyses.table import analysis_of
from fil_core.data.text.grammar import candidates
from fil_core.display.redaction import MASK
from fil_core.engine import Engine
from fil_core.engine.store import Store
from fil_core.errors import BadData, BadRequest
from fil_core.models.networks.losses import tokens
from fil_core.models.networks.problem import problem
from fil_core.specs import DataSpec, NetworkSpec

TEXT = DataSpec(name="grammar:90")  # three secrets said once, two said three times
LSTM = NetworkSpec(kind="lstm", width=12, embedding=6, lr=1.0, time=25)
BATCHES = dataclasses.replace(LSTM, batch=16, time=30)
ASKED = CanariesRequest(data=TEXT, network=LSTM, candidates=60)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return Engine(Store(tmp_path_factory.mktemp("canaries")))


def about(request, engine, *, redact=False):
    return Subject(request, engine.get(request), engine.dataset(request.data), "", redact, 5)


def test_there_is_a_row_for_each_training_row_that_is_a_secret(engine):
    table, data = engine.get(ASKED).table, engine.dataset(TEXT)
    rows = np.flatnonzero(data.secrets)
    assert list(table.index) == list(data.ids[rows])
    assert table["said"].tolist() == data.secrets[rows].tolist()
    assert table["sentence"].tolist() == data.sentences(rows)
    assert table.groupby("secret")["sentence"].nunique().eq(1).all()
    assert (table.groupby("secret").size() == table.groupby("secret")["said"].first()).all()


@pytest.mark.parametrize("network", [LSTM, BATCHES], ids=["full batch", "mini-batches"])
def test_exposure_and_rank_are_counted_among_the_candidates(engine, network):
    request = dataclasses.replace(ASKED, network=network)
    table, data = engine.get(request).table, engine.dataset(TEXT)
    at = problem(network, data, torch.device("cpu"))
    module = at.module
    module.load_state_dict(weights_of(engine.get(training_run(request)), torch.device("cpu")))
    for id, row in table.iterrows():
        i = data.row(id)
        X = torch.from_numpy(np.vstack([data.X[i], candidates(data, i, 60, 0)]))
        with torch.no_grad():
            losses = tokens(module(X), X).numpy()
        rank = 1 + (losses[1:] < losses[0]).sum() + (losses[1:] == losses[0]).sum() / 2
        assert row["rank"] == rank and row["exposure"] == pytest.approx(np.log2(61 / rank), abs=1e-12)
        assert row["loss"] == pytest.approx(losses[0], rel=1e-9)


@pytest.mark.parametrize("network", [LSTM, BATCHES], ids=["full batch", "mini-batches"])
def test_influence_is_the_sum_of_that_of_the_copies_on_the_secret(engine, network):
    request = dataclasses.replace(ASKED, network=network)
    table = engine.get(request).table
    for _, copies in list(table.groupby("secret"))[:2]:
        one = NetworkInfluenceRequest(data=TEXT, network=network, target=f"id:{copies.index[0]}")
        single = engine.get(one).table["influence"]
        # The same pass back, for one target rather than for all: sums in another order.
        assert copies["influence"].iloc[0] == pytest.approx(single[copies.index].sum(), rel=1e-8)
        assert copies["influence"].nunique() == 1


def test_what_is_said_is_what_is_in_the_table(engine):
    result, each = engine.get(ASKED), engine.get(ASKED).table.drop_duplicates("secret")
    s = result.summary
    assert s["most"] == np.log2(61) and s["secrets"] == len(each) and s["rows"] == len(result.table)
    for row in s["by_said"]:
        alike = each[each["said"] == row["said"]]
        assert row["secrets"] == len(alike) and row["exposure"] == pytest.approx(alike["exposure"].mean())
    said = analysis_of(ASKED).sentence(about(ASKED, engine), str)
    assert f"at most **{s['most']:.2f}** bits" in said and "said 3 times" in said and "said once" in said
    assert said.startswith("Among 60 candidates, exposure is")
    (drawn,) = analysis_of(ASKED).figures(about(ASKED, engine))
    assert sorted(drawn.figure.data[0].y) == sorted(each["exposure"])


def test_the_most_exposure_that_candidates_show_is_warned_of(engine):
    request = dataclasses.replace(ASKED, network=dataclasses.replace(BATCHES, lr=2.0, time=150), candidates=20)
    result = engine.get(request)
    often = result.table[result.table["said"] == 3]
    assert (often["rank"] == 1).all() and often["exposure"].to_numpy() == pytest.approx(np.log2(21))
    assert "with more candidates it may be larger" in result.provenance["warnings"][0]
    once = result.table[result.table["said"] == 1]
    assert often["loss"].max() < once["loss"].min()


def test_redaction_masks_what_is_said(engine):
    data = engine.dataset(TEXT)
    cards = data.sentences(np.flatnonzero(data.secrets))
    shown = analysis_of(ASKED).section(about(ASKED, engine))
    assert all(card.removesuffix(" <eos>") in shown for card in cards)
    hidden = analysis_of(ASKED).section(about(ASKED, engine, redact=True))
    assert not any(card.removesuffix(" <eos>") in hidden for card in cards)
    assert set(secrets(about(ASKED, engine, redact=True))["sentence"]) == {MASK}


@pytest.mark.parametrize("block", [7, 61])
def test_candidates_go_through_the_network_in_blocks(engine, block, monkeypatch):
    before = engine.get(ASKED).table
    monkeypatch.setattr(canaries, "BLOCK", block)
    part = training_run(ASKED)
    inputs = Inputs(engine.dataset(TEXT), torch.device("cpu"), {part: engine.get(part)})
    again = canaries.run(ASKED, inputs).table
    assert (again["rank"] == before["rank"]).all()
    np.testing.assert_allclose(again["loss"], before["loss"], rtol=1e-12)


def test_data_without_secrets_are_refused(engine):
    with pytest.raises(BadData, match="planted secrets; .* has none. Take --data grammar"):
        engine.get(CanariesRequest(data=DataSpec(name="digits")))
    data = engine.dataset(TEXT)
    few = dataclasses.replace(data, secrets=np.zeros(data.n, dtype=np.int64))
    with pytest.raises(BadData, match="with all its rows"):
        analysis_of(ASKED).check(ASKED, few)


def test_digits_outside_the_vocabulary_are_refused(engine):
    with pytest.raises(BadRequest, match="digits of the cards among its tokens"):
        engine.get(dataclasses.replace(ASKED, data=dataclasses.replace(TEXT, vocabulary=4)))
