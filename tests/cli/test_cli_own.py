"""Data, scores and parameters of one's own on the command line."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from file_parts import arrays, csv, pictures, table, zipped
from safetensors.numpy import save_file

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.reproduce import command
from fil_core.data.own import registered
from fil_core.data.raw import fixed_split
from fil_core.leakage.fil import fil
from fil_core.models import fit
from fil_core.specs import DataSpec, ModelSpec

TRAIN, TEST = fixed_split(40)


@pytest.fixture
def patients(tmp_path) -> Path:
    path = tmp_path / "patients.csv"
    path.write_bytes(csv(table().assign(who=[f"P{i:02d}" for i in range(40)])))
    return path


def line(out: str) -> dict:
    return json.loads(out.splitlines()[-1])


def eta_of(run, tmp_path, *arguments) -> tuple[pd.DataFrame, dict]:
    out = tmp_path / "out.parquet"
    code, said, err = run("fil", *arguments, "--out", out, "--json")
    assert code == 0, err
    return pd.read_parquet(out), line(said)


def test_a_table_is_measured_as_the_same_numbers_are(run, patients, tmp_path, from_arrays):
    found, said = eta_of(
        run, tmp_path, "--data", patients, "--target", "ill", "--id", "who", "--l2", "0.02", "--sensitive", "city",
        "--no-intercept",
    )  # fmt: skip
    frame = table()
    numbers = frame[["age", "dose"]].to_numpy()
    standard = (numbers - numbers[TRAIN].mean(0)) / numbers[TRAIN].std(0)
    X = np.column_stack([standard, frame["city"] == "Bonn", frame["city"] == "Lyon"]).astype(float)[TRAIN]
    data = from_arrays(X, (frame["ill"] == "yes").to_numpy()[TRAIN], classes=2)
    fitted = fit(ModelSpec(l2=0.02), data)
    np.testing.assert_allclose(found["eta"], fil(fitted, data), rtol=1e-9)
    np.testing.assert_allclose(found["eta_city"], fil(fitted, data, columns=(2, 3)), rtol=1e-9)
    assert found["id"].tolist() == [f"P{i:02d}" for i in TRAIN]
    assert (said["n"], said["d"], said["cached"]) == (32, 4, False)


def test_the_second_call_reads_and_computes_nothing(run, patients, tmp_path):
    arguments = ("--data", patients, "--target", "ill", "--id", "who", "--l2", "0.02")
    first, _ = eta_of(run, tmp_path, *arguments)
    (tmp_path / "copy.csv").write_bytes(patients.read_bytes())
    again, said = eta_of(run, tmp_path, "--data", tmp_path / "copy.csv", *arguments[2:])
    assert said["cached"]
    assert again["eta"].tolist() == first["eta"].tolist()
    assert len(registered()) == 1


def test_all_rows_train_with_a_fraction_of_zero_and_the_score_of_none_is_null(run, patients, tmp_path):
    found, said = eta_of(
        run,
        tmp_path,
        "--data",
        patients,
        "--target",
        "ill",
        "--leave-out",
        "who",
        "--test-fraction",
        "0",
        "--l2",
        "0.1",
    )
    assert found["id"].tolist() == list(range(40))
    assert said["test_score"] is None


def test_the_register_s_name_works_like_any_other(run, patients, tmp_path):
    arguments = ("--data", patients, "--target", "ill", "--id", "who", "--l2", "0.02")
    eta_of(run, tmp_path, *arguments)
    name = registered()[0].name
    _, said = eta_of(run, tmp_path, "--data", name, "--l2", "0.02")
    assert said["cached"]
    code, out, _ = run("data")
    assert code == 0
    assert f"{name} " in out
    assert "patients.csv: 32 rows, 4 features" in out


def test_images_go_by_the_names_of_their_files(run, tmp_path):
    entries = {f"{split}/{name}": content for split in ("train", "val") for name, content in pictures().items()}
    (tmp_path / "images.zip").write_bytes(zipped(entries))
    found, _ = eta_of(run, tmp_path, "--data", tmp_path / "images.zip", "--l2", "0.01")
    assert found["id"].tolist() == sorted(name for name in entries if name.startswith("train"))
    code, said, err = run(
        "example", "--data", tmp_path / "images.zip", "--l2", "0.01", "--example", "train/dogs/2.png", "--json"
    )
    assert code == 0, err
    assert line(said)["id"] == "train/dogs/2.png"


def test_images_are_measured_from_a_zip_and_from_a_folder(run, tmp_path):
    entries = pictures(12)
    (tmp_path / "images.zip").write_bytes(zipped(entries))
    for name, content in entries.items():
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / name).write_bytes(content)
    both = [
        eta_of(run, tmp_path, "--data", tmp_path / name, "--l2", "0.01")[0]["eta"].tolist()
        for name in ("images.zip", "images")
    ]
    assert both[0] == both[1]
    assert len(both[0]) == 24 - 5
    _, said = eta_of(run, tmp_path, "--data", tmp_path / "images", "--image-size", "2x3", "--l2", "0.01")
    assert said["d"] == 6


def test_arrays_are_measured(run, tmp_path):
    (tmp_path / "a.npz").write_bytes(arrays(X=table()[["age", "dose"]].to_numpy(), y=np.arange(40) % 2))
    assert eta_of(run, tmp_path, "--data", tmp_path / "a.npz", "--model", "logistic")[1]["n"] == 32


def test_what_a_person_should_know_goes_to_stderr(run, tmp_path):
    path = tmp_path / "p.csv"
    path.write_bytes(csv(table().assign(patient_id=range(40))))
    code, out, err = run("fil", "--data", path, "--target", "ill", "--json")
    assert code == 0
    assert "note: Looks like an id left among the features: patient_id." in err
    assert len(out.splitlines()) == 1


def test_missing_entries_are_handled_as_chosen(run, tmp_path):
    frame = table()
    frame.loc[[3, 8], "dose"] = np.nan
    (tmp_path / "p.csv").write_bytes(csv(frame))
    arguments = ("--data", tmp_path / "p.csv", "--target", "ill", "--test-fraction", "0")
    code, _, err = run("fil", *arguments)
    assert code != 0
    assert "Choose --missing drop" in err
    assert len(eta_of(run, tmp_path, *arguments, "--missing", "drop")[0]) == 38
    assert len(eta_of(run, tmp_path, *arguments, "--missing", "fill")[0]) == 40


def test_numbers_as_categories_and_a_task_are_taken(run, tmp_path):
    (tmp_path / "p.csv").write_bytes(csv(table().assign(ward=np.arange(40) % 4, count=np.arange(40) % 3)))
    arguments = ("--data", tmp_path / "p.csv", "--target", "count", "--leave-out", "city,ill")
    _, said = eta_of(run, tmp_path, *arguments, "--categorical", "ward", "--task", "regression")
    assert said["d"] == 5
    assert eta_of(run, tmp_path, *arguments, "--model", "softmax")[1]["d"] == 3


def test_notation_missing_texts_and_dates_are_options_and_in_the_line_that_reproduces(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"1.{i:03d},5;{i % 28 + 1}.3.2026;{i % 3};{'yes' if i % 2 else 'no'}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["price, in €;day;ward;ill", "?;1.3.2026;1;no", *rows]))
    code, _, err = run("fil", "--data", "./t.csv", "--target", "ill")
    assert code != 0
    assert "--decimal , --thousands ." in err and "--missing-texts '?'" in err
    arguments = (
        "--data", "./t.csv", "--target", "ill", "--decimal", ",", "--thousands", ".", "--missing-texts", "?,-",
        "--missing", "drop", "--dates", "days", "--categorical", "ward", "--test-fraction", "0", "--l2", "0.1",
    )  # fmt: skip
    _, said = eta_of(run, tmp_path, *arguments)
    assert (said["n"], said["d"], said["cached"]) == (40, 4, False)
    (entry,) = registered()
    line_ = command(FilRequest(data=DataSpec(name=entry.name), model=ModelSpec(l2=0.1)))
    assert eta_of(run, tmp_path, *shlex.split(line_.split(" --out ")[0])[4:])[1]["cached"]
    assert len(registered()) == 1


def test_empty_entries_alone_are_missing_where_that_is_said(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_bytes(csv(table().assign(country=["NA", "DE"] * 20)))
    assert "--missing-texts '\"\"'" in run("fil", "--data", "./t.csv", "--target", "ill")[2]
    arguments = ("--data", "./t.csv", "--target", "ill", "--missing-texts", '""', "--l2", "0.1")
    assert eta_of(run, tmp_path, *arguments)[1]["d"] == 5
    line_ = command(FilRequest(data=DataSpec(name=registered()[0].name), model=ModelSpec(l2=0.1)))
    assert eta_of(run, tmp_path, *shlex.split(line_.split(" --out ")[0])[4:])[1]["cached"]


# --- what it refuses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--target", "sick"],
            "--target: expected one of the columns of patients.csv (age,dose,city,ill,who); got 'sick'",
        ),
        ([], "expected the column to predict (--target-column)"),
        (["--target", "ill"], "'who' has 40 different texts"),
        (["--target", "ill", "--id", "ill"], "'ill': expected one role"),
        (["--target", "ill", "--test-fraction", "1.5"], "--test-fraction: expected a number"),
        (["--target", "ill", "--test-fraction", "nan"], "--test-fraction: expected a number"),
        (["--target", "ill", "--id", "who", "--image-size", "8x8"], "expected no --image-size for a table"),
        (["--target", "ill", "--id", "who", "--image-size", "8"], "expected HEIGHTxWIDTH"),
        (["--target", "ill", "--id", "who", "--image-size", "100000x100000"], "whole numbers from 1 to 4,096"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(arguments, message, run, patients):
    code, out, err = run("fil", "--data", patients, *arguments)
    assert (code, out) == (2, "") or (code != 0 and out == "")
    assert message in err
    assert "Traceback" not in err
    assert registered() == []


def test_a_file_that_is_not_there_is_said(run, tmp_path):
    code, _, err = run("fil", "--data", tmp_path / "none.csv", "--target", "x")
    assert code != 0
    assert "none.csv: expected a file or folder that can be read" in err


@pytest.mark.parametrize(
    "option", [["--target", "x"], ["--id", "x"], ["--test-fraction", "0"], ["--missing", "drop"], ["--sensitive", "x"]]
)
def test_options_of_own_data_are_refused_for_data_of_the_catalogue(option, run):
    code, _, err = run("fil", "--data", "digits", *option)
    assert code != 0
    assert f"{option[0]}: expected with a file of your own" in err


# --- scores and parameters ------------------------------------------------------------------------------------------


def test_scores_stand_beside_eta_and_what_lacks_is_told(run, patients, tmp_path):
    scores = pd.DataFrame({"id": [f"P{i:02d}" for i in range(38)], "eta": 7.0, "mine": np.arange(38) / 3})
    scores.to_csv(tmp_path / "scores.csv", index=False)
    arguments = ("--data", patients, "--target", "ill", "--id", "who", "--l2", "0.02")
    code, _, err = run("fil", *arguments, "--scores", tmp_path / "scores.csv", "--out", tmp_path / "o.csv")
    assert code == 0
    found = pd.read_csv(tmp_path / "o.csv").set_index("id")
    plain, _ = eta_of(run, tmp_path, *arguments)
    assert found["eta"].tolist() == pytest.approx(plain["eta"].tolist(), rel=1e-12)
    known = found.index.isin(scores["id"])
    assert found["mine"][known].tolist() == pytest.approx([int(name[1:]) / 3 for name in found.index[known]])
    assert found["mine"][~known].isna().all()
    assert (found["eta (yours)"][known] == 7).all()
    lacking = int((~known).sum())
    assert lacking > 0
    assert f"note: Your scores lack {lacking} of the 32 training examples." in err


def test_classes_of_minus_one_and_one_and_ids_with_zeros_come_out_as_they_went_in(run, tmp_path):
    frame = table()
    ids = [f"{i:04d}" for i in range(40)]
    frame.assign(ill=np.where(frame["ill"] == "yes", 1, -1), who=ids).to_csv(tmp_path / "p.csv", index=False)
    arguments = ("fil", "--data", tmp_path / "p.csv", "--target", "ill", "--id", "who", "--l2", "0.02")
    out = tmp_path / "o.csv"
    assert run(*arguments, "--out", out)[0] == 0
    found = pd.read_csv(out, dtype=str)
    assert set(found["label"]) == {"-1", "1"} and set(found["id"]) < set(ids)
    for option in ("--weights", "--scores"):
        code, _, err = run(*arguments, option, out)
        assert code == 0, err


@pytest.fixture
def coded(tmp_path) -> list[str]:
    """Options for forty patients whose ids are texts, among them numbers with a zero before."""
    ids = [f"{i:03d}" for i in range(39)] + ["a, b"]
    table().assign(who=ids).to_csv(tmp_path / "coded.csv", index=False)
    return ["--data", f"{tmp_path}/coded.csv", "--target", "ill", "--id", "who", "--test-fraction", "0", "--l2", "0.02"]


def test_an_example_is_named_by_its_own_id_in_and_out(run, coded):
    code, out, err = run("example", *coded, "--example", "007", "--json")
    assert code == 0, err
    assert json.loads(out)["id"] == "007"
    code, out, _ = run("example", *coded, "--example", "007")
    nearest = re.search(r"nearest training example is (\S+|a, b),", out)[1]
    assert "of example 007 is" in out and len(nearest) >= 3
    assert run("example", *coded, "--example", "row:7")[1].splitlines()[0] == out.splitlines()[0]
    for wrong in ("7", "0007", "row:40", "P7"):
        code, _, err = run("example", *coded, "--example", wrong)
        assert code == 2 and "fil_core: --example: expected " in err


def test_reconstructions_are_named_by_their_own_ids(run, coded, tmp_path):
    asked = ["attack-reconstruct", *coded, "--ids", '007,"a, b",007', "--sigmas", "0", "--out", tmp_path / "r.csv"]
    code, out, err = run(*asked)
    assert code == 0, err
    assert re.findall(r"^ *(007|a, b) ", out, re.MULTILINE) == ["007", "a, b"]
    line = json.loads(run(*asked, "--json")[1])
    assert line["ids"] == ["007", "a, b"] and set(line["mse"]) == {"007", "a, b"}
    assert pd.read_csv(tmp_path / "r.csv", dtype={"id": str})["id"].tolist() == ["007", "a, b"]


def test_what_was_done_to_the_data_is_told_and_in_the_json(run, tmp_path):
    frame = table().assign(dose=np.where(np.arange(40) < 3, np.nan, np.arange(40.0)), same=1)
    frame.to_csv(tmp_path / "p.csv", index=False)
    fill = ("fil", "--data", tmp_path / "p.csv", "--target", "ill", "--l2", "0.02", "--missing", "fill", "--json")
    code, out, err = run(*fill)
    assert code == 0
    notes = json.loads(out)["notes"]
    assert any("dose" in note and "median" in note for note in notes)
    assert any(note.startswith("Baseline level of city") for note in notes)
    assert [line.removeprefix("note: ") for line in err.splitlines() if line.startswith("note: ")] == notes
    assert json.loads(run(*fill)[1])["notes"] == notes  # a stored result tells the same
    drop = json.loads(run(*fill[:-2], "drop", "--json")[1])["notes"]
    assert any("3 rows" in note for note in drop)


def test_standardised_labels_are_told(run, tmp_path):
    table().assign(cost=np.arange(40) * 1.5).to_csv(tmp_path / "p.csv", index=False)
    _, out, err = run("fil", "--data", tmp_path / "p.csv", "--target", "cost", "--l2", "0.02", "--json")
    assert any(note.startswith("The target is (cost - ") for note in json.loads(out)["notes"])
    assert "note: The target is (cost - " in err


def test_scores_of_others_are_refused(run, patients, tmp_path):
    pd.DataFrame({"id": [1, 2], "mine": [3, 4]}).to_csv(tmp_path / "scores.csv", index=False)
    code, _, err = run("fil", "--data", patients, "--target", "ill", "--id", "who", "--scores", tmp_path / "scores.csv")
    assert code != 0
    assert "expected the ids of the 32 training examples, such as P" in err
    code, _, err = run("fil", "--data", patients, "--target", "ill", "--id", "who", "--scores", tmp_path / "no.csv")
    assert code != 0
    assert "no.csv: expected a file; there is none" in err


def test_parameters_of_ones_own_are_measured_and_wrong_ones_refused(run, patients, tmp_path):
    arguments = ("--data", patients, "--target", "ill", "--id", "who", "--model", "logistic", "--l2", "0.02")
    own, _ = eta_of(run, tmp_path, *arguments)
    from fil_core.engine import Engine
    from fil_core.specs import DataSpec

    data = Engine().dataset(DataSpec(name=registered()[0].name))
    theta = fit(ModelSpec(kind="logistic", l2=0.02), data).theta.numpy()
    save_file({"linear.weight": theta[None].astype(np.float32)}, tmp_path / "model.safetensors")
    brought, said = eta_of(run, tmp_path, *arguments, "--parameters", tmp_path / "model.safetensors")
    assert brought["eta"].tolist() == pytest.approx(own["eta"].tolist(), rel=1e-4)
    assert brought["eta"].tolist() != own["eta"].tolist()
    assert said["converged"]
    np.savez(tmp_path / "wrong.npz", theta=-theta)
    code, _, err = run("fil", *arguments, "--parameters", tmp_path / "wrong.npz")
    assert code != 0
    assert "With the opposite sign they are one: the second class here is 'yes'." in err


def test_a_folder_without_a_slash_is_no_name_and_the_path_to_write_is_said(run, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    code, _, err = run("fil", "--data", "photos")
    assert code == 2 and "./photos" in err
    code, _, err = run("fil", "--data", "pictures")  # there is none
    assert code == 2 and "./pictures" not in err
