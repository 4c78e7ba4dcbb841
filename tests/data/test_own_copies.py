"""Copies of the target among the features, names in several spellings, and targets that can be read in two ways."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from file_parts import ROWS, csv, table

from fil_core.data.own import Choices, add
from fil_core.data.own.copies import spellings, tell_the_target
from fil_core.data.own.reading import read

GRADES = np.arange(ROWS) % 3
RNG = np.random.default_rng(5)


def told(path, frame: pd.DataFrame, **choices: object) -> list[str]:
    path.write_bytes(csv(frame))
    return tell_the_target(read(path, Choices(**{"test_fraction": 0.0} | choices))[0])


@pytest.mark.parametrize(
    ("target", "copy"),
    [
        (np.array(["a", "b", "c"])[GRADES], np.array(["third", "first", "second"])[GRADES]),  # no order, no correlation
        (np.array(["a", "b", "c"])[GRADES], np.array([20, 10, 30])[GRADES]),
        (np.array(["no", "yes"])[GRADES // 2], np.array(["healthy", "ill"])[GRADES // 2]),
        (np.array(["no", "yes"])[GRADES // 2], np.array(["healthy", "fine", "ill"])[GRADES]),  # finer than the target
        (np.array([1.5, 2.5, 4.0])[GRADES], np.array(["low", "mid", "high"])[GRADES]),
        (np.array(["no", "yes"])[GRADES // 2], (GRADES // 2) * 3.0 + 1),
    ],
)
def test_a_copy_of_the_target_is_found_as_text_and_as_number(target, copy, tmp_path):
    frame = table().drop(columns=["city", "ill"]).assign(outcome=target, copy=copy)
    task = "regression" if target.dtype.kind == "f" else "classification"
    assert told(tmp_path / "t.csv", frame, target="outcome", task=task) == ["copy"]
    entry = add(tmp_path / "t.csv", Choices(target="outcome", task=task))
    assert any("Predicts the target alone" in warning and "copy" in warning for warning in entry.health["warnings"])


@pytest.mark.parametrize(
    "feature",
    [
        np.where(np.arange(ROWS) == 0, "other", np.array(["a", "b", "c"])[GRADES]),  # one row is not as its level
        [f"room {i // 4}" for i in range(ROWS)],  # four rows of a level may have one class by chance
        RNG.permutation(ROWS),
    ],
)
def test_what_only_goes_with_the_target_is_no_copy(feature, tmp_path):
    target = np.where(np.arange(ROWS) == 3, "c", np.array(["a", "b", "c"])[GRADES])
    frame = table().drop(columns=["city", "ill"]).assign(outcome=target, feature=feature)
    assert told(tmp_path / "t.csv", frame, target="outcome") == []


def test_one_name_in_several_spellings_is_told(tmp_path):
    assert spellings(["1", "1.0", "01", "a  b", "A b", "c"]) == [("1", "1.0", "01"), ("a  b", "A b")]
    frame = table().assign(
        ill=np.array(["Yes", "Yes ", "yes", "no"])[np.arange(ROWS) % 4],
        city=np.array(["Oslo", "OSLO"])[np.arange(ROWS) // 2 % 2],
    )
    (tmp_path / "t.csv").write_bytes(csv(frame))
    entry = add(tmp_path / "t.csv", Choices(target="ill"))
    assert entry.classes == ("Yes", "Yes ", "no", "yes")
    warnings = " ".join(entry.health["warnings"])
    assert "Levels of ill that differ in spelling only" in warnings
    assert all(repr(name) in warnings for name in ("Yes", "Yes ", "yes", "Oslo", "OSLO"))


# --- targets of whole numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "taken", "other"),
    [(np.arange(ROWS) % 5, "classes", "regression"), (np.arange(ROWS), "numbers", "classification")],
)
def test_both_readings_of_whole_numbers_are_named(counts, taken, other, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(csv(table().assign(visits=counts)))
    raw, _ = read(path, Choices(target="visits"))
    assert bool(raw.class_names) == (taken == "classes")
    assert any(f"taken as {taken}" in note and f"--task {other}" in note for note in raw.notes)
    for task in ("classification", "regression"):
        assert not any("taken as" in note for note in read(path, Choices(target="visits", task=task))[0].notes)


def test_two_numbers_are_classes_without_a_word(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(csv(table().assign(visits=np.arange(ROWS) % 2)))
    assert not any("taken as" in note for note in read(path, Choices(target="visits"))[0].notes)
