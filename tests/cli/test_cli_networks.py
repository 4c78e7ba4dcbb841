"""The commands about networks, from the command line to their table: what they print, write and refuse."""

from __future__ import annotations

import math
import os

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.cli.test_cli import last_line as parsed

DIGITS = ["--data", "digits", "--subset", 60]
PAIR = ["--data", "digits", "--classes", "3,8", "--subset", 60]
SMALL = ["--width", 8, "--time", 10, "--lr", 0.3]
COLUMNS = ["id", "label", "si_weights", "f_si", "si_sgd", "training_change"]
KEYS = {"parameters", "outputs", "step_eigenvalue", "monotone", "kernel_condition", "seconds"}
TRUTH = {f"{what}_{of}" for what in ("pearson", "spearman", "slope") for of in ("weights", "predictions")}


def last_line(answer):
    code, out, err = answer
    assert code == 0, err
    assert len(out.splitlines()) == 1
    return parsed(out)


def refused(answer, *texts):
    """The last line on stderr says why; nothing but notes and progress before it, nothing on stdout."""
    code, out, err = answer
    *before, line = err.splitlines()
    assert (code, out) == (2, ""), err
    assert line.startswith("fil_core: ") and all(text in line for text in texts), err
    assert not any(text.startswith(("fil_core", "Traceback", " ")) for text in before), err


