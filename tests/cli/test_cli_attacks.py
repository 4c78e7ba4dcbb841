"""The commands `attack-attribute` and `attack-reconstruct`: their contract, and how they say no."""

from __future__ import annotations

import csv
import dataclasses
import math

import pandas as pd
import pytest

from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.attacks.attackers import ATTACKERS
from fil_core.engine import Engine
from fil_core.specs import DataSpec, ModelSpec
from tests.cli.test_cli import last_line as parsed

SEX = ["attack-attribute", "--data", "diabetes", "--attribute", "sex", "--l2", "1e-3"]
DIGITS = ["attack-reconstruct", "--data", "digits", "--classes", "3,8", "--model", "logistic"]


def last_line(out):
    assert len(out.splitlines()) == 1
    return parsed(out)


def test_the_line_of_an_attribute_has_a_number_for_each_attacker_and_noise(run):
    some = [
        "--attackers",
        "baseline,ideal,fredrikson14,whitebox",
        "--sigmas",
        "0,1e-4,1e-2",
        "--trials",
        30,
        "--seed",
        1,
    ]
    code, out, _ = run(*SEX, *some, "--json")
    line = last_line(out)
    assert code == 0 and list(line["accuracy"]) == ["baseline", "ideal", "fredrikson14", "whitebox"]
    for name in line["accuracy"]:
        assert len(line["accuracy"][name]) == len(line["standard_error"][name]) == 3
        assert all(0 <= a <= 1 for a in line["accuracy"][name])
    assert line["prior"] == pytest.approx([0.5496, 0.4504], abs=1e-4) and line["levels"] == ["1", "2"]
    assert line["accuracy"]["whitebox"][0] == 1 and line["seconds"] > 0
    assert line["accuracy"]["baseline"] == [pytest.approx(max(line["prior"]))] * 3
    assert last_line(run(*SEX, *some, "--json")[1])["accuracy"] == line["accuracy"]


def test_all_attackers_and_a_grid_of_noise_are_the_default(run):
    line = last_line(run(*SEX, "--json")[1])
    assert list(line["accuracy"]) == list(ATTACKERS) and len(line["sigmas"]) == 14 and line["trials"] == 100


def test_one_release_has_null_for_its_error(run):
    line = last_line(run(*SEX, "--sigmas", "0,0.1", "--trials", 1, "--json")[1])
    assert line["standard_error"]["fredrikson14"] == [0, None]


def test_a_continuous_attribute_is_attacked_in_bins(run):
    asked = ["attack-attribute", "--data", "breast-cancer", "--attribute", "mean radius", "--bins", "4", "--l2", "1e-3"]
    code, out, err = run(*asked, "--sigmas", "0,1e-3", "--trials", 10, "--json")
    line = last_line(out)
    assert code == 0
    assert line["attribute"] == "mean radius"
    assert len(line["levels"]) == len(line["prior"]) == 4
    assert line["prior"] == pytest.approx([0.25] * 4, abs=0.005)  # ties at an edge
    assert sum(line["prior"]) == pytest.approx(1, rel=1e-12)
    assert "note: mean radius is continuous" in err
    assert line["accuracy"]["baseline"][0] < line["accuracy"]["whitebox"][0] <= 1


def test_the_seed_and_the_number_of_trials_reach_the_draws(run):
    asked = [*SEX, "--attackers", "fredrikson14", "--sigmas", "0.01", "--json"]
    one, again, other, more = (
        last_line(run(*asked, "--force", "--seed", seed, "--trials", trials)[1])["accuracy"]["fredrikson14"]
        for seed, trials in ((0, 20), (0, 20), (1, 20), (0, 40))
    )
    assert one == again
    assert one != other
    assert one != more


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_success_of_each_example_is_written(run, tmp_path, suffix):
    path = tmp_path / f"out.{suffix}"
    assert run(*SEX, "--sigmas", "0,1e-3", "--out", path)[0] == 0
    table = pd.read_csv(path, index_col="id") if suffix == "csv" else pd.read_parquet(path)
    assert len(table) == 353 and {"value", "eta", "success_whitebox_0.001"} <= set(table.columns)
    assert (table["success_whitebox_0"] == 1).all()


