"""Bad files are refused with an error that names the cause, within limits of time and memory; odd files are read."""

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

ERRORS = {"BadData", "BadRequest", "DataUnavailable"}
ROOT = Path(__file__).parents[2]
SECONDS = 5
MEMORY = 300  # MiB above a process that has answered its first request


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Outcome of every bad file, read in one process as by a server, and of a good file after them."""
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
    return {file.name: outcome for file, outcome in zip(BAD, each, strict=True)}, end, done.stderr


def test_the_corpus_is_large_and_its_names_differ():
    assert len(BAD) >= 45
    assert len({file.name for file in BAD + GOOD}) == len(BAD + GOOD)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.name)
def test_the_error_for_a_bad_file_names_the_cause(file, outcomes):
    outcome = outcomes[0][file.name]
    assert outcome["error"] in ERRORS, outcome
    assert "expected" in outcome["message"]
    for part in file.says:
        assert part in outcome["message"]
    assert "Traceback" not in outcome["message"]
    assert "Error(" not in outcome["message"]
    assert len(outcome["message"]) < 600
    assert outcome["seconds"] < SECONDS


def test_all_bad_files_have_different_errors(outcomes):
    messages = [outcome["message"] for outcome in outcomes[0].values()]
    assert len(set(messages)) == len(messages) == len(BAD)


def test_the_preview_of_a_bad_file_is_as_safe_as_reading_it(outcomes):
    errors = {name: outcome["preview"]["error"] for name, outcome in outcomes[0].items()}
    assert set(errors.values()) <= {"", *ERRORS}, errors
    assert max(outcome["preview"]["seconds"] for outcome in outcomes[0].values()) < SECONDS


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
def test_memory_stays_bounded_and_a_good_request_still_answers(outcomes, tmp_path):
    _, end, _ = outcomes
    assert end["extra_mib"] < MEMORY
    (tmp_path / "good.csv").write_bytes(csv(table()))
    entry = add(tmp_path / "good.csv", Choices(**ILL))
    eta = Engine().get(FilRequest(data=DataSpec(name=entry.name))).table["eta"]
    assert end["eta"] == pytest.approx(eta.tolist(), rel=1e-9)
    assert len(end["eta"]) == 32


def test_nothing_is_written_to_stderr(outcomes):
    assert outcomes[2] == ""


def test_no_pickle_was_opened(outcomes):
    assert not Path("/tmp/a-pickle-was-opened").exists()


def test_a_refused_file_is_not_registered(tmp_path):
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
def test_class_names_are_kept_as_they_are(name, classes, tmp_path):
    file = _named(name)
    assert add(file.make(tmp_path), Choices(**file.choices)).classes == classes


@pytest.mark.parametrize(
    "name",
    ["a byte order mark", "CRLF", "carriage returns alone", "no newline at the end", "semicolons", "tabs",
     "records of numbers and text"],
)  # fmt: skip
def test_the_format_of_a_table_does_not_change_its_numbers(name, tmp_path):
    file = _named(name)
    (tmp_path / "plain.csv").write_bytes(csv(table()))
    raw, _ = read(file.make(tmp_path), Choices(**file.choices))
    plain, _ = read(tmp_path / "plain.csv", Choices(**ILL))
    assert raw.feature_names == plain.feature_names == ("age", "dose", "city=Bonn", "city=Lyon")
    assert raw.X.tolist() == plain.X.tolist()
    assert raw.y.tolist() == plain.y.tolist()
    assert raw.X_test.tolist() == plain.X_test.tolist()


# --- random damage --------------------------------------------------------------------------------------------------

_KINDS = {"png": "png", "jpg": "jpeg", "gif": "gif", "bmp": "bmp", "webp": "webp", "ppm": "ppm", "tif": "tiff"}
_INTACT = {
    "table.csv": (lambda: csv(table()), ILL),
    "records.npy": (lambda: _named("records of numbers and text").make, ILL),
    "arrays.npz": (lambda: arrays(X=table()[["age", "dose"]].to_numpy(), y=table()["ill"].to_numpy(str)), {}),
    "matrix.npy": (lambda: array(table()[["age", "dose"]].to_numpy()), {"target": "0", "task": "regression"}),
    "images.zip": (lambda: zipped(pictures()), {}),
    "table.parquet": (lambda: parquet(**table()), ILL),
}


def _damaged(content: bytes, rng: random.Random) -> bytes:
    """The content with some bytes replaced, removed or inserted at random."""
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5, 30])):
        at, change = rng.randrange(len(damaged)), rng.random()
        if change < 0.6:
            damaged[at] = rng.randrange(256)
        elif change < 0.75:
            del damaged[at : at + rng.randrange(1, 20)]
        elif change < 0.9:
            damaged[at:at] = rng.randbytes(rng.randrange(1, 9))
        else:
            damaged[at : at + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\0\0\0\x80"])
        if not damaged:
            break
    return bytes(damaged)


def _refusals(path: Path, choices: dict) -> int:
    """How many of `read` and `preview` raise a FilError; other errors are not caught."""
    count = 0
    for call in (lambda: read(path, Choices(**choices)), lambda: preview(path)):
        try:
            call()
        except FilError:
            count += 1
    return count


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _INTACT)
def test_a_damaged_file_is_read_or_refused_with_a_fil_error(name, tmp_path):
    make, choices = _INTACT[name]
    content = make()
    intact = content if isinstance(content, bytes) else content(tmp_path).read_bytes()
    rng = random.Random(name)
    refusals = 0
    for _ in range(120):
        (tmp_path / name).write_bytes(_damaged(intact, rng))
        refusals += _refusals(tmp_path / name, choices)
    assert refusals > 20


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", _KINDS)
def test_a_damaged_image_is_read_or_refused_with_a_fil_error(suffix, tmp_path):
    intact = image(pixels(3, (6, 6, 3)), _KINDS[suffix])
    others = {f"{c}/{i}.png": image(pixels(i, (6, 6, 3))) for i, c in enumerate("ab")}
    rng = random.Random(suffix)
    refusals = 0
    for _ in range(40):
        (tmp_path / "images.zip").write_bytes(zipped(others | {f"a/9.{suffix}": _damaged(intact, rng)}))
        refusals += _refusals(tmp_path / "images.zip", {"image_size": (6, 6)})
    assert refusals > 0