def sequence(*sizes: int) -> dict[str, torch.Tensor]:
    """Weights as a person has them, of single precision and drawn with a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        return nn.Sequential(nn.Linear(*sizes[:2]), nn.ReLU(), nn.Linear(*sizes[1:])).state_dict()


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file(sequence(64, 8, 1), path)
    return path


# --- what they print and write --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_unique_information_of_every_example(run, tmp_path, suffix):
    path = tmp_path / f"out.{suffix}"
    line = last_line(run("unique-info", *DIGITS, *SMALL, "--out", path, "--json"))
    assert line.keys() >= KEYS
    assert (line["n"], line["parameters"], line["outputs"], line["monotone"]) == (60, 64 * 8 + 8 + 80 + 10, 10, True)
    assert 0 < line["step_eigenvalue"] < 2 and line["seconds"] > 0
    table = pd.read_csv(path) if suffix == "csv" else pd.read_parquet(path)
    assert list(table.columns[: len(COLUMNS)]) == COLUMNS
    assert len(table) == table["id"].nunique() == 60
    assert (table[COLUMNS[2:]] >= 0).all(axis=None) and np.isfinite(table[COLUMNS[2:]]).all(axis=None)
    assert set(table["label"].astype(str)) == set("0123456789")


def test_the_second_call_is_answered_from_the_store(run):
    lines = [last_line(run("unique-info", *PAIR, *SMALL, "--json", *more)) for more in ((), (), ("--force",))]
    assert [line["cached"] for line in lines] == [False, True, False]
    numbers = [{key: value for key, value in line.items() if key in KEYS - {"seconds"}} for line in lines]
    assert numbers[0] == numbers[1] == numbers[2]


def test_a_group_and_a_partner(run, tmp_path):
    ids = pd.read_csv(written(run, tmp_path / "all.csv", "unique-info", *PAIR, *SMALL))["id"]
    path, named = tmp_path / "pairs.csv", f"{ids[0]},{ids[3]},{ids[0]}"
    asked = ["unique-info", *PAIR, *SMALL, "--group", named, "--pairs-with", ids[0], "--out", path, "--json"]
    line, table = last_line(run(*asked)), pd.read_csv(path, index_col="id")
    both = table.loc[ids[[0, 3]], "f_si"].sum()
    assert line["group"]["f_si_sum"] == pytest.approx(both, rel=1e-9)
    interaction = line["group"]["f_si"] - both
    assert table.loc[ids[3], "interaction_predictions"] == pytest.approx(interaction, rel=1e-6, abs=1e-12)
    assert math.isnan(table.loc[ids[0], "interaction_predictions"])


def written(run, path, *arguments):
    assert run(*arguments, "--out", path)[0] == 0
    return path


@pytest.mark.parametrize(
    "options", [["--width", 8, "--l2", 0.05], ["--network", "linear", "--l2", 0.1]], ids=["mlp", "linear"]
)
def test_the_limit_of_infinitely_many_steps(run, options):
    line = last_line(run("unique-info", *PAIR, "--time", "inf", *options, "--json"))
    assert line.keys() >= KEYS
    assert line["monotone"] is None  # no real run of training is watched
    assert line["parameters"] == (65 if "linear" in options else 64 * 8 + 8 + 9)


def test_many_steps_come_near_their_limit(run, tmp_path):
    asked = ["unique-info", *PAIR, "--network", "linear", "--lr", 0.5, "--l2", 0.1]
    last, limit = (
        pd.read_csv(written(run, tmp_path / f"{time}.csv", *asked, "--time", time)) for time in (2000, "inf")
    )
    for name in ("si_weights", "f_si"):  # the slowest direction has (1 - 0.5 * 0.1)^2000 left: below round-off
        assert last[name].to_numpy() == pytest.approx(limit[name].to_numpy(), rel=1e-6)


def test_the_truth_beside_unique_information(run, tmp_path):
    path = tmp_path / "out.csv"
    line = last_line(run("ground-truth", *PAIR, *SMALL, "--examples", 12, "--out", path, "--json"))
    assert line.keys() >= KEYS | TRUTH
    assert line["examples"] == 12 and line["outputs"] == 1
    assert line["pearson_predictions"] > 0.9
    assert 0.5 < line["slope_predictions"] < 2
    table = pd.read_csv(path)
    assert set(COLUMNS) <= set(table.columns) and len(table) == 12
    change, said = table["prediction_change"], table["f_si"]
    assert line["slope_predictions"] == pytest.approx((said @ change) / (said @ said), rel=1e-9)
    assert line["pearson_weights"] == pytest.approx(table["si_weights"].corr(table["weights_change"]), rel=1e-9)
    assert line["spearman_weights"] == pytest.approx(
        table["si_weights"].corr(table["weights_change"], method="spearman"), rel=1e-9
    )


def test_of_a_linear_network_unique_information_is_the_truth(run):
    line = last_line(run("ground-truth", *PAIR, "--network", "linear", "--time", 30, "--examples", 8, "--json"))
    for of in ("weights", "predictions"):  # round-off of thirty steps
        assert line[f"slope_{of}"] == pytest.approx(1, rel=1e-8)
        assert line[f"pearson_{of}"] == pytest.approx(1, rel=1e-8)
        assert line[f"relative_error_{of}"] < 1e-8


def test_a_language_model_is_trained_on_mini_batches_and_again_without_a_line(run):
    text = ["--data", "grammar", "--subset", 60, "--vocabulary", 40, "--network", "lstm", "--width", 6]
    text += ["--embedding", 6, "--tied", "--time", 12, "--lr", 0.05, "--batch-size", 16]
    line = last_line(run("train", *text, "--json"))
    cell, output = (6 + 6 + 1) * 4 * 6, 40
    assert line["parameters"] == 40 * 6 + cell + output and (line["outputs"], line["steps"]) == (40, 12)
    assert (line["score"], line["batch"], line["monotone"]) == ("perplexity", 16, None)
    assert 1 < line["test_score"] < 60 and 1 < line["trigram_perplexity"] < 40
    said = run("train", *text)
    assert "interpolated trigrams have" in said[1] and "each took 16 examples" in said[1]
    assert last_line(run("retrain", *text, "--without", "random", "--draws", "0,1", "--json"))["runs"] == 2
    refused(run("train", *text, "--batch-size", 61), "--batch-size: expected at most the 60 training examples; got 61")
    refused(run("train", *text, "--depth", 3), "--depth: expected at most 2 layers of lstm; got 3")
    refused(run("unique-info", *text), "lstm puts out 40 for every token")


def test_training_and_training_again(run, tmp_path):
    line = last_line(run("train", *DIGITS, *SMALL, "--json"))
    assert (line["n"], line["parameters"], line["outputs"], line["steps"]) == (60, 610, 10, 10)
    assert line["loss_end"] < line["loss_start"] and line["monotone"] is True
    assert 0 <= line["test_score"] <= 1 and line["seconds"] > 0
    ids = pd.read_csv(written(run, tmp_path / "all.csv", "unique-info", *PAIR, *SMALL))["id"]
    path = tmp_path / "again.csv"
    line = last_line(run("retrain", *PAIR, *SMALL, "--ids", f"{ids[0]},{ids[5]}", "--out", path, "--json"))
    table = pd.read_csv(path)
    assert (line["runs"], line["steps"]) == (2, 10)
    assert table["examples"].tolist() == [59, 59] and (table["weights_change"] > 0).all()
    line = last_line(run("retrain", *PAIR, *SMALL, "--without", "random", "--draws", "0,1,2", "--json"))
    assert line["runs"] == 3


def test_training_on_a_share_of_the_examples(run, tmp_path):
    path = tmp_path / "out.csv"
    line = last_line(run("summarise", *PAIR, *SMALL, "--keep", "0.5,0.2", "--seeds", 3, "--out", path, "--json"))
    table = pd.read_csv(path)
    assert (line["n"], line["by"], line["score"]) == (60, "f_si", "accuracy")
    assert [(one["keep"], one["kept"]) for one in line["scores"]] == [
        (share, kept) for share in (0.2, 0.5) for kept in ("least unique", "most unique", "random")
    ]
    assert table.groupby("keep")["examples"].unique().map(list).to_dict() == {0.2: [12], 0.5: [30]}
    assert len(table) == 2 * (2 + 3)
    means = table.groupby(["keep", "kept"])["test_score"].mean()
    assert [one["mean"] for one in line["scores"]] == pytest.approx(means.tolist(), rel=1e-12)


@pytest.mark.parametrize(
    "arguments",
    [
        ("unique-info",),
        ("ground-truth", "--examples", 3),
        ("summarise", "--keep", 0.5, "--seeds", 1),
        ("train",),
        ("retrain", "--without", "random", "--draws", 0),
    ],
    ids=lambda each: each[0],
)
def test_words_for_a_person(run, arguments):
    command, *more = arguments
    code, out, _ = run(command, *PAIR, *SMALL, *more)
    assert code == 0
    assert "{" not in out and "**" not in out and out.splitlines()[-1].startswith("Computed in ")


# --- weights to start from ------------------------------------------------------------------------------------------


def test_weights_of_pytorch_are_the_start(run, weights, tmp_path):
    """Those that a seed draws, in a file, give what the seed gives: PyTorch's own start is the standard one."""
    asked = ["unique-info", *PAIR, *SMALL]
    of_file = pd.read_csv(written(run, tmp_path / "file.csv", *asked, "--initial", weights), index_col="id")
    seeded = pd.read_csv(written(run, tmp_path / "seed.csv", *asked, "--init-seed", 7), index_col="id")
    other = pd.read_csv(written(run, tmp_path / "other.csv", *asked), index_col="id")
    pd.testing.assert_frame_equal(of_file, seeded, check_exact=True)
    assert not np.allclose(of_file["f_si"], other["f_si"])


