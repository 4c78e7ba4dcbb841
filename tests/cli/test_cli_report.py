"""The command `report`: what it writes, and how it says no."""

from __future__ import annotations

import dataclasses
import html
import json
import os

import pandas as pd
import pytest

from fil_core.engine.store import Entry, Store, folders
from fil_core.errors import BadRequest
from fil_core.result import Result

DIGITS = ["--data", "digits", "--classes", "3,8", "--model", "logistic"]
DIABETES = ["--data", "diabetes", "--l2", "1e-2"]


def stored(analysis: str) -> list[Entry]:
    return [entry for entry in Store().entries() if entry.analysis == analysis]


def test_it_measures_what_is_asked_and_writes_one_file(run, tmp_path):
    path = tmp_path / "report.html"
    code, out, err = run("report", "--out", path, *DIGITS, "--top", 5, "--title", "For <Bob>")
    assert code == 0, err
    assert "1 result" in out and "MiB" in out
    page = path.read_text()
    assert "<h1>For &lt;Bob&gt;</h1>" in page and page.count("<span>#5 · ") == 1 and "<span>#6 · " not in page
    assert os.listdir(tmp_path) == ["report.html"]
    (entry,) = stored("fil")
    assert entry.title in page and entry.fingerprint in page


def test_a_second_report_finds_the_result_and_says_so_in_json(run, tmp_path):
    path = tmp_path / "report.html"
    run("report", "--out", path, *DIABETES)
    code, out, _ = run("report", "--out", path, *DIABETES, "--redact", "--json")
    line = json.loads(out.splitlines()[-1])
    assert code == 0 and line["cached"] and line["redacted"] and line["results"] == 1
    assert line["bytes"] == path.stat().st_size
    assert "•••" in path.read_text()


def test_keys_choose_stored_results_and_their_beginnings_are_enough(run, tmp_path):
    run("fil", *DIGITS)
    run("irfil", *DIABETES, "--iterations", 2)
    keys = [stored("fil")[0].key[:8], stored("irfil")[0].key]
    path = tmp_path / "report.html"
    code, out, err = run("report", "--out", path, "--key", ",".join(keys))
    assert code == 0, err
    assert "2 results" in out
    page = html.unescape(path.read_text())
    assert page.index("python -m fil_core fil --data digits") < page.index("python -m fil_core irfil --data diabetes")


def test_an_attribute_and_a_noise_are_measured(run, tmp_path):
    path = tmp_path / "report.html"
    assert run("report", "--out", path, *DIABETES, "--attribute", "sex", "--sigma", 0.5)[0] == 0
    assert "--attribute sex --sigma 0.5" in path.read_text()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (["--out", "report.pdf"], "ending in .html"),
        (["--out", "nowhere/report.html"], "is not there"),
        (["--out", "report.html", "--key", "0123"], "8 to 64 lower-case hex"),
        (["--out", "report.html", "--key", "0123456789"], "no stored key starts so"),
        (["--out", "report.html", "--top", "0"], "top"),
        (["--out", "report.html", "--data", "nothing"], "nothing"),
        ([], "--out"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(run, tmp_path, monkeypatch, options, match):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("report", *(options if "--data" in options else [*options, *DIABETES]))
    assert code == 2 and not out
    assert match in err.splitlines()[-1] and "Traceback" not in err
    assert not os.listdir(tmp_path)


def test_a_bad_place_is_said_before_anything_is_computed(run, tmp_path, monkeypatch):
    from fil_core.engine import Engine

    monkeypatch.setattr(Engine, "compute", lambda *_, **__: pytest.fail("computed"))
    assert run("report", "--out", tmp_path / "a.txt", *DIABETES)[0] == 2


def test_parts_of_other_results_have_a_section_too(run, tmp_path):
    run("fil", *DIABETES)
    code, _, _ = run("report", "--out", tmp_path / "a.html", "--key", stored("fit")[0].key)
    assert code == 0 and "gradient norm" in (tmp_path / "a.html").read_text()


def test_a_full_disk_leaves_the_old_report(run, tmp_path, monkeypatch):
    path = tmp_path / "a.html"
    run("report", "--out", path, *DIABETES)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "write_synced", full)
    code, _, err = run("report", "--out", path, *DIABETES, "--redact")
    assert code == 2 and "No space left" in err
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.html"]


# --- entries by the beginning of their keys ---------------------------------------------------------------------------


def keep(store: Store, key: str, provenance: dict) -> None:
    store.put(key, Result(pd.DataFrame({"eta": [1.0]}), provenance=provenance))


def test_an_entry_says_what_it_is(tmp_path):
    store = Store(tmp_path)
    keep(store, "a" * 64, {"analysis": "fil", "seconds": 1.5, "data": {"title": "T", "fingerprint": "f"}})
    keep(store, "b" * 64, {})
    whole, bare = store.entry("a" * 8), store.entry("b" * 64)
    assert (whole.analysis, whole.title, whole.seconds, whole.fingerprint) == ("fil", "T", 1.5, "f")
    assert (bare.analysis, bare.title, bare.seconds, bare.fingerprint) == ("", "", None, "")
    assert dataclasses.asdict(whole) == dataclasses.asdict(store.entries()[[e.key for e in store.entries()].index("a" * 64)])  # noqa: E501 # fmt: skip


@pytest.mark.parametrize("prefix", ["a" * 7, "A" * 8, "g" * 8, "a" * 65, "../" * 4, ""])
def test_what_is_no_beginning_of_a_key_is_refused(tmp_path, prefix):
    with pytest.raises(BadRequest, match="8 to 64"):
        Store(tmp_path).entry(prefix)


def test_a_beginning_of_several_keys_or_none_is_refused(tmp_path):
    store = Store(tmp_path)
    for end in "01":
        keep(store, "c" * 63 + end, {})
    with pytest.raises(BadRequest, match="several keys start so"):
        store.entry("c" * 10)
    with pytest.raises(BadRequest, match="no stored key starts so"):
        store.entry("d" * 10)
