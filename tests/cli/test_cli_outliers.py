"""The commands about outlying gradients and planted secrets: what they answer, print, write and refuse."""

from __future__ import annotations

import pandas as pd

from tests.cli.test_cli_networks import last_line, refused

PAIR = ["--data", "digits", "--classes", "3,8", "--subset", 60, "--label-noise", 0.1]
SENTENCES = ["--data", "grammar:90", "--network", "lstm", "--width", 6, "--embedding", 4, "--time", 10, "--lr", 0.5]


def test_one_command_scores_models_and_networks(run, tmp_path):
    out = tmp_path / "out.csv"
    model = last_line(run("gradient-outliers", *PAIR, "--model", "logistic", "--l2", 0.01, "--json", "--out", out))
    assert (model["weights"], model["fed"], model["flipped"]) == (64, 64, 6)
    table = pd.read_csv(out)
    assert list(table.columns) == ["id", "forest_score", "gradient_l1", "gradient_l2", "label", "loss", "replaced"]
    assert len(table) == 60 and table["replaced"].sum() == 6
    small = ["--network", "mlp", "--width", 16, "--time", 10]
    network = last_line(run("gradient-outliers", *PAIR, *small, "--forest-seed", 3, "--json"))
    assert (network["weights"], network["fed"]) == (1057, 512)
    code, words, err = run("gradient-outliers", *PAIR, *small)
    assert code == 0 and "512 random directions of 1,057 weights" in words and "512 random directions" in err
    assert "**" not in words


def test_models_and_networks_together_and_odd_seeds_are_refused(run):
    refused(run("gradient-outliers", *PAIR, "--model", "logistic", "--network", "mlp"), "expected --model or --network")
    refused(run("gradient-outliers", *PAIR, "--forest-seed", -1), "--forest-seed", "got -1")
    refused(run("gradient-outliers", "--data", "grammar:40"), "--network lstm")


def test_secrets_are_ranked(run, tmp_path):
    out = tmp_path / "out.csv"
    line = last_line(run("canaries", *SENTENCES, "--candidates", 30, "--json", "--out", out))
    table = pd.read_csv(out)
    assert line["candidates"] == 30 and line["rows"] == len(table) and line["secrets"] == table["secret"].nunique()
    assert {"exposure", "rank", "said", "loss", "influence", "sentence"} < set(table.columns)
    code, words, _ = run("canaries", *SENTENCES, "--candidates", 30)
    assert code == 0 and words.startswith("Among 30 candidates") and "**" not in words


def test_what_has_no_secrets_is_refused(run):
    refused(run("canaries", "--data", "digits"), "expected training rows that are planted secrets", "--data grammar")
    refused(run("canaries", *SENTENCES, "--candidates", 0), "--candidates", "got 0")
    refused(run("canaries", *SENTENCES, "--time", "inf"), "--time", "got inf")