def test_words_for_a_person(run):
    _, out, _ = run(*SEX, "--sigmas", "0,1e-3")
    assert "whitebox-prior" in out and "sex of 353 training examples" in out and out.endswith("s.\n")
    _, out, _ = run(*DIGITS, "--ids", "8", "--sigmas", "0,1e-3")
    assert "bound_unbiased" in out


def test_the_line_of_a_reconstruction_has_a_number_for_each_example_and_noise(run, tmp_path):
    path = tmp_path / "out.csv"
    asked = ["--ids", "8,13", "--sigmas", "0,1e-4,1e-3", "--trials", 12, "--seed", 2, "--out", path, "--json"]
    code, out, _ = run(*DIGITS, *asked)
    line = last_line(out)
    assert code == 0
    for name in ("mse", "psnr", "bound_unbiased", "bound_prior"):
        assert list(line[name]) == ["8", "13"]
        assert all(len(values) == 3 and all(map(math.isfinite, values)) for values in line[name].values())
    assert min(values[0] for values in line["psnr"].values()) >= 60
    rows = list(csv.DictReader(path.open()))
    assert [(row["id"], float(row["sigma"])) for row in rows] == [(i, s) for i in ("8", "13") for s in (0, 1e-4, 1e-3)]


def test_two_digits_of_other_classes_are_read_off_the_bare_parameters(run, tmp_path):
    path = tmp_path / "out.parquet"
    asked = ["attack-reconstruct", "--data", "digits", "--classes", "0,1", "--l2", "1e-3", "--ids", "0,20,0"]
    code, out, _ = run(*asked, "--sigmas", "0,1e-2", "--trials", 5, "--out", path, "--json")
    line, table = last_line(out), pd.read_parquet(path)
    assert code == 0
    assert line["ids"] == [0, 20]  # each once
    assert line["seconds"] > 0
    assert min(values[0] for values in line["psnr"].values()) >= 60
    for name in ("mse", "psnr", "bound_unbiased", "bound_prior"):
        assert table[name].tolist() == line[name]["0"] + line[name]["20"]


def test_without_sigmas_each_example_has_a_grid_of_its_own(run):
    line = last_line(run(*DIGITS, "--ids", "8,13", "--trials", 2, "--json")[1])
    for id in ("8", "13"):
        assert line["sigma"][id][0] == 0
        assert len(line["sigma"][id]) == len(line["mse"][id]) == 12
    assert line["sigma"]["8"] != line["sigma"]["13"]


