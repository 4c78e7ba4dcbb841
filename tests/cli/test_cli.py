"""The command line: what it prints where, what it writes, and how it says no."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.reproduce import command
from fil_core.data import fetch, loading
from fil_core.data.registry import source_of
from fil_core.specs import DataSpec, ModelSpec

# The contract of the JSON line; further keys are allowed.
KEYS = [
    "n", "d", "eta_mean", "eta_std", "eta_min", "eta_median", "eta_max",
    "train_score", "test_score", "converged", "seconds", "peak_memory_mib", "cached", "notes",
]  # fmt: skip
COLUMNS = ["id", "label", "eta", "dfil", "loss", "grad_norm"]
DIGITS = ["--data", "digits", "--classes", "0,1", "--l2", "1e-3"]


def last_line(out):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(out.splitlines()[-1], parse_constant=refuse)


# --- what it prints -------------------------------------------------------------------------------------------------


def test_the_json_line_is_the_last_and_only_one_on_stdout(run):
    code, out, err = run("fil", *DIGITS, "--json")
    assert code == 0
    assert len(out.splitlines()) == 1
    assert out.endswith("\n")
    line = last_line(out)
    assert line.keys() >= set(KEYS)
    assert "training" in err
    assert "training:" not in out and line["notes"] and all(f"note: {note}" in err for note in line["notes"])
    assert (line["n"], line["d"], line["converged"], line["cached"]) == (284, 64, True, False)
    assert 0 < line["eta_min"] < line["eta_median"] < line["eta_max"]
    assert line["eta_min"] < line["eta_mean"]
    assert 0.9 < line["train_score"] <= 1
    assert 0.9 < line["test_score"] <= 1
    assert line["seconds"] > 0
    assert 10 < line["peak_memory_mib"] < 100_000


def test_the_second_call_is_answered_from_the_store_unless_forced(run):
    lines = [last_line(run("fil", *DIGITS, "--json", *more)[1]) for more in ((), (), ("--force",), ())]
    assert [line["cached"] for line in lines] == [False, True, False, True]
    numbers = [{k: v for k, v in line.items() if k in KEYS[:10]} for line in lines]
    assert numbers[0] == numbers[1] == numbers[2] == numbers[3]


def test_without_json_it_speaks_in_words(run):
    code, out, _ = run("fil", *DIGITS)
    assert code == 0
    assert "284 training examples, 64 features" in out
    assert "Accuracy" in out
    assert "{" not in out
    assert "(stored result)" in run("fil", *DIGITS)[1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--data diabetes --l2 0.1", {"n": 353, "d": 10, "score": "mean squared error"}),
        ("--data digits --classes 3,8 --pca 5 --model logistic", {"d": 5, "score": "accuracy"}),
        ("--data digits --classes 1,2,7 --pca 4 --model softmax --l2 0.01", {"d": 4}),
        ("--data synthetic:200x9 --attribute attribute --sigma 2", {"n": 200, "d": 9}),
        ("--data synthetic:200x9 --attribute 7,8 --simplex --subset 50 --seed 3 --preprocess none", None),
        ("--data breast-cancer --device cpu", {"n": 455, "d": 30}),
    ],
)
def test_options_reach_the_engine(arguments, expected, run):
    code, out, err = run("fil", *arguments.split(), "--json")
    if expected is None:  # the coding of `attribute` leaves a level out, so the constraint is refused
        assert code == 2
        assert "leaves one out" in err
        return
    line = last_line(out)
    assert code == 0
    assert expected.items() <= line.items()


def test_sigma_divides_eta(run):
    one, four = (last_line(run("fil", *DIGITS, "--json", "--sigma", s)[1]) for s in ("1", "4"))
    assert one["eta_max"] / 4 == pytest.approx(four["eta_max"], rel=1e-12)
    assert one["train_score"] == four["train_score"]


def test_label_noise_is_named_by_the_command_that_reproduces_it(run, tmp_path, monkeypatch):
    noisy = ["--data", "digits", "--classes", "4,9", "--label-noise", "0.1", "--model", "logistic"]
    code, out, err = run("fil", *noisy, "--json", "--out", tmp_path / "one.parquet")
    assert code == 0, err
    n = last_line(out)["n"]
    assert any(f"labels ({round(0.1 * n)} of {n}) were replaced" in note for note in last_line(out)["notes"])
    spec = DataSpec(name="digits", classes=("4", "9"), label_noise=0.1)
    line = command(FilRequest(data=spec, model=ModelSpec(kind="logistic")))
    assert "--label-noise 0.1" in line
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "another"))
    words = line.split()[3:]
    code, _, err = run(*words[: words.index("--out")], "--out", tmp_path / "two.parquet")
    assert code == 0, err
    one, two = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    clean = loading.load(dataclasses.replace(spec, label_noise=None))
    assert (one.set_index("id")["label"].loc[clean.ids].to_numpy() != clean.labels).sum() == round(0.1 * n)
    refused(run("fil", "--data", "diabetes", "--label-noise", "0.1"), "--label-noise: expected none for a regression")


def test_data_lists_every_set_and_where_files_are_looked_for(run, tmp_path):
    code, out, _ = run("data", "--data-dir", tmp_path)
    assert code == 0
    assert str(tmp_path) in out
    state = {line.split()[0]: line for line in out.splitlines()}
    assert "ready" in state["digits"]
    assert "downloads on first use" in state["mnist"]
    assert "missing" in state["iwpc"]


def test_help_explains(run):
    for arguments in (["--help"], ["fil", "--help"]):
        code, out, err = run(*arguments)
        assert code == 0
        assert "usage" in out
        assert not err


def test_a_real_process_answers_in_the_same_way(tmp_path):
    command = [sys.executable, "-m", "fil_core", "fil", *DIGITS, "--json", "--out", str(tmp_path / "eta.parquet")]
    environment = os.environ | {"FIL_STORE_DIR": str(tmp_path / "store")}
    done = subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert last_line(done.stdout).keys() >= set(KEYS)
    assert "Warning" not in done.stderr
    assert pd.read_parquet(tmp_path / "eta.parquet").shape[0] == 284


# --- what it writes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suffix", "read"), [(".parquet", pd.read_parquet), (".csv", pd.read_csv)])
def test_a_table_has_one_row_per_example_and_the_id_as_a_column(suffix, read, run, tmp_path):
    path = tmp_path / f"eta{suffix}"
    code, out, _ = run("fil", *DIGITS, "--out", path, "--json")
    table = read(path)
    assert code == 0
    assert table.columns.tolist()[0] == "id"
    assert set(COLUMNS) <= set(table.columns)
    assert len(table) == 284
    assert table["id"].is_unique
    assert table["id"].is_monotonic_increasing
    line = last_line(out)
    assert table["eta"].max() == pytest.approx(line["eta_max"], rel=1e-12)
    assert table["eta"].std() == pytest.approx(line["eta_std"], rel=1e-12)  # n - 1
    assert set(table["label"].astype(str)) == {"0", "1"}
    assert table[COLUMNS].notna().all().all()


def test_parquet_and_csv_hold_the_same_numbers(run, tmp_path):
    for name in ("a.parquet", "b.csv"):
        assert run("fil", *DIGITS, "--out", tmp_path / name)[0] == 0
    one, other = pd.read_parquet(tmp_path / "a.parquet"), pd.read_csv(tmp_path / "b.csv")
    np.testing.assert_array_equal(one[["id", "eta", "loss"]], other[["id", "eta", "loss"]])


def test_a_stored_result_is_written_too_and_an_old_file_replaced(run, tmp_path):
    run("fil", *DIGITS)
    (tmp_path / "eta.csv").write_text("old")
    code, out, _ = run("fil", *DIGITS, "--out", tmp_path / "eta.csv", "--json")
    assert code == 0
    assert last_line(out)["cached"]
    assert len(pd.read_csv(tmp_path / "eta.csv")) == 284
    assert [p.name for p in tmp_path.iterdir() if "eta" in p.name or "part" in p.name] == ["eta.csv"]


# --- how it says no -------------------------------------------------------------------------------------------------


def refused(answer, *texts, trained=False):
    """One line on stderr and nothing on stdout; only what training finds out may come after lines of progress."""
    code, out, err = answer
    *before, line = err.splitlines()
    assert (code, out) == (2, "")
    assert line.startswith("fil_core: "), err
    assert before == [] or (trained and all(text.startswith("training: ") for text in before)), err
    assert all(text in line for text in texts), err


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ("--data nothing", ["expected one of digits", "'nothing'"]),
        ("--data synthetic:5x5", ["at least 10 rows"]),
        ("--data synthetic:9999999x9999999", ["synthetic:ROWSxCOLUMNS"]),
        ("--data digits --classes 0,ten", ["classes: expected some of", "ten"]),
        ("--data digits --classes 0", ["at least two labels"]),
        ("--data digits --classes 0,0", ["different labels"]),
        ("--data diabetes --classes 0,1", ["classes: expected none for a regression"]),
        ("--data digits --classes 0,1 --model softmax --l2 0", ["l2: expected a number > 0 for softmax"]),
        ("--data digits --classes 0,1 --pca 65", ["pca: expected at most 64", "got 65"]),
        ("--data digits --classes 0,1 --pca 0", ["pca: expected a whole number >= 1"]),
        ("--data digits --classes 0,1 --pca two", ["pca", "two"]),
        ("--data digits --classes 0,1 --l2 -1", ["l2: expected a finite number >= 0"]),
        ("--data digits --classes 0,1 --l2 nan", ["l2"]),
        ("--data digits --classes 0,1 --l2 much", ["l2", "expected a number", "much"]),
        ("--data digits --classes 0,1 --sigma 0", ["sigma: expected a finite number > 0"]),
        ("--data digits --classes 0,1 --sigma -1", ["sigma"]),
        ("--data digits --classes 0,1 --sigma nan", ["sigma"]),
        ("--data digits --classes 0,1 --sigma inf", ["sigma"]),
        ("--data digits --classes 0,1 --attribute hat", ["attribute: expected one of", "'hat'"]),
        ("--data digits --classes 0,1 --attribute 64", ["column number below 64"]),
        ("--data digits --classes 0,1 --pca 5 --attribute r00c00", ["attribute"]),
        ("--data digits --classes 0,1 --simplex", ["simplex: expected an attribute"]),
        ("--data synthetic:100x9 --attribute x0 --simplex --l2 1", ["simplex"]),
        ("--data digits --classes 0,1,2 --l2 1", ["expected softmax, got least-squares", "keep two"]),
        ("--data diabetes --model logistic", ["real-valued target", "expected least-squares"]),
        ("--data digits --classes 0,1 --subset 0", ["subset: expected a whole number >= 1"]),
        ("--data digits --classes 0,1 --subset 285", ["subset: expected at most the 284 training rows"]),
        ("--data digits --classes 0,1 --subset 2.5", ["subset", "2.5"]),
        ("--data digits --classes 0,1 --seed -1", ["seed"]),
        ("--data digits --classes 0,1 --model svm", ["--model", "svm"]),
        ("--data digits --classes 0,1 --preprocess whiten", ["--preprocess", "whiten"]),
        ("--data digits --classes 0,1 --device tpu", ["--device", "tpu"]),
        ("--data digits --classes 0,1 --out eta.xlsx", [".parquet or .csv"]),
        ("--data digits --classes 0,1 --out eta", [".parquet or .csv"]),
        ("--data digits --classes 0,1 --out /no/such/folder/eta.csv", ["/no/such/folder"]),
        ("--data digits --classes 0,1 --sigma 1e200", ["sigma", "1e+200"]),
        ("--data digits --classes 0,1 --sigma 1e-320", ["sigma"]),
        ("--data digits --classes 0,1 --l2 1e308", ["l2", "1e+308"]),
        ("--data digits --classes 0,1 --attribute ²", ["attribute: expected one of", "²"]),
        ("--data digits --classes 0,1 --attribute " + "9" * 5000, ["attribute: expected one of"]),
        ("--data digits --classes 0,,1", ["--classes", "between commas"]),
        ("--data digits --classes ,", ["--classes", "between commas"]),
        ("--data iwpc --data-dir ~no-such-user/x", ["--data-dir: expected a folder", "~no-such-user/x"]),
        ("--data diabetes --subset 1 --l2 1", ["expected at least two that differ"]),
        ("--colour red", ["--colour"]),
        ("--data", ["--data"]),
    ],
)
def test_bad_input_is_one_readable_line(arguments, texts, run):
    refused(run("fil", *arguments.split(), "--json"), *texts)


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ("fil --data nothing", "--data"),
        ("fil --data iwpc --data-dir ~no-such-user/x", "--data-dir"),
        ("fil --data digits --seed -1", "--seed"),
        ("fil --data digits --subset 0", "--subset"),
        ("fil --data digits --classes 0", "--classes"),
        ("fil --data digits --classes 0,1 --attribute hat", "--attribute"),
        ("fil --data digits --classes 0,1 --out eta.xlsx", "--out"),
        ("example --data digits --classes 0,1 --example 5", "--example"),
        ("fil --data digits --classes 0,1 --prior-std 0", "--prior-std"),
        ("attack-reconstruct --data digits --classes 0,1 --ids 5", "--ids"),
        ("attack-reconstruct --data digits --classes 0,1 --ids 0 --noise-seed -1", "--noise-seed"),
        ("release --data digits --classes 0,1 --ids 5", "--ids"),
        ("report --data digits --classes 0,1 --l2 1e-3 --out r.html --top 0", "--top"),
        ("report --data digits --out r.htm", "--out"),
        ("fil --data digits --classes 0,1 --workers 0", "--workers"),
    ],
)
def test_an_error_about_a_value_names_its_option(arguments, option, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(*arguments.split())
    assert code == 2 and err.splitlines()[-1].startswith((f"fil_core: {option}: ", f"fil_core: argument {option}: ")), (
        err
    )


@pytest.mark.parametrize(
    ("model", "texts"),
    [("least-squares", ["all-zero columns: r00c00", "l2 > 0", "pca"]), ("logistic", ["all-zero columns: r00c00"])],
)
def test_a_model_without_an_optimum_is_one_readable_line(model, texts, run):
    answer = run("fil", "--data", "digits", "--classes", "0,1", "--model", model, "--l2", "0", "--json")
    refused(answer, *texts, trained=True)


@pytest.mark.parametrize("option", ["--attribute", "--classes", "--out"])
def test_an_empty_value_is_not_taken_for_none(option, run):
    refused(run("fil", *DIGITS, option, ""), "expected")


def test_a_curvature_that_cannot_fit_is_refused_before_it_is_formed(run, monkeypatch):
    monkeypatch.setattr("fil_core.models.checks._free_memory", lambda: 10_000)
    refused(run("fil", *DIGITS, "--force"), "memory: the curvature of 64 parameters", "Take at most")


def test_an_output_that_cannot_take_a_character_gets_another(tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "fil_core", "data"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "digits" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_output_is_said(tmp_path):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "fil_core", "data"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "could not be read or written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["fill"]])
def test_a_missing_or_unknown_command_is_one_readable_line(arguments, run):
    refused(run(*arguments), "help")


def test_a_folder_in_place_of_the_table_is_refused(run, tmp_path):
    (tmp_path / "eta.csv").mkdir()
    code, out, err = run("fil", *DIGITS, "--out", tmp_path / "eta.csv")
    assert code == 2
    assert out == ""
    assert "fil_core: --out:" in err
    assert "Traceback" not in err


def test_a_nan_in_the_features_is_refused_with_its_place(run, monkeypatch):
    def broken(spec, root, progress=None):
        raw = source_of("synthetic").read(spec, root, progress)
        X = raw.X.copy()
        X[12, 3] = np.nan
        return dataclasses.replace(raw, X=X)

    monkeypatch.setattr(loading, "source_of", lambda name: dataclasses.replace(source_of(name), read=broken))
    refused(run("fil", "--data", "synthetic:50x5"), "column 'x3'", "nan at id 12")


def test_one_class_left_in_a_draw_is_refused(run, monkeypatch):
    refused(run("fil", "--data", "digits", "--classes", "0,1", "--subset", "1", "--l2", "1"), "at least two classes")


def test_cuda_without_cuda_is_refused(run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refused(run("fil", *DIGITS, "--device", "cuda"), "device: expected a CUDA GPU", "use cpu or auto")


def test_missing_files_without_a_network_are_refused_with_what_to_do(run, monkeypatch, tmp_path):
    def offline(root):
        raise OSError("Name or service not known")

    monkeypatch.setitem(fetch.DOWNLOADS, "mnist", offline)
    answer = run("fil", "--data", "mnist", "--classes", "0,1", "--data-dir", tmp_path)
    refused(answer, "MNIST/raw/train-images-idx3-ubyte", "FIL_DATA_DIR", "Name or service not known")
    refused(run("fil", "--data", "iwpc", "--data-dir", tmp_path), "iwpc/iwpc-scaled.csv", "FIL_DATA_DIR")


def test_nothing_is_written_where_something_is_wrong(run, tmp_path):
    run("fil", *DIGITS, "--attribute", "hat", "--out", tmp_path / "eta.csv")
    assert not (tmp_path / "eta.csv").exists()


def readme_commands():
    """The command lines that the README shows."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    return re.findall(
        r"^python -m fil_core ((?:fil|irfil|mitigate|report|attack-\w+|lood[\w-]*) .+)$", text, flags=re.MULTILINE
    )


