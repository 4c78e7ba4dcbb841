"""Files that were handed in: kept under their content, for a day, whatever they are called."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from fil_core.data.own import limits
from fil_core.data.own.uploads import incoming, keep_upload, own_directory
from fil_core.errors import BadData, DataUnavailable


def test_a_file_that_is_handed_in_is_kept_under_its_content():
    path = keep_upload(b"a,b\n1,2\n", ".CSV")
    assert path == keep_upload(b"a,b\n1,2\n", ".csv")
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert incoming(path.name) == path
    assert [f.name for f in path.parent.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 & ~0o644 == 0
    assert path.parent.stat().st_mode & 0o077 == 0  # nobody else reads what a person brings


@pytest.mark.parametrize("suffix", [".exe", ".csv/../../x", "", ".pkl", ".CSV.gz"])
def test_an_unknown_suffix_is_not_kept(suffix):
    with pytest.raises(BadData, match="expected a name ending in"):
        keep_upload(b"x", suffix)


def test_nothing_and_too_much_are_not_kept(monkeypatch):
    with pytest.raises(BadData, match="0 bytes"):
        keep_upload(b"", ".csv")
    monkeypatch.setattr(limits, "FILE_BYTES", 10)
    with pytest.raises(BadData, match="at most 10 bytes; got 11"):
        keep_upload(b"x" * 11, ".csv")


@pytest.mark.parametrize("name", ["../x.csv", "x.csv", "/etc/passwd", "a" * 64 + ".csv/..", "a" * 64 + ".csv"])
def test_only_names_that_were_given_lead_to_a_file(name):
    keep_upload(b"a,b\n1,2\n", ".csv")
    assert incoming(name) is None


def test_what_nobody_used_for_a_day_is_forgotten():
    old, new = keep_upload(b"a,b\n1,2\n", ".csv"), keep_upload(b"a,b\n1,3\n", ".csv")
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    keep_upload(b"a,b\n1,4\n", ".csv")
    assert (old.exists(), new.exists()) == (False, True)


def full(*arguments, **more):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_said_for_a_file_that_is_handed_in(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(DataUnavailable, match="No space left on device"):
            keep_upload(b"a,b\n1,2\n", ".csv")
    assert list((own_directory() / "incoming").iterdir()) == []