def test_an_interrupted_command_keeps_the_examples_that_are_done(run, monkeypatch):
    compute = Engine.compute

    def once(self, request, *more, **options):
        if getattr(request, "ids", ()) == (13,):
            raise KeyboardInterrupt
        return compute(self, request, *more, **options)

    monkeypatch.setattr(Engine, "compute", once)
    code, _, err = run(*DIGITS, "--ids", "8,13", "--sigmas", "0,1e-3")
    assert code == 130 and "what was finished is kept" in err
    data = DataSpec(name="digits", classes=("3", "8"))
    done = ReconstructionRequest(data=data, model=ModelSpec(kind="logistic"), ids=(8,), sigmas=(0.0, 1e-3))
    assert Engine().find(done) is not None
    assert Engine().find(dataclasses.replace(done, ids=(13,))) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*SEX[:3], "--attribute", "nobody"], "expected one of"),
        ([*SEX[:3], "--attribute", "bmi"], "--bins 4"),
        ([*SEX[:3], "--attribute", "progression"], "is the label"),
        ([*SEX[:3], "--attribute", "label"], "is the label"),
        (SEX[:3], "--attribute"),
        ([*SEX, "--bins", "1"], "bins"),
        ([*SEX, "--bins", "2"], "bins: expected none for 'sex'"),
        ([*SEX[:3], "--attribute", "bmi", "--bins", "1000"], "bins: expected 2 to 155"),
        ([*SEX[:3], "--attribute", "bmi", "--bins", "0"], "bins: expected a whole number >= 1"),
        ([*SEX[:3], "--attribute", "bmi", "--bins", "some"], "whole number"),
        ([*SEX[:3], "--attribute", ""], "attribute: expected the name"),
        ([*SEX[:3], "--attribute", "99"], "column number below 10"),
        (["attack-attribute", "--data", "breast-cancer", "--attribute", "mean radius"], "--bins 4"),
        (["attack-attribute", "--data", "synthetic:50x9", "--attribute", "attribute=a"], "one column of attribute"),
        (["attack-attribute", "--data", "synthetic:50x9", "--attribute", "attribute", "--bins", "2"], "expected none"),
        ([*SEX, "--sigmas", "0.1,0.1"], "got 0.1 more than once"),
        ([*SEX, "--sigmas", "1e200"], "sigmas: expected"),
        ([*SEX, "--sigmas", ""], "numbers between commas"),
        ([*SEX, "--trials", "-5"], "trials: expected"),
        ([*SEX, "--trials", "100001"], "at most 100,000"),
        ([*SEX, "--attackers", "ideal,ideal"], "each once"),
        ([*SEX, "--l2", "-1"], "l2: expected"),
        ([*SEX, "--sigmas", "0,-1"], "sigmas: expected"),
        ([*SEX, "--sigmas", "a,b"], "numbers between commas"),
        ([*SEX, "--sigmas", "nan"], "sigmas: expected"),
        ([*SEX, "--trials", "0"], "trials: expected"),
        ([*SEX, "--trials", "many"], "whole number"),
        ([*SEX, "--seed", "-1"], "seed: expected"),
        ([*SEX, "--attackers", "nobody"], "attackers: expected one of"),
        ([*SEX, "--model", "logistic"], "model"),
        ([*SEX, "--out", "table.xlsx"], "parquet"),
        (["attack-attribute", "--data", "digits", "--attribute", "3"], "expected a table"),
        ([*SEX, "--pca", "3"], "without pca"),
        ([*DIGITS, "--ids", "0"], "--ids: expected one of the 299 training examples"),
        ([*DIGITS, "--ids", "8,0"], "expected one of the 299 training examples"),
        ([*DIGITS, "--ids", "-1"], "--ids: expected the id of one of the 299 training examples, such as 8; got '-1'"),
        ([*DIGITS, "--ids", "9" * 30], "--ids: expected the id of one of the 299 training examples"),
        ([*DIGITS, "--ids", "8,x"], "got 'x'"),
        ([*DIGITS, "--ids", ""], "--ids: expected names between commas"),
        ([*DIGITS, "--ids", "8", "--trials", "100001"], "at most 100,000"),
        ([*DIGITS, "--ids", "8", "--sigmas", "inf"], "--sigmas: expected"),
        ([*DIGITS, "--ids", "8", "--out", "table"], "parquet"),
        (DIGITS, "--ids"),
        ([*DIGITS, "--ids", "8", "--sigmas", "-1"], "sigmas: expected"),
        ([*DIGITS, "--ids", "8", "--trials", "0"], "trials: expected"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_ends_with_one_readable_line(arguments, said, run):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    assert err.startswith("fil_core: ")
    assert said in err


@pytest.mark.parametrize(
    "arguments",
    [
        [*DIGITS, "--l2", "0", "--ids", "8"],
        ["attack-reconstruct", "--data", "synthetic:20x20", "--ids", "0", "--l2", "0"],
    ],
    ids=["a pixel that is always black", "an example that cannot be spared"],
)
def test_what_only_training_finds_out_is_one_line_too(arguments, run):
    code, out, err = run(*arguments, "--json")
    *before, line = err.splitlines()
    assert (code, out) == (2, "")
    assert all(text.startswith(("training: ", "reconstructing ")) for text in before), err
    assert line.startswith(("fil_core: The curvature ", "fil_core: attack: without this example ")) and "l2 > 0" in line


def test_an_attribute_in_another_case_is_the_same_request(run):
    for command in (["fil", "--data", "diabetes"], SEX[:3]):
        before = len(Engine().store.entries())
        for name in ("sex", "SEX"):
            code, _, err = run(*command, "--attribute", name)
            assert code == 0, err
        added = [entry.request for entry in Engine().store.entries()][: len(Engine().store.entries()) - before]
        assert [request["attribute"] for request in added if "attribute" in request] in ([["sex"]], ["sex"])
