"""Uploaded files: saved under the digest of their content and deleted a day after their last use."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from fil_core.data.own import limits
from fil_core.data.own.uploads import find_upload, own_directory, save_upload
from fil_core.errors import BadData, DataUnavailable


def test_an_upload_is_saved_under_its_content():
    path = save_upload(b"a,b\n1,2\n", ".CSV")
    assert path == save_upload(b"a,b\n1,2\n", ".csv")
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert find_upload(path.name) == path
    assert [f.name for f in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 & ~0o644 == 0
    assert path.parent.stat().st_mode & 0o077 == 0  # readable by its owner only


@pytest.mark.parametrize("suffix", [".exe", ".csv/../../x", "", ".pkl", ".CSV.gz"])
def test_an_unsupported_suffix_is_refused(suffix):
    with pytest.raises(BadData, match="expected a name ending in"):
        save_upload(b"x", suffix)


def test_empty_and_too_large_uploads_are_refused(monkeypatch):
    with pytest.raises(BadData, match="0 bytes"):
        save_upload(b"", ".csv")
    monkeypatch.setattr(limits, "FILE_BYTES", 10)
    with pytest.raises(BadData, match="at most 10 bytes; got 11"):
        save_upload(b"x" * 11, ".csv")


@pytest.mark.parametrize("name", ["../x.csv", "x.csv", "/etc/passwd", "a" * 64 + ".csv/..", "a" * 64 + ".csv"])
def test_only_names_of_uploads_are_found(name):
    save_upload(b"a,b\n1,2\n", ".csv")
    assert find_upload(name) is None


def test_uploads_not_used_for_a_day_are_deleted():
    old, new = save_upload(b"a,b\n1,2\n", ".csv"), save_upload(b"a,b\n1,3\n", ".csv")
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    save_upload(b"a,b\n1,4\n", ".csv")
    assert (old.exists(), new.exists()) == (False, True)


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_reported_and_leaves_no_file(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full_disk)
        with pytest.raises(DataUnavailable, match="No space left on device"):
            save_upload(b"a,b\n1,2\n", ".csv")
    assert list((own_directory() / "incoming").iterdir()) == []
