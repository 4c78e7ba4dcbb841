"""The command about all measures: what it joins by default, prints, writes and refuses."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from fil_core import Engine
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import SOURCES
from fil_core.specs import DataSpec, ModelSpec, NetworkSpec
from tests.cli.test_cli_networks import last_line, refused

PAIR = ["--data", "digits", "--classes", "3,8", "--subset", 60]
MODEL, NETWORK = ["--l2", 0.01], ["--width", 8, "--time", 10, "--lr", 0.3]


def test_by_default_it_is_fil_and_what_is_stored(run, tmp_path):
    path = tmp_path / "out.csv"
    first = last_line(run("measures", *PAIR, *MODEL, *NETWORK, "--json"))
    assert first["sources"] == ["fil"] and first["spearman"]["eta"]["eta"] == 1
    assert run("neighbours", *PAIR)[0] == 0
    assert run("unique-info", *PAIR, *NETWORK, "--l2", 0.1)[0] == 0
    assert last_line(run("measures", *PAIR, *MODEL, *NETWORK, "--json"))["sources"] == ["fil", "neighbours"]
    line = last_line(run("measures", *PAIR, *MODEL, *NETWORK, "--decay", 0.1, "--json", "--out", path))
    assert line["sources"] == ["fil", "neighbours", "unique"] and line["n"] == 60
    table = pd.read_csv(path)
    assert list(table.columns) == ["id", "label", "high_in", "only_in", *line["columns"]]
    assert line["spearman"]["eta"]["f_si"] == pytest.approx(table["eta"].corr(table["f_si"], method="spearman"))
    assert len(line["overlap"]) == len(line["columns"]) and line["overlap"][0][0] == line["top"] == 3


def test_the_penalty_and_the_decay_are_options_of_their_own(run):
    assert run("measures", *PAIR, *NETWORK, "--l2", 0.02, "--decay", 0.1, "--of", "unique,fil")[0] == 0
    asked = MeasuresRequest(
        data=DataSpec(name="digits", classes=("3", "8"), subset=60),
        model=ModelSpec(l2=0.02),
        network=NetworkSpec(width=8, time=10, lr=0.3, l2=0.1),
        of=("fil", "unique"),
    )
    assert Engine().find(asked) is not None


def test_it_says_what_it_found_in_words(run):
    code, out, err = run("measures", *PAIR, *MODEL, "--of", "fil,neighbours")
    assert code == 0, err
    assert out.startswith("11 measures of 60 examples, from fil and neighbours.") and "**" not in out


def test_scores_of_ones_own_are_joined(run, tmp_path):
    table, scores = tmp_path / "fil.csv", tmp_path / "mine.csv"
    assert run("fil", *PAIR, *MODEL, "--out", table)[0] == 0
    eta = pd.read_csv(table)[["id", "eta"]]
    eta.assign(mine=-eta["eta"]).drop(columns="eta").to_csv(scores, index=False)
    line = last_line(run("measures", *PAIR, *MODEL, "--scores", scores, "--json", "--out", tmp_path / "out.csv"))
    assert line["columns"][-1] == "mine" and line["spearman"]["mine"]["eta"] == pytest.approx(-1)
    assert "mine" in pd.read_csv(tmp_path / "out.csv")


def test_help_names_the_sources_and_what_there_is_not_is_refused(run):
    code, out, _ = run("measures", "--help")
    assert code == 0
    written = re.sub(r"-\s+", "-", " ".join(out.split()))  # a line may end behind a hyphen
    assert f"some of {', '.join(one.name for one in SOURCES)} (default" in written
    refused(run("measures", *PAIR, "--of", "attribute"), "of: expected sources", "no sensitive attribute")
    refused(run("measures", *PAIR, "--of", "eta"), "'eta'")
    refused(run("measures", *PAIR, "--of", "none"), "of: expected some of fil")