def test_every_command_takes_weights_to_start_from(run, weights):
    loss = last_line(run("train", *PAIR, *SMALL, "--init-seed", 7, "--json"))["loss_start"]
    assert last_line(run("train", *PAIR, *SMALL, "--initial", weights, "--json"))["loss_start"] == loss
    truth = last_line(run("ground-truth", *PAIR, *SMALL, "--examples", 3, "--initial", weights, "--json"))
    assert truth["loss_start"] == loss
    share = ["summarise", *PAIR, *SMALL, "--keep", 0.5, "--seeds", 1, "--json"]
    starts = (["--initial", weights], ["--init-seed", 7])
    assert last_line(run(*share, *starts[0]))["scores"] == last_line(run(*share, *starts[1]))["scores"]


@pytest.mark.parametrize(
    ("tensors", "texts"),
    [
        (sequence(64, 9, 10), ("--initial: mine.safetensors", "0.weight (expected (8, 64), got (9, 64))", "--width")),
        (sequence(64, 8, 3), ("--initial: mine.safetensors", "2.weight (expected (10, 8), got (3, 8))")),
        ({f"net.{k}": v for k, v in sequence(64, 8, 10).items()}, ("--initial", "0.weight", "net.0.bias")),
        ({k: v for k, v in sequence(64, 8, 10).items() if k != "2.bias"}, ("--initial: mine", "2.bias missing")),
        (sequence(64, 8, 10) | {"0.bias": torch.full((8,), torch.nan)}, ("--initial", "mine", "nan in 0.bias")),
        (sequence(64, 8, 10) | {"0.bias": torch.ones(8, dtype=torch.complex64)}, ("--initial", "mine", "0.bias")),
        ({}, ("--initial", "mine.safetensors", "got 0")),
    ],
    ids=["width", "outputs", "names", "missing", "NaN", "complex", "none"],
)  # fmt: skip
def test_weights_of_another_network_are_refused(run, tensors, texts, tmp_path):
    save_file(tensors, tmp_path / "mine.safetensors")
    for command in ("unique-info", "train"):
        refused(run(command, *DIGITS, *SMALL, "--initial", tmp_path / "mine.safetensors"), *texts)


