"""Bad files each say what is wrong with them and take nothing down; odd ones are read."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from bad_files import BAD
from file_parts import ILL, File, array, arrays, csv, image, parquet, pictures, pixels, table, zipped
from odd_files import GOOD

from fil_core.analyses.fil.request import FilRequest
from fil_core.data.own import Choices, add, registered
from fil_core.data.own.reading import preview, read
from fil_core.engine import Engine
from fil_core.errors import FilError
from fil_core.specs import DataSpec

READABLE = {"BadData", "BadRequest", "DataUnavailable"}
ROOT = Path(__file__).parents[2]
SECONDS = 5
MEMORY = 300  # MiB above a process that has done its first request


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Every bad file read in one process, as a server would meet them, and a good one after them."""
    folders = [tmp_path_factory.mktemp(f"bad-{i}") for i in range(len(BAD))]
    files = [(str(file.make(folder)), file.choices) for file, folder in zip(BAD, folders, strict=True)]
    good = tmp_path_factory.mktemp("good") / "good.csv"
    good.write_bytes(csv(table()))
    environment = os.environ | {"FIL_STORE_DIR": str(tmp_path_factory.mktemp("store")), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("read_bad_files.py"))],
        input=json.dumps({"good": (str(good), ILL), "files": files}), capture_output=True, text=True, check=False,
        cwd=ROOT, env=environment, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    *each, end = map(json.loads, done.stdout.splitlines())
    return {file.name: found for file, found in zip(BAD, each, strict=True)}, end, done.stderr


def test_the_corpus_is_large_and_its_names_differ():
    assert len(BAD) >= 45
    assert len({file.name for file in BAD + GOOD}) == len(BAD + GOOD)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name)
def test_a_bad_file_says_what_is_wrong_with_it(file, outcomes):
    found = outcomes[0][file.name]
    assert found["kind"] in READABLE, found
    assert "expected" in found["says"]
    for part in file.says:
        assert part in found["says"]
    assert "Traceback" not in found["says"]
    assert "Error(" not in found["says"]
    assert len(found["says"]) < 600
    assert found["seconds"] < SECONDS


def test_no_two_bad_files_say_the_same(outcomes):
    said = [found["says"] for found in outcomes[0].values()]
    assert len(set(said)) == len(said) == len(BAD)


def test_looking_into_a_bad_file_is_as_safe_as_reading_it(outcomes):
    kinds = {name: found["preview"]["kind"] for name, found in outcomes[0].items()}
    assert set(kinds.values()) <= {"", *READABLE}, kinds
    assert max(found["preview"]["seconds"] for found in outcomes[0].values()) < SECONDS


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
def test_memory_stays_bounded_and_a_good_request_still_answers(outcomes, tmp_path):
    _, end, _ = outcomes
    assert end["extra_mib"] < MEMORY
    (tmp_path / "good.csv").write_bytes(csv(table()))
    entry = add(tmp_path / "good.csv", Choices(**ILL))
    eta = Engine().get(FilRequest(data=DataSpec(name=entry.name))).table["eta"]
    assert end["eta"] == pytest.approx(eta.tolist(), rel=1e-9)
    assert len(end["eta"]) == 32


def test_nothing_is_written_to_stderr_on_the_way(outcomes):
    assert outcomes[2] == ""


def test_no_pickle_was_opened(outcomes):
    assert not Path("/tmp/a-pickle-was-opened").exists()


def test_a_refused_file_leaves_nothing_in_the_register(tmp_path):
    for file in BAD[:6]:
        with pytest.raises(FilError):
            add(file.make(tmp_path), Choices(**file.choices))
    assert registered() == []


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_an_odd_file_is_read(file, tmp_path):
    path = file.make(tmp_path)
    entry = add(path, Choices(**file.choices))
    assert entry.rows >= 9
    assert preview(path)["rows"] >= entry.rows


