"""`fil --in-blocks`: the numbers of the same rows in memory, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fil_core.cli import blocks

N = 300
rng = np.random.default_rng(6)
X = rng.normal(size=(N, 3))
HERE = ("--in-blocks", "--workers", "1")  # no processes to start
SIDES = np.where(X @ [1.0, -0.5, 0.2] + rng.normal(size=N) > 0, 3.0, 1.0)  # neither 0 and 1 nor in that order


@pytest.fixture
def matrix(tmp_path) -> Path:
    """Three features, a regression's target in column 3, classes 1 and 3 in column 4, row numbers in column 5."""
    path = tmp_path / "m.npy"
    np.save(path, np.column_stack([X, X @ [0.3, 0.2, 0.1] + rng.normal(size=N), SIDES, np.arange(N)]))
    return path


def measured(run, folder: Path, *arguments) -> tuple[pd.DataFrame, dict]:
    out = folder / "out.parquet"
    code, said, err = run("fil", *arguments, "--out", out, "--json")
    assert code == 0, err
    return pd.read_parquet(out), json.loads(said.splitlines()[-1])


@pytest.mark.parametrize(
    ("columns", "model"),
    [
        (["--target", "4", "--leave-out", "3,5"], ["--model", "logistic", "--l2", "0.02", "--workers", "2"]),
        (["--target", "4", "--leave-out", "3", "--id", "5"], ["--workers", "1"]),
        (["--target", "3", "--leave-out", "4,5"], ["--l2", "0.01", "--sigma", "2", "--workers", "1"]),
        (["--target", "3", "--leave-out", "4,5", "--pca", "2"], ["--l2", "0.01", "--workers", "2"]),
    ],
    ids=["logistic", "an id", "a regression", "a regression of principal components"],
)
@pytest.mark.parametrize("preprocess", ["standardise", "unit-ball", "none"])
def test_rows_in_blocks_leak_what_they_leak_in_memory(columns, model, preprocess, run, matrix, tmp_path):
    arguments = ("--data", matrix, *columns, *model, "--preprocess", preprocess)
    found, said = measured(run, tmp_path, *arguments, "--in-blocks")
    whole, there = measured(run, tmp_path, *arguments, "--test-fraction", "0", "--no-intercept")
    np.testing.assert_allclose(found["eta"], whole["eta"], rtol=1e-9)
    assert found["id"].tolist() == whole["id"].tolist() == list(range(N))
    assert (said["n"], said["d"], said["test_score"]) == (N, there["d"], None)
    assert said["score"] == there["score"]
    assert not said["cached"]


def test_targets_may_stand_in_a_file_of_their_own_and_a_suffix_in_capitals(run, matrix, tmp_path):
    np.save(tmp_path / "X.npy", X)
    (tmp_path / "X.npy").rename(tmp_path / "X.NPY")
    np.save(tmp_path / "y.npy", SIDES)
    own, _ = measured(run, tmp_path, "--data", tmp_path / "X.NPY", "--target", tmp_path / "y.npy", *HERE)
    one, _ = measured(run, tmp_path, "--data", matrix, "--target", "4", "--leave-out", "3,5", *HERE)
    assert own["eta"].tolist() == one["eta"].tolist()


def test_the_target_decides_what_it_is_unless_a_person_does(run, matrix, tmp_path):
    arguments = ("--data", matrix, "--leave-out", "3,5", "--target", "4", *HERE)
    classes, said = measured(run, tmp_path, *arguments)
    assert said["score"] == "accuracy"
    named, _ = measured(run, tmp_path, *arguments, "--classes", "1,3")
    assert named["eta"].tolist() == classes["eta"].tolist()
    asked, _ = measured(run, tmp_path, *arguments, "--task", "classification")
    assert asked["eta"].tolist() == classes["eta"].tolist()
    numbers, said = measured(run, tmp_path, *arguments, "--task", "regression")
    assert said["score"] == "mean squared error"
    assert numbers["eta"].tolist() != classes["eta"].tolist()


def test_what_a_reader_must_know_goes_to_stderr(run, tmp_path):
    """A column that nearly repeats another."""
    near = X[:, 0] + 1e-7 * rng.normal(size=N)
    np.save(tmp_path / "m.npy", np.column_stack([X, near, X @ [0.3, 0.2, 0.1] + rng.normal(size=N)]))
    arguments = ("--data", tmp_path / "m.npy", "--target", "4", "--l2", "0")
    _, _, blocks_said = run("fil", *arguments, *HERE)
    _, _, said = run("fil", *arguments, "--test-fraction", "0")
    ill = "note: The curvature's condition number is "
    assert ill in said
    assert ill in blocks_said