def test_what_is_no_file_of_weights_is_refused(run, tmp_path):
    asked = ["unique-info", *DIGITS, *SMALL, "--initial"]
    refused(run(*asked, tmp_path / "none.safetensors"), "none.safetensors: expected a file")
    refused(run(*asked, tmp_path), "expected a file")
    refused(run(*asked, "0" * 64), "--initial", "not in this store")
    np.savez(tmp_path / "mine.npz", a=np.ones(3))
    refused(run(*asked, tmp_path / "mine.npz"), "--initial", "expected a .safetensors file; got mine.npz")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"\x08" + bytes(40))
    refused(run(*asked, damaged), "--initial", "damaged.safetensors cannot be read")


def test_the_weights_are_never_replaced(run, weights, tmp_path):
    content = weights.read_bytes()
    asked = ["unique-info", *PAIR, *SMALL, "--initial", weights, "--out"]
    refused(run(*asked, weights), "--out", ".parquet or .csv")
    link = tmp_path / "link.csv"
    os.link(weights, link)
    refused(run(*asked, link), "--out", "the one that --initial names")
    link.unlink()
    link.symlink_to(weights)
    refused(run(*asked, link), "--out")
    assert weights.read_bytes() == content


# --- what is refused ------------------------------------------------------------------------------------------------

DIABETES = ["--data", "diabetes", "--subset", 60]


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["--time", 0], ("--time", "got 0")),
        (["--time", -1], ("--time", "got -1")),
        (["--time", "x"], ("--time", "'x'")),
        (["--time", "1.5"], ("--time", "'1.5'")),
        (["--time", 1_000_001], ("--time", "1,000,000")),
        (["--network", "vgg"], ("--network", "linear, mlp, cnn, resnet18", "'vgg'")),
        (["--width", 0], ("--width", "got 0")),
        (["--width", 65_537], ("--width", "65,536")),
        (["--depth", 0], ("--depth", "got 0")),
        (["--activation", "sigmoid"], ("--activation", "'sigmoid'")),
        (["--scaling", "mup"], ("--scaling", "'mup'")),
        (["--precision", "float16"], ("--precision", "'float16'")),
        (["--lr", 0], ("--lr", "got 0")),
        (["--lr", "nan"], ("--lr", "nan")),
        (["--l2", -1], ("--l2", "got -1")),
        (["--init-seed", -1], ("--init-seed", "-1")),
        (["--pca", 8, "--network", "cnn"], ("--network", "principal components")),
        ([*DIABETES, "--network", "cnn"], ("--network", "images for cnn", "a table")),
        ([*DIABETES, "--network", "resnet18"], ("--network", "images for resnet18", "a table")),
    ],
    ids=lambda each: " ".join(map(str, each)) if isinstance(each, list) else "",
)
def test_a_network_that_cannot_be_is_refused_by_every_command(run, arguments, texts):
    for command, more in (
        ("unique-info", []),
        ("train", []),
        ("ground-truth", ["--examples", 3]),
        ("summarise", []),
        ("retrain", ["--without", "random", "--draws", 0]),
    ):
        small = SMALL if "--network" not in arguments else SMALL[2:]  # only mlp has a width
        refused(run(command, *([] if "--data" in arguments else DIGITS), *small, *more, *arguments), *texts)


