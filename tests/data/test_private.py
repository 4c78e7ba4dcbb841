"""Folders of results and own data are their owner's alone, also where they were there before with wider rights."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from fil_core.data import private
from fil_core.data.own.uploads import own_directory, save_upload
from fil_core.engine.store import Store

pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights are inherited there")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def wide(*folders: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)


def test_folders_that_were_there_before_become_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIL_STORE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ours = tmp_path / "fil-explorer"
    made = [ours / "results" / name for name in ("ab", "tmp", "jobs", "damaged")]
    own = [ours / "own", ours / "own/incoming", ours / "own/tmp"]
    data = ours / "data"  # downloads, which are nobody's secret
    wide(tmp_path, ours, ours / "results", *made, *own, data)
    assert Store().exposure is None
    assert [mode(folder) for folder in (ours, ours / "results", *made, *own)] == [0o700] * 9
    assert mode(tmp_path) == 0o755 and mode(data) == 0o755


def test_a_folder_that_somebody_named_is_ours_where_it_holds_nothing_else(tmp_path: Path) -> None:
    alone, shared = tmp_path / "parent" / "store", tmp_path / "project"
    wide(alone.parent, alone, alone / "cd", shared, shared / "cd", shared / "own", shared / "src")
    for root in (alone, shared):
        assert Store(root).exposure is None
    assert (mode(alone), mode(alone / "cd"), mode(alone.parent)) == (0o700, 0o700, 0o755)
    assert (mode(shared), mode(shared / "src")) == (0o755, 0o755)
    assert (mode(shared / "cd"), mode(shared / "own")) == (0o700, 0o700)


def test_what_belongs_to_somebody_else_stays_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "store"
    wide(root, root / "ab")
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    said = Store(root).exposure
    assert said is not None and str(root) in said and str(root / "ab") in said
    assert mode(root) == 0o755
    monkeypatch.setattr(os, "getuid", lambda: owner)
    assert Store(root).exposure is None and mode(root) == 0o700


def test_links_to_other_places_are_not_followed(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    wide(root, elsewhere)
    (root / "own").symlink_to(elsewhere)
    assert Store(root).exposure is None and mode(elsewhere) == 0o755


def test_what_is_written_is_the_owners_alone_under_any_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIL_STORE_DIR", str(tmp_path / "store"))
    mask = os.umask(0)
    try:
        upload = save_upload(b"a,b\n1,2\n", ".csv")
        private.make(tmp_path / "new" / "one")
    finally:
        os.umask(mask)
    folders = [upload.parent, own_directory(), tmp_path / "store", tmp_path / "new", tmp_path / "new" / "one"]
    assert [mode(folder) for folder in folders] == [0o700] * 5 and mode(upload) == 0o600
    own_directory().chmod(0o755)
    save_upload(b"a,b\n1,3\n", ".csv")
    assert mode(own_directory()) == 0o700
