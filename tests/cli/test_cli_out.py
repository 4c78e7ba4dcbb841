"""The file of --out: never one that is read, replaced whole or not at all, and only in the place of a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from file_parts import csv, pictures, table

from fil_core.cli.command import Command
from fil_core.engine import Engine
from fil_core.engine.store import folders
from fil_core.engine.store.export import write_table
from fil_core.errors import BadRequest

OWN = ["--target", "ill", "--l2", "0.02"]


@pytest.fixture
def inputs(tmp_path, monkeypatch) -> Path:
    """A folder with a file of each kind that a command reads."""
    folder = tmp_path / "in"
    folder.mkdir()
    monkeypatch.setenv("FIL_DATA_DIR", str(tmp_path / "sets"))
    (tmp_path / "sets" / "deep").mkdir(parents=True)
    (tmp_path / "sets" / "deep" / "set.csv").write_text("x\n")
    (folder / "p.csv").write_bytes(csv(table()))
    for name in ("w.csv", "s.csv", "t.npz.csv"):
        (folder / name).write_text("id,weight\n0,1\n")
    (folder / "images").mkdir()
    for name, content in pictures().items():
        (folder / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "images" / name).write_bytes(content)
    np.save(folder / "m.npy", np.eye(4))
    return folder


def refused(answer: tuple, *texts: str) -> None:
    code, out, err = answer
    assert (code, out) == (2, "") and len(err.splitlines()) == 1 and err.startswith("fil_core: --out: ")
    assert all(text in err for text in texts), err


@pytest.fixture
def nothing_is_done(monkeypatch):
    def called(*_, **__):
        raise AssertionError("work was done before the place of its result was checked")

    for name in ("dataset", "find", "compute"):
        monkeypatch.setattr(Engine, name, called)
    monkeypatch.setattr(Command, "request", called)


SAME = {
    "itself": lambda path: path,
    "another path": lambda path: path.parent / ".." / path.parent.name / path.name,
    "a link": lambda path: linked(path, Path.symlink_to),
    "a hard link": lambda path: linked(path, Path.hardlink_to),
    "a linked folder": lambda path: folder_linked(path),
}


def linked(path: Path, link) -> Path:
    other = path.parent.parent / f"link{path.suffix}"
    link(other, path)
    return other


def folder_linked(path: Path) -> Path:
    other = path.parent.parent / "folder-link"
    other.symlink_to(path.parent)
    return other / path.name


@pytest.mark.parametrize("way", SAME)
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("p.csv", ["--data", "{p.csv}", *OWN]),
        ("w.csv", ["--data", "digits", "--weights", "{w.csv}"]),
        ("s.csv", ["--data", "digits", "--scores", "{s.csv}"]),
        ("t.npz.csv", ["--data", "digits", "--parameters", "{t.npz.csv}"]),
        ("s.csv", ["--data", "{m.npy}", "--in-blocks", "--target", "{s.csv}"]),
        ("../sets/deep/set.csv", ["--data", "digits"]),
        ("../sets/deep/set.csv", ["--data", "digits", "--data-dir", "{../sets}"]),
    ],
)
def test_what_a_command_reads_is_never_replaced(name, arguments, way, run, inputs, nothing_is_done):
    path = (inputs / name).resolve()
    before = path.read_bytes()
    given = [str(inputs / a[1:-1]) if a.startswith("{") else a for a in arguments]
    refused(run("fil", *given, "--out", SAME[way](path)), "another")
    assert path.read_bytes() == before


def test_nothing_is_written_into_a_folder_that_is_read(run, inputs, nothing_is_done):
    images = inputs / "images"
    for out in (images / "new.csv", images / ".." / "images" / "dogs" / "new.csv"):
        refused(run("fil", "--data", images, "--l2", "0.1", "--out", out), "--data")
    refused(run("fil", "--data", "digits", "--out", inputs.parent / "sets" / "new.csv"), "FIL_DATA_DIR")


def test_a_report_does_not_replace_what_it_is_about_either(run, inputs, nothing_is_done):
    page = inputs.parent / "sets" / "page.html"
    page.write_text("x")
    refused(run("report", "--data", "digits", "--out", page), "FIL_DATA_DIR")
    (inputs / "images" / "page.html").write_text("x")
    refused(run("report", "--data", inputs / "images", "--out", inputs / "images" / "page.html"), "--data")
    assert page.read_text() == "x"


@pytest.mark.parametrize("suffix", [".csv", ".html"])
def test_only_a_file_can_be_replaced(suffix, run, tmp_path, nothing_is_done):
    os.mkfifo(tmp_path / f"pipe{suffix}")
    (tmp_path / f"null{suffix}").symlink_to("/dev/null")
    (tmp_path / f"folder{suffix}").mkdir()
    command = ["report" if suffix == ".html" else "fil", "--data", "digits", "--out"]
    for name in ("pipe", "null", "folder"):
        refused(run(*command, tmp_path / f"{name}{suffix}"), "expected a file name")
    for name in ("/dev/stdout", "/dev/null", tmp_path, "-"):
        refused(run(*command, name))
    assert stat.S_ISFIFO((tmp_path / f"pipe{suffix}").stat().st_mode)


def test_a_file_keeps_its_mode_and_a_link_leads_to_the_new_content(tmp_path):
    target, link = tmp_path / "private.csv", tmp_path / "latest.csv"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to("private.csv")
    write_table(pd.DataFrame({"eta": [1.0]}), link)
    assert link.is_symlink() and target.read_text().startswith("id,eta")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    write_table(pd.DataFrame({"eta": [1.0]}), tmp_path / "new.csv")
    usual = tmp_path / "usual"
    usual.write_text("")
    assert (tmp_path / "new.csv").stat().st_mode == usual.stat().st_mode
    assert sorted(os.listdir(tmp_path)) == ["latest.csv", "new.csv", "private.csv", "usual"]


def test_a_link_to_no_file_yet_makes_it(tmp_path):
    (tmp_path / "latest.csv").symlink_to("new.csv")
    write_table(pd.DataFrame({"eta": [1.0]}), tmp_path / "latest.csv")
    assert (tmp_path / "new.csv").is_file() and (tmp_path / "latest.csv").is_symlink()


def test_content_is_private_before_it_is_there(tmp_path, monkeypatch):
    target, seen = tmp_path / "private.csv", []
    target.write_text("old")
    target.chmod(0o600)
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(stat.S_IMODE(os.fstat(handle).st_mode)))
    folders.replace_file(target, b"new")
    assert seen == [0o600]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    target = tmp_path / "t.csv"
    target.write_text("old")

    def fails(*_):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(BadRequest, match="Permission denied"):
        write_table(pd.DataFrame({"a": [1]}), target)
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["t.csv"]


@pytest.mark.parametrize("place", ["ab/x/table.parquet", "tmp/x.csv", "own/x.csv", "damaged/x.csv", "jobs/x.csv"])
def test_nothing_is_written_among_what_is_stored(place, run, tmp_path, monkeypatch, nothing_is_done):
    store = tmp_path / "store"
    (store / place).parent.mkdir(parents=True)
    (store / place).write_text("stored")
    (tmp_path / "link").symlink_to(store)
    monkeypatch.setenv("FIL_STORE_DIR", str(store))
    for root in (store, tmp_path / "link"):
        refused(run("fil", "--data", "digits", "--out", root / place), "stored")
    assert (store / place).read_text() == "stored"


def test_beside_what_is_stored_files_can_be_written(run, tmp_path, monkeypatch):
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path))
    code, _, err = run("fil", "--data", "diabetes", "--out", tmp_path / "eta.csv")
    assert (code, err.count("fil_core: ")) == (0, 0)
    assert len(pd.read_csv(tmp_path / "eta.csv")) > 300