def test_the_readme_shows_commands():
    assert len(readme_commands()) >= 14


def own_files(folder):
    """Files of the kinds and with the columns that the README's commands name."""
    rng = np.random.default_rng(0)
    n = 60
    patients = pd.DataFrame({"patient": [f"P{i}" for i in range(n)], "age": rng.integers(20, 90, n)})
    patients["region"] = rng.choice(["north", "south", None], n)
    patients["ill"] = np.where(patients["age"] + rng.normal(0, 20, n) > 55, "yes", "no")
    patients.to_csv(folder / "patients.csv", index=False)
    X, y = rng.normal(size=(n, 12)), rng.integers(0, 2, n)
    np.savez(folder / "arrays.npz", X=X, y=y)
    np.save(folder / "matrix.npy", np.column_stack([X[:, :11], y]))
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        for i in range(n):
            content = io.BytesIO()
            Image.fromarray(rng.integers(0, 255, (8, 8), dtype=np.uint8)).save(content, "PNG")
            archive.writestr(f"{'cats' if i % 2 else 'dogs'}/{i}.png", content.getvalue())


@pytest.mark.realdata
@pytest.mark.parametrize("command", readme_commands())
def test_every_command_of_the_readme_works(command, run, tmp_path, monkeypatch):
    if "FIL_DATA_DIR" not in os.environ:
        pytest.skip("FIL_DATA_DIR is not set")
    monkeypatch.chdir(tmp_path)
    own_files(tmp_path)
    if "resnet18.safetensors" in command:
        save_file(torchvision.models.resnet18().state_dict(), tmp_path / "resnet18.safetensors")
    needed = [c for c in readme_commands() if c != command and c.split("--out ")[-1] in command.split()]  # its files
    for one in (*needed, command):
        code, _, err = run(*one.replace("/path/to/data", os.environ["FIL_DATA_DIR"]).split())
        assert code == 0, err