def _named(name: str) -> File:
    return next(file for file in GOOD if file.name == name)


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("markup as a class", ("<img src=x onerror=alert(1)>", "=HYPERLINK(..)")),
        ("formulas as classes", ("=HYPERLINK(A1)", "@SUM(1)")),
        ("classes in all scripts", ("Katzen", "σκύλοι", "犬")),
        ("true and false", ("False", "True")),
        ("suffixes in capitals", ("CATS", "DOGS")),
    ],
)
def test_classes_stay_the_texts_they_were(name, classes, tmp_path):
    file = _named(name)
    assert add(file.make(tmp_path), Choices(**file.choices)).classes == classes


@pytest.mark.parametrize(
    "name",
    ["a byte order mark", "CRLF", "carriage returns alone", "no newline at the end", "semicolons", "tabs",
     "records of numbers and texts"],
)  # fmt: skip
def test_how_a_table_is_written_changes_no_number(name, tmp_path):
    file = _named(name)
    (tmp_path / "plain.csv").write_bytes(csv(table()))
    found, _ = read(file.make(tmp_path), Choices(**file.choices))
    plain, _ = read(tmp_path / "plain.csv", Choices(**ILL))
    assert found.feature_names == plain.feature_names == ("age", "dose", "city=Bonn", "city=Lyon")
    assert found.X.tolist() == plain.X.tolist()
    assert found.y.tolist() == plain.y.tolist()
    assert found.X_test.tolist() == plain.X_test.tolist()


# --- spoiled bytes --------------------------------------------------------------------------------------------------

_KINDS = {"png": "png", "jpg": "jpeg", "gif": "gif", "bmp": "bmp", "webp": "webp", "ppm": "ppm", "tif": "tiff"}
_WHOLE = {
    "table.csv": (lambda: csv(table()), ILL),
    "records.npy": (lambda: _named("records of numbers and texts").make, ILL),
    "arrays.npz": (lambda: arrays(X=table()[["age", "dose"]].to_numpy(), y=table()["ill"].to_numpy(str)), {}),
    "matrix.npy": (lambda: array(table()[["age", "dose"]].to_numpy()), {"target": "0", "task": "regression"}),
    "images.zip": (lambda: zipped(pictures()), {}),
    "table.parquet": (lambda: parquet(**table()), ILL),
}


def _spoiled(content: bytes, chance: random.Random) -> bytes:
    """Some bytes replaced, taken out or put in; more often than not near nothing that checks itself."""
    spoiled = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 30])):
        at, how = chance.randrange(len(spoiled)), chance.random()
        if how < 0.6:
            spoiled[at] = chance.randrange(256)
        elif how < 0.75:
            del spoiled[at : at + chance.randrange(1, 20)]
        elif how < 0.9:
            spoiled[at:at] = chance.randbytes(chance.randrange(1, 9))
        else:
            spoiled[at : at + 4] = chance.choice([b"\xff" * 4, bytes(4), b"\0\0\0\x80"])
        if not spoiled:
            break
    return bytes(spoiled)


def _refused(path: Path, choices: dict) -> int:
    """How many of the two ways into a file refuse it; anything but a FilError goes through."""
    count = 0
    for call in (lambda: read(path, Choices(**choices)), lambda: preview(path)):
        try:
            call()
        except FilError:
            count += 1
    return count


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _WHOLE)
def test_spoiled_bytes_are_read_or_refused_and_nothing_else(name, tmp_path):
    make, choices = _WHOLE[name]
    content = make()
    whole = content if isinstance(content, bytes) else content(tmp_path).read_bytes()
    chance = random.Random(name)
    refused = 0
    for _ in range(120):
        (tmp_path / name).write_bytes(_spoiled(whole, chance))
        refused += _refused(tmp_path / name, choices)
    assert refused > 20


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", _KINDS)
def test_spoiled_images_are_read_or_refused_and_nothing_else(suffix, tmp_path):
    whole = image(pixels(3, (6, 6, 3)), _KINDS[suffix])
    others = {f"{c}/{i}.png": image(pixels(i, (6, 6, 3))) for i, c in enumerate("ab")}
    chance = random.Random(suffix)
    refused = 0
    for _ in range(40):
        (tmp_path / "images.zip").write_bytes(zipped(others | {f"a/9.{suffix}": _spoiled(whole, chance)}))
        refused += _refused(tmp_path / "images.zip", {"image_size": (6, 6)})
    assert refused > 0
