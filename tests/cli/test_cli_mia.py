"""The commands about attacks that are run: presets, which of three analyses is meant, files in and out, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from fil_core.cli.program import parser
from fil_core.specs.presets import PRESETS
from tests.cli.test_cli_networks import last_line, refused

PAIR = ("--data", "digits", "--classes", "3,8", "--subset", "60")
LOGISTIC = ("--model", "logistic", "--l2", "0.01", "--models", "8")


def said(run, *words: str) -> dict:
    return last_line(run(*words, "--json"))


def test_signals_are_written_and_attacked_again(run, tmp_path):
    file = tmp_path / "signals.npz"
    first = said(run, "mia", *PAIR, *LOGISTIC, "--out", str(file))
    assert first["models"] == 8 and set(first["tpr_at_fpr"]["lira"]) == {"0.1", "0.01", "0.001"}
    assert len(first["tpr_at_fpr"]["lira"]["0.1"]) == 3 and first["seconds"] > 0
    again = said(run, "mia", *PAIR, "--signals", str(file), "--out", str(tmp_path / "table.csv"))
    assert again["auc"]["lira"] == first["auc"]["lira"] and again["tpr_at_fpr"]["lira"] == first["tpr_at_fpr"]["lira"]
    columns = (tmp_path / "table.csv").read_text().splitlines()[0].split(",")
    assert {"id", "label", "auc", "lira", "rmia", "in_mean", "out_mean", "tpr_at_fpr_0.01"} <= set(columns)
    one = said(run, "mia", *PAIR, "--signals", str(file), "--target-model", "3", "--attacks", "loss")
    assert one["target"] == 3
    with np.load(file) as arrays:
        assert arrays["scores"].shape == (60, 8) and arrays["inclusion"].dtype == bool


def test_a_preset_stands_for_options_and_others_come_first(run):
    found = said(run, "mia", *PAIR, "--preset", "small", "--models", "6", "--time", "5", "--width", "8")
    assert found["models"] == 6 and set(found["auc"]) == {"lira", "rmia", "loss"}
    refused(run("mia", *PAIR, "--preset", "small", "--model", "logistic"), "preset")
    refused(run("mia", *PAIR, "--preset", "small", "--network", "linear"), "preset")


@pytest.mark.parametrize("name", PRESETS)
def test_options_of_presets_are_those_of_the_command(name):
    declared = vars(parser().parse_args(["mia"]))
    assert {flag.replace("-", "_") for flag in PRESETS[name].options} <= set(declared)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("mia", *PAIR, "--network", "mlp", "--l2", "0.1", "--model", "logistic"), "--model or --network"),
        (("mia", *PAIR, *LOGISTIC, "--width", "8"), "name one with --network"),
        (("mia", *PAIR, "--network", "mlp", "--sigma", "1"), "leave it out beside --network"),
        (("mia", *PAIR, "--signals", "x.npz", "--network", "mlp"), "got both"),
        (("mia", *PAIR, "--signals", "x.npz", "--models", "9"), "beside --signals"),
        (("mia", *PAIR, *LOGISTIC, "--target-model", "8"), "from 0 to 7"),
        (("audit", *PAIR, "--model", "logistic", "--canaries", "61"), "60"),
        (("audit", *PAIR, "--network", "mlp", "--runs", "4", "--canaries", "10"), "at least 8"),
        (("mia-against", *PAIR, "--models", "6"), "at least 8"),
    ],
)
def test_what_does_not_go_together_is_refused(run, words, says):
    refused(run(*words), says)


def test_an_audit_tells_what_was_found_and_what_is_promised(run):
    words = ("--model", "logistic", "--l2", "0.01", "--sigma", "0.5", "--canaries", "12", "--runs", "4")
    found = said(run, "audit", *PAIR, *words, "--delta", "1e-3")
    assert found["epsilon_lower"] <= found["epsilon_promised"] and found["confidence"] == 0.95
    assert found["delta"] == 1e-3 and found["epsilon_exact"] <= found["epsilon_promised"]