def test_a_target_without_spread_has_no_standard_units(run, tmp_path):
    np.save(tmp_path / "m.npy", np.column_stack([X, np.full(N, 2.5)]))
    code, _, err = run("fil", "--data", tmp_path / "m.npy", "--target", "3", "--task", "regression", *HERE)
    assert code != 0
    assert "target: expected values that differ; all 300 rows have 2.5" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "6"], "--target: expected one that m.npy has; its shape is (300, 6), got 6"),
        ([], "--target: expected a column's number, or a second .npy file"),
        (["--target", "none.npy"], "--target: expected a column's number or a .npy file; none.npy is neither"),
        (["--target", "4", "--leave-out", "x"], "--leave-out: expected a column's number, from 0; got 'x'"),
        (["--target", "4", "--leave-out", "6"], "columns: expected numbers from 0 to 5; got 6"),
        (["--target", "4", "--leave-out", "0,1,2,3,5"], "features: expected at least one column"),
        (["--target", "4", "--id", "x"], "--id: expected a column's number"),
        (["--target", "4", "--classes", "a,b"], "--classes: expected two numbers of the target column; got 'a'"),
        (["--target", "4", "--classes", "1,2"], "target: expected 1 or 2, the two classes; got 3"),
        (["--target", "4", "--classes", "1,3", "--task", "regression"], "--classes: expected without --task"),
        (["--target", "3", "--task", "classification"], "--task: expected a target of two whole numbers"),
        (["--target", "3", "--model", "logistic"], "expected least-squares"),
        (["--target", "4", "--test-fraction", "0.2"], "--in-blocks: expected --test-fraction 0"),
        (["--target", "4", "--device", "cuda"], "--in-blocks: expected --device cpu or auto"),
        (["--target", "4", "--scores", "s.csv"], "--in-blocks: expected without --scores"),
        (["--target", "4", "--parameters", "p.npz"], "--in-blocks: expected without --parameters"),
        (["--target", "4", "--missing", "drop"], "--in-blocks: expected without --missing"),
        (["--target", "4", "--sensitive", "1"], "--in-blocks: expected without --sensitive"),
        (["--target", "4", "--attribute", "1"], "--in-blocks: expected without --attribute"),
        (["--target", "4", "--subset", "9"], "--in-blocks: expected without --subset"),
        (["--target", "4", "--label-noise", "0.1"], "--in-blocks: expected without --label-noise"),
        (["--target", "4", "--vocabulary", "9"], "--in-blocks: expected without --vocabulary"),
    ],
)
def test_what_blocks_cannot_do_is_said_before_anything_runs(arguments, message, run, matrix):
    code, out, err = run("fil", "--data", matrix, *HERE, *arguments)
    assert code != 0
    assert out == ""
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["m.csv", "nothing.npy", "own:m-000000000000"])
def test_only_a_matrix_is_read_in_blocks(name, run, tmp_path):
    (tmp_path / "m.csv").write_text("a,b\n1,2\n")
    code, _, err = run("fil", "--data", tmp_path / name, "--target", "0", *HERE)
    assert code != 0
    assert "--in-blocks: expected a .npy matrix" in err


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (np.array(["a", "b"] * 150), "y.npy: expected a .npy file of numbers; got <U1"),
        (np.array([1, None] * 150), "y.npy: expected numbers or texts; got Python objects"),
        (np.ones((N, 1)), "--target: expected one that y.npy has; its shape is (300, 1)"),
        (np.full(N, 2.0), "expected targets that differ; the first 300 are all 2"),
        (np.full(N, True), "expected targets that differ; the first 300 are all 1"),
        (SIDES[:-1], "target: expected one number for each of 300 rows; got shape (299,)"),
        (np.where(np.arange(N) == 7, np.nan, SIDES), "target: expected finite numbers; row 7 has another"),
    ],
    ids=["texts", "objects", "a matrix", "one value", "one truth", "too few", "NaN"],
)
def test_targets_that_are_none_are_said(targets, message, run, matrix, tmp_path):
    np.save(tmp_path / "y.npy", targets, allow_pickle=True)
    code, _, err = run("fil", "--data", matrix, "--target", tmp_path / "y.npy", *HERE)
    assert code != 0
    assert message in err


def test_a_file_that_is_sorted_by_its_classes_does_not_pass_for_a_regression(run, matrix, tmp_path, monkeypatch):
    """Its beginning has one class; which of the two was meant cannot be told from there."""
    np.save(tmp_path / "y.npy", np.sort(SIDES))
    monkeypatch.setattr(blocks, "_PEEKED", 20)
    arguments = ("--data", matrix, "--leave-out", "3,4,5", "--target", tmp_path / "y.npy", *HERE)
    code, _, err = run("fil", *arguments)
    assert code != 0
    assert "the first 20 are all 1. Name the two classes (--classes A,B), or choose --task regression." in err
    assert measured(run, tmp_path, *arguments, "--classes", "1,3")[1]["score"] == "accuracy"
