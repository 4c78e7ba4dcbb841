"""New pictures and rows on the command line: from a file to its scores, and the reasons for which one is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from file_parts import csv, image, pixels, table, zipped

from fil_core.engine.store import Store
from tests.cli.test_cli_networks import last_line, refused

DIGITS = ("ood", "--data", "digits", "--classes", "3,8", "--subset", "60", "--model", "logistic", "--l2", "0.01")


def in_store(number: int) -> list[str]:
    """Names of so many uploads of new records, the only ones in the store."""
    names = [entry.key for entry in Store().entries() if entry.analysis == "records"]
    assert len(names) == number
    return names


def test_pictures_of_a_file_get_their_scores(run, tmp_path):
    file = tmp_path / "new.zip"
    file.write_bytes(zipped({f"{i}.png": image(pixels(i, (9, 7, 3))) for i in range(3)}))
    out = tmp_path / "scores.csv"
    answer = run(*DIGITS, "--new", str(file), "--resize", "--scores", "energy", "--out", str(out), "--json")
    found = last_line(answer)
    assert found["n_new"] == 3 and any("9 × 7" in note for note in found["notes"])
    scored = pd.read_csv(out)
    new = scored[scored["split"] == "new"]
    assert len(new) == 3 and np.isfinite(new["energy"]).all()
    (digest,) = in_store(1)
    again = last_line(run(*DIGITS, "--new", digest, "--resize", "--scores", "energy", "--json"))
    assert again["cached"] and again["auroc"] == found["auroc"]


def test_pictures_of_another_size_are_refused_without_resize(run, tmp_path):
    (tmp_path / "me.png").write_bytes(image(pixels(1, (9, 7))))
    refused(
        run(*DIGITS, "--new", str(tmp_path / "me.png")), "--new: expected pictures of 8 × 8", "me.png. Pass --resize"
    )
    in_store(0)


def test_rows_are_matched_by_their_columns(run, tmp_path):
    data, new = tmp_path / "patients.csv", tmp_path / "new.csv"
    data.write_bytes(csv(table(60)))
    new.write_bytes(csv(table(5).drop(columns="city")))
    words = ("--data", str(data), "--target-column", "ill", "--model", "logistic", "--l2", "0.1", "--new", str(new))
    refused(run("ood", *words, "--ood-data", str(data)), "--new: new.csv: ", "city not found among age, dose and ill")


def test_the_file_is_no_place_for_the_table(run, tmp_path):
    (tmp_path / "new.csv").write_bytes(csv(table(5)))
    path = str(tmp_path / "new.csv")
    refused(run(*DIGITS, "--new", path, "--out", path), "out: ", "the one that --new names")


@pytest.mark.parametrize("name", ["none.png", "."])
def test_a_file_must_be_there(run, tmp_path, name):
    refused(run(*DIGITS, "--new", str(tmp_path / name)), "expected a file")
