"""The register: the same file read with the same choices is stored once, intact, and found again."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from file_parts import ILL, csv, pictures, table, zipped

from fil_core.data import load
from fil_core.data.own import Choices, add, register, registered
from fil_core.data.own.register import find, load_raw, remove
from fil_core.data.own.uploads import own_directory, save_upload
from fil_core.data.registry import resolve, source_of
from fil_core.errors import BadData, DataUnavailable
from fil_core.specs import DataSpec

CHOICES = Choices(**ILL)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def patients(tmp_path) -> Path:
    path = tmp_path / "Patients of 2026.csv"
    path.write_bytes(csv(table()))
    return path


def _read_again(*_):
    raise AssertionError("the file was read again")


# --- names ----------------------------------------------------------------------------------------------------------


def test_an_entry_describes_the_data(patients):
    entry = add(patients, CHOICES)
    assert entry.name.startswith("own:patients-of-2026-")
    assert entry.title == "Patients of 2026.csv"
    assert (entry.form, entry.classes, entry.rows, entry.features) == ("table", ("no", "yes"), 32, 4)
    assert entry.choices == CHOICES
    assert registered() == [entry] == [find(entry.name)]


def test_the_same_content_with_the_same_choices_is_read_once(patients, tmp_path, monkeypatch):
    entry = add(patients, CHOICES)
    (tmp_path / "copy.csv").write_bytes(patients.read_bytes())
    monkeypatch.setattr(register, "read", _read_again)
    assert add(patients, CHOICES) == entry
    assert add(tmp_path / "copy.csv", Choices(**ILL)).name == entry.name
    assert len(registered()) == 1


@pytest.mark.parametrize(
    "other",
    [{"test_fraction": 0.5}, {"left_out": ("age",)}, {"sensitive": ("city",)}, {"missing": "fill"}, {"id": "age"}],
    ids=lambda other: next(iter(other)),
)
def test_other_choices_are_other_data(other, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(csv(table().assign(age=np.arange(40))))
    assert add(path, CHOICES).name != add(path, Choices(**ILL | other)).name
    assert len(registered()) == 2


def test_other_content_and_another_suffix_are_other_data(patients, tmp_path):
    (tmp_path / "patients.tsv").write_bytes(patients.read_bytes())
    names = {add(patients, CHOICES).name, add(tmp_path / "patients.tsv", CHOICES).name}
    patients.write_bytes(csv(table().assign(age=7 + np.arange(40))))
    assert len(names | {add(patients, CHOICES).name}) == 3


@pytest.mark.parametrize("title", ["../../etc/passwd", "\x1b[31m", "日本", "a" * 500, "<b>x</b>", "  "])
def test_the_title_of_a_file_is_never_used_as_a_path(title, patients):
    entry = add(patients, CHOICES, title=title)
    assert entry.title.isprintable()
    assert len(entry.title) <= 80
    assert register._NAME.fullmatch(entry.name)
    assert {f.name for f in own_directory().iterdir()} <= {entry.name[-12:], "tmp"}
    assert load(DataSpec(name=entry.name)).title == entry.title


def test_all_spellings_of_a_name_are_the_same_request(patients):
    entry = add(patients, CHOICES)
    for name in (entry.name, f"own:{entry.name[-12:]}", f" {entry.name.upper()} ", f"own:else-{entry.name[-12:]}"):
        assert resolve(DataSpec(name=name)).name == entry.name
    source = source_of(entry.name)
    assert (source.kind, source.task, source.default_preprocess) == ("table", "classification", "standardise")


@pytest.mark.parametrize(
    "name", ["own:", "own:x", "own:../../x", "own:aaaaaaaaaaaa/..", "own:AAAAAAAAAAAA", "own:a b-000000000000"]
)
def test_an_invalid_name_is_refused(name, patients):
    add(patients, CHOICES)
    with pytest.raises(DataUnavailable, match="expected own:"):
        find(name)


def test_a_name_that_is_not_in_the_register_is_refused():
    with pytest.raises(DataUnavailable, match="'own:patients-000000000000' is not in it"):
        load(DataSpec(name="own:patients-000000000000"))


def test_the_newest_entry_is_first_and_a_removed_one_is_gone(patients, tmp_path, monkeypatch):
    first = add(patients, CHOICES)
    monkeypatch.setattr(register, "datetime", _Later)
    second = add(patients, Choices(**ILL, test_fraction=0.3))
    assert [entry.name for entry in registered()] == [second.name, first.name]
    remove(first.name)
    assert [entry.name for entry in registered()] == [second.name]
    with pytest.raises(DataUnavailable, match="is not in it"):
        load_raw(first.name)


class _Later(register.datetime):
    @classmethod
    def now(cls, tz=None):
        return super().now(tz).replace(year=2999)


# --- stored arrays --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["table", "names", "image", "regression"])
def test_stored_arrays_equal_those_read_from_the_file(kind, patients, tmp_path):
    choices = CHOICES
    if kind == "names":
        patients.write_bytes(csv(table().assign(who=[f"P{i}" for i in range(40)])))
        choices = Choices(**ILL, id="who", sensitive=("city",))
    if kind == "regression":
        choices = Choices(target="dose")
    if kind == "image":
        patients = tmp_path / "images.zip"
        patients.write_bytes(zipped(pictures()))
        choices = Choices()
    raw, _ = register.read(patients, choices)
    stored = load_raw(add(patients, choices).name)
    for name in type(raw).__slots__:
        expected, actual = getattr(raw, name), getattr(stored, name)
        if isinstance(expected, np.ndarray):
            assert (expected.dtype, expected.tolist()) == (actual.dtype, actual.tolist()), name
        else:
            assert expected == actual, name
    assert isinstance(stored.X, np.memmap)


_FILES = ["X.npy", "y.npy", "ids.npy", "X_test.npy", "y_test.npy", "names.npy", "test_names.npy"]


def with_names(patients: Path) -> tuple[str, Path, Choices]:
    patients.write_bytes(csv(table().assign(who=[f"P{i}" for i in range(40)])))
    choices = Choices(**ILL, id="who")
    name = add(patients, choices).name
    folder = own_directory() / name[-12:]
    assert {f.name for f in folder.iterdir()} == {*_FILES, "manifest.json"}
    return name, folder, choices


def flipped(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", ["flipped bit", "truncated", "empty", "missing"])
@pytest.mark.parametrize("file", _FILES)
def test_a_damaged_array_is_detected_and_adding_the_file_again_repairs_it(file, damage, patients):
    name, folder, choices = with_names(patients)
    intact = load(DataSpec(name=name))
    path = folder / file
    if damage == "flipped bit":
        flipped(path, -3)
    elif damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: 0 if damage == "empty" else -5])
    with pytest.raises(BadData, match="'Patients of 2026.csv' is damaged"):
        load(DataSpec(name=name))
    assert add(patients, choices).name == name
    assert load(DataSpec(name=name)).fingerprint == intact.fingerprint


@pytest.mark.parametrize(
    "damage", ["a letter of a class", "a digit of the digest", "truncated", "empty", "missing", "a list"]
)
def test_a_damaged_manifest_hides_the_entry_and_adding_the_file_again_repairs_it(damage, patients):
    name, folder, choices = with_names(patients)
    path = folder / "manifest.json"
    text = path.read_text()
    damaged = {
        "a letter of a class": text.replace('"yes"', '"yea"', 1), "a digit of the digest": "x" + text[1:],
        "truncated": text[: len(text) // 2], "empty": "", "a list": "[]",
    }  # fmt: skip
    assert damaged.get(damage) != text
    path.unlink()
    if damage in damaged:
        path.write_text(damaged[damage])
    assert registered() == []
    with pytest.raises(DataUnavailable, match=name):
        load(DataSpec(name=name))
    assert add(patients, choices).name == name
    assert [entry.name for entry in registered()] == [name]
    assert load(DataSpec(name=name)).n == 32


def test_a_damaged_entry_does_not_hide_others(patients):
    _, folder, _ = with_names(patients)
    other = add(patients, Choices(**ILL, left_out=("who",)))
    (folder / "manifest.json").write_text("{")
    assert [entry.name for entry in registered()] == [other.name]


# --- the disk -------------------------------------------------------------------------------------------------------


def _full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_reported_and_leaves_no_files(patients, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", _full_disk)
        with pytest.raises(DataUnavailable, match="No space left on device. Set FIL_STORE_DIR"):
            add(patients, CHOICES)
    assert registered() == []
    assert list((own_directory() / "tmp").iterdir()) == []
    assert add(patients, CHOICES).rows == 32


def test_a_store_that_cannot_be_created_is_reported(patients, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "file"))
    with pytest.raises(DataUnavailable, match="Not a directory. Set FIL_STORE_DIR"):
        add(patients, CHOICES)
    assert registered() == []


def test_without_a_home_folder_the_error_names_the_variable_to_set(patients, monkeypatch):
    monkeypatch.delenv("FIL_STORE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", lambda _: (_ for _ in ()).throw(RuntimeError("no home")))
    with pytest.raises(DataUnavailable, match="Set FIL_STORE_DIR to a folder"):
        add(patients, CHOICES)


_ADD = """
import sys, time
from pathlib import Path
from fil_core.data.own import Choices, add
from fil_core.data.own import register
print("ready", flush=True)
sys.stdin.readline()
entry = add(Path(sys.argv[1]), Choices(target="ill"))
print(entry.name, register.load_raw(entry.name).X.sum())
"""


def test_processes_that_add_the_same_file_at_once_get_the_same_entry(patients):
    patients.write_bytes(csv(table(20_000)))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _ADD, str(patients)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment,
        )
        for _ in range(3)
    ]  # fmt: skip
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], outputs
    assert len({out for out, _ in outputs}) == 1
    assert len(registered()) == 1
    assert list((own_directory() / "tmp").iterdir()) == []


def test_the_entry_of_a_faster_process_is_kept(patients, monkeypatch):
    """Another process moves its entry into place while this one is still writing."""
    move = register._move_into_place
    entries = []

    def late(temporary: Path, folder: Path) -> None:
        monkeypatch.setattr(register, "_move_into_place", move)
        entries.append(add(patients, CHOICES))
        move(temporary, folder)

    monkeypatch.setattr(register, "_move_into_place", late)
    assert add(patients, CHOICES) == entries[0]
    assert len(registered()) == 1


@pytest.mark.parametrize("write", [lambda path: add(path, CHOICES), lambda path: save_upload(b"a,b\n1,2\n", ".csv")])
def test_only_the_owner_can_read_own_data(write, patients, tmp_path, monkeypatch):
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "cache" / "store"))
    write(patients)
    assert all((tmp_path / "cache" / name).stat().st_mode & 0o077 == 0 for name in ("store", "store/own"))


# --- checks of the data ---------------------------------------------------------------------------------------------


def health_of(frame, tmp_path, **choices):
    (tmp_path / "health.csv").write_bytes(csv(frame))
    entry = add(tmp_path / "health.csv", Choices(**ILL | choices))
    json.dumps(entry.health)
    return entry.health


def test_health_counts_rows_and_classes(tmp_path):
    frame = table()
    checks = health_of(frame, tmp_path)
    raw, _ = register.read(tmp_path / "health.csv", CHOICES)
    assert (checks["rows"], checks["test_rows"], checks["features"], checks["target"]) == (32, 8, 4, "ill")
    assert checks["classes"] == [
        {"class": c, "train": int((raw.y == k).sum()), "test": int((raw.y_test == k).sum())}
        for k, c in enumerate(("no", "yes"))
    ]
    assert checks["groups"] == [{"name": "city", "levels": 3, "dropped": "Oslo"}]
    Z = (raw.X - raw.X.mean(0)) / raw.X.std(0)
    assert checks["condition"] == pytest.approx(np.linalg.cond(Z) ** 2, rel=1e-9)
    assert checks["warnings"] == []


def test_health_names_constant_and_duplicate_columns(tmp_path):
    frame = table().assign(flat=3.5, again=table()["dose"], double=2 * table()["age"])
    checks = health_of(frame, tmp_path)
    assert checks["constant"] == ["flat"]
    assert checks["duplicates"] == [["dose", "again"]]
    assert checks["condition"] > 1e12
    text = " ".join(checks["warnings"])
    assert "Constant columns" in text and ": flat." in text
    assert "again = dose" in text
    assert "condition number" in text


def test_health_names_the_fewest_columns_that_depend_on_others(tmp_path):
    rng = np.random.default_rng(3)
    a, b, c = rng.normal(size=(3, 40))
    frame = table().assign(a=a, b=b, c=c, total=(a + 2 * b).round(6), twice=2 * c + 7)
    checks = health_of(frame, tmp_path)
    relations = [{one["column"], *one["on"]} for one in checks["dependent"]]
    assert sorted(map(sorted, relations)) == [["a", "b", "total"], ["c", "twice"]]
    text = " ".join(checks["warnings"])
    assert all(f"{one['column']} (on " in text for one in checks["dependent"])
    assert health_of(frame.drop(columns=[one["column"] for one in checks["dependent"]]), tmp_path)["dependent"] == []
    assert health_of(table(), tmp_path)["dependent"] == []


@pytest.mark.parametrize(
    ("columns", "choices", "warning"),
    [
        ({"visit": np.arange(40)}, {}, "Looks like an id left among the features: visit."),
        ({"patient_id": np.random.default_rng(1).permutation(40) * 97}, {}, "features: patient_id."),
        (
            {"sick": (table()["ill"] == "yes") * 3.0 + 1},
            {},
            "(correlation above 0.999): sick.",
        ),
        ({"ill": np.where(np.arange(40) < 3, "rare", table()["ill"])}, {}, "Classes with fewer than 5 training rows"),
        (
            {"city": np.where(np.arange(40) < 3, "Aix", table()["city"])},
            {},
            "Categories with fewer than 5 training rows",
        ),
        ({}, {"test_fraction": 0}, "No rows are held out"),
        (
            {f"x{j}": np.random.default_rng(j).normal(size=40) for j in range(40)},
            {},
            "fewer training rows (32) than features (44)",
        ),
    ],
)
def test_health_warns_of_problems_for_leakage(columns, choices, warning, tmp_path):
    assert warning in " ".join(health_of(table().assign(**columns), tmp_path, **choices)["warnings"])


def test_health_warns_of_a_class_without_a_training_row(tmp_path):
    from fil_core.data.raw import fixed_split

    frame = table()
    frame.loc[fixed_split(40)[1][0], "ill"] = "never"
    assert "Classes without any training row: never." in health_of(frame, tmp_path)["warnings"]


# --- loading --------------------------------------------------------------------------------------------------------


def test_only_a_standardised_regression_has_a_standardised_target(tmp_path):
    path = tmp_path / "dose.csv"
    path.write_bytes(csv(table()))
    entry = add(path, Choices(target="dose"))
    raw, _ = register.read(path, Choices(target="dose"))
    scaled, plain = load(DataSpec(name=entry.name)), load(DataSpec(name=entry.name, preprocess="none"))
    mean, std = raw.y.mean(), raw.y.std()
    np.testing.assert_allclose(scaled.y, (raw.y - mean) / std, rtol=1e-12)
    np.testing.assert_allclose(scaled.y_test, (raw.y_test - mean) / std, rtol=1e-12)
    assert any(note.startswith(f"The target is (dose - {mean:.4g}) / {std:.4g}") for note in scaled.notes)
    assert plain.y.tolist() == raw.y.tolist()
    assert not any(note.startswith("The target is (") for note in plain.notes)


def test_a_regression_with_a_constant_target_is_refused(tmp_path):
    path = tmp_path / "flat.csv"
    path.write_bytes(csv(table().assign(ill=1.5)))
    name = add(path, CHOICES).name
    with pytest.raises(BadData, match="expected values that differ; all training rows have 1.5"):
        load(DataSpec(name=name))