@pytest.mark.parametrize(
    ("command", "arguments", "texts"),
    [
        ("unique-info", ["--validation-size", 361], ("--validation-size", "360 test rows", "361")),
        ("unique-info", ["--validation-size", 0], ("--validation-size", "got 0")),
        ("unique-info", ["--group", 8], ("--group", "at least two")),
        ("unique-info", ["--group", "8,8"], ("--group", "at least two")),
        ("unique-info", ["--group", "8,100000"], ("--group", "got 100000")),
        ("unique-info", ["--group", "8,abc"], ("--group", "'abc'")),
        ("unique-info", ["--pairs-with", 100000], ("--pairs-with", "got 100000")),
        ("unique-info", ["--kernel", "fast"], ("--kernel", "'fast'")),
        ("unique-info", ["--batch", 0], ("--batch", "got 0")),
        ("unique-info", ["--lr", 50], ("--lr", "got 50", "Take lr below")),
        ("ground-truth", ["--lr", 50, "--examples", 3], ("--lr", "got 50", "Take lr below")),
        ("ground-truth", ["--examples", 1], ("--examples", "at least 3")),
        ("ground-truth", ["--time", "inf"], ("--time", "got inf")),
        ("train", ["--time", "inf"], ("--time", "got inf")),
        ("train", ["--time", 500, "--lr", 5e5], ("--lr", "500000", "smaller")),
        ("retrain", ["--time", "inf", "--ids", 8], ("--time", "got inf")),
        ("retrain", [], ("--ids", "got none")),
        ("retrain", ["--ids", 100000], ("--ids", "got 100000")),
        ("retrain", ["--without", "random"], ("--draws", "got none")),
        ("summarise", ["--time", "inf"], ("--time", "got inf")),
        ("summarise", ["--keep", "1"], ("--keep", "below 1")),
        ("summarise", ["--keep", "0.001"], ("--keep", "at least 2")),
        ("summarise", ["--keep", "x"], ("--keep", "'x'")),
        ("summarise", ["--seeds", 0], ("--seeds", "got 0")),
        ("summarise", ["--by", "eta"], ("--by", "'eta'")),
    ],
    ids=lambda each: " ".join(map(str, each)) if isinstance(each, list) else each if isinstance(each, str) else "",
)
def test_what_a_command_cannot_answer_is_refused(run, command, arguments, texts):
    refused(run(command, *DIGITS, *SMALL, *arguments), *texts)


def test_copies_of_an_example_have_no_limit_without_decay(run, tmp_path):
    """Two equal rows are equal rows of the kernel: one of its eigenvalues is zero, and descent has no single limit."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 30)), np.arange(20) % 2
    asked = ["unique-info", "--network", "mlp", "--width", 16, "--time", "inf", "--lr", 0.01]
    for name, copied in (("different", False), ("copied", True)):
        X_train = X.copy()
        if copied:
            X_train[5] = X_train[8]
        path = tmp_path / f"{name}.npz"
        np.savez(path, X=X_train, y=y, X_test=X + 0.1, y_test=y)
        if not copied:
            assert run(*asked, "--data", path)[0] == 0
            continue
        refused(run(*asked, "--data", path), "--time", "1 of its 20 are zero", "l2 above 0")
        assert run(*asked, "--data", path, "--l2", 0.01)[0] == 0


def test_predictions_are_compared_on_test_rows(run, tmp_path):
    np.savez(tmp_path / "bare.npz", X=np.random.default_rng(0).normal(size=(20, 3)), y=np.arange(20) % 2)
    refused(
        run("unique-info", "--data", tmp_path / "bare.npz", "--test-fraction", 0, *SMALL),
        "--validation-size", "has none", "--test-fraction",
    )  # fmt: skip
