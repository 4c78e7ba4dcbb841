"""The store: what goes in comes out, and no disk, crash or neighbour makes it lie or fail."""

from __future__ import annotations

import builtins
import dataclasses
import errno
import hashlib
import json
import math
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fil_core.engine.store import Store, encoding, folders, index, store
from fil_core.errors import BadRequest
from fil_core.result import Result

FILES = ("table.parquet", "arrays.npz", "manifest.json")


def key_of(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


KEY = key_of("a")


def result_of(value: float = 1.0, *, size: int = 0) -> Result:
    table = pd.DataFrame(
        {"eta": [value, math.nan, math.inf], "label": ["é=", None, ""], "test": [True, False, True]},
        index=pd.Index([2, 5, 9], name="id"),
    )
    arrays = {"theta": np.array([value, -math.inf]), "pad": np.zeros(size, dtype=np.uint8)}
    return Result(table, arrays, {"mean": value, "worst": math.inf}, {"request": {"type": "FilRequest", "v": value}})


def same(got: Result | None, expected: Result) -> None:
    assert got is not None
    pd.testing.assert_frame_equal(got.table, expected.table, check_exact=True)
    assert list(got.arrays) == list(expected.arrays)
    for name, array in expected.arrays.items():
        assert got.arrays[name].dtype == array.dtype and got.arrays[name].shape == array.shape
        assert got.arrays[name].tobytes() == array.tobytes()
    # repr tells nan from None, -0.0 from 0.0, 1 from 1.0 and True, and shows the order of names.
    assert repr(got.summary) == repr(expected.summary)
    assert repr(got.provenance) == repr(expected.provenance)


def folder_of(root: Path, key: str = KEY) -> Path:
    return root / key[:2] / key


def results_in(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob("[0-9a-f][0-9a-f]/*"))


def leftovers(root: Path) -> list[Path]:
    return list((root / "tmp").glob("*"))


# Round trips

json_names = st.text(max_size=5) | st.sampled_from(["$float", "$dict", "$"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_names, inner, max_size=3),
    max_leaves=8,
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = texts | st.sampled_from(["file", "allow_pickle", "arr_0", "a/b", "../x", "x.npy", "=1", "__index_level_0__"])
dtypes = (
    hnp.boolean_dtypes() | hnp.integer_dtypes(endianness="?") | hnp.floating_dtypes(endianness="?")
    | hnp.complex_number_dtypes() | hnp.unicode_string_dtypes() | hnp.byte_string_dtypes() | hnp.datetime64_dtypes()
)  # fmt: skip
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(0, 4))
    kinds = st.sampled_from(
        [("float64", st.floats()), ("float32", st.floats(width=32)), ("int64", st.integers(-(2**63), 2**63 - 1)),
         ("uint8", st.integers(0, 255)), ("bool", st.booleans()), ("str", texts | st.none())]
    )  # fmt: skip
    columns = {}
    for name in draw(st.lists(names.filter(lambda name: name != "id"), unique=True, max_size=4)):
        dtype, values = draw(kinds)
        columns[name] = pd.Series(draw(st.lists(values, min_size=n, max_size=n)), dtype=dtype)
    ids = draw(st.lists(st.integers(0, 2**63 - 1), min_size=n, max_size=n, unique=True))
    frame = pd.DataFrame(columns, index=range(n))
    return frame.set_axis(pd.Index(ids, name="id", dtype="int64"))


results = st.builds(
    Result,
    table=tables(),
    arrays=st.dictionaries(names, arrays, max_size=3),
    summary=st.dictionaries(st.text(max_size=5), json_values, max_size=3),
    provenance=st.dictionaries(st.text(max_size=5), json_values, max_size=3),
)


@settings(max_examples=80, deadline=None)
@given(results)
def test_what_goes_in_comes_out(result: Result) -> None:
    with tempfile.TemporaryDirectory() as root:
        put = Store(root).put(KEY, result)
        other = Store(root)
        got = other.get(KEY)
        assert other.notice is None
    same(put, result)
    same(got, result)


@settings(max_examples=200, deadline=None)
@given(json_values)
def test_the_manifest_is_strict_json(value: Any) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    content = encoding._dump(value)
    json.loads(content, parse_constant=refuse)
    assert repr(json.loads(content, object_hook=encoding._from_json)) == repr(value)


def test_readers_share_nothing(tmp_path: Path) -> None:
    cache = Store(tmp_path)
    given_result = result_of()
    put = cache.put(KEY, given_result)
    put.arrays["theta"][:] = 7
    put.summary["mean"] = 7
    put.table.loc[:, "eta"] = 7.0
    same(given_result, result_of())
    same(cache.get(KEY), result_of())


def test_numpy_scalars_and_tuples_become_json_values(tmp_path: Path) -> None:
    summary = {"n": np.int64(3), "x": np.float32(0.5), "ok": np.bool_(True), "bad": np.float64("nan"), "t": (1, "a")}
    put = Store(tmp_path).put(KEY, Result(pd.DataFrame(), summary=summary))
    assert repr(put.summary) == "{'n': 3, 'x': 0.5, 'ok': True, 'bad': nan, 't': [1, 'a']}"


def test_a_column_of_objects_is_the_same_for_writer_and_reader(tmp_path: Path) -> None:
    result = Result(pd.DataFrame({"t": pd.Series(["a", None], dtype=object)}))
    put = Store(tmp_path).put(KEY, result)
    same(Store(tmp_path).get(KEY), put)
    assert put.table["t"].dtype == "str"


def test_the_first_writer_wins(tmp_path: Path) -> None:
    same(Store(tmp_path).put(KEY, result_of(1.0)), result_of(1.0))
    same(Store(tmp_path).put(KEY, result_of(2.0)), result_of(1.0))


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Result(pd.DataFrame(), {"a": np.array([{}], dtype=object)}), "'a' has object"),
        (Result(pd.DataFrame(), {"a": np.zeros(1, dtype=[("x", object)])}), "'a' has"),
        (Result(pd.DataFrame(), {"a": np.ma.array([1.0], mask=[True])}), "'a' is MaskedArray"),
        (Result(pd.DataFrame(), {"a": [1.0]}), "'a' is list"),  # type: ignore[dict-item]
        (Result(pd.DataFrame(), {3: np.zeros(1)}), "3 is ndarray"),  # type: ignore[dict-item]
        (Result(pd.DataFrame({"a": [1, "x"]})), "one type each"),
        (Result(pd.DataFrame([[1, 2]], columns=["a", "a"])), "different texts"),
        (Result(pd.DataFrame(), summary={"a": object()}), "got <object"),
        (Result(pd.DataFrame(), provenance={"a": {1: "x"}}), "texts as keys"),
    ],
)
def test_what_cannot_be_stored_is_refused(tmp_path: Path, result: Result, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        Store(tmp_path).put(KEY, result)
    assert results_in(tmp_path) == [] and leftovers(tmp_path) == []


def test_a_summary_that_holds_itself_is_refused(tmp_path: Path) -> None:
    summary: dict[str, Any] = {}
    summary["self"] = summary
    with pytest.raises(BadRequest, match="JSON values"):
        Store(tmp_path).put(KEY, Result(pd.DataFrame(), summary=summary))


def test_what_could_not_be_read_back_is_never_written(tmp_path: Path) -> None:
    # numpy refuses to read a header above 10,000 bytes without pickle; here it is the dtype's 2,000 fields.
    wide = np.zeros(1, dtype=[(f"field{i}", "f8") for i in range(2000)])
    with pytest.raises(BadRequest, match="read back"):
        Store(tmp_path).put(KEY, Result(pd.DataFrame(), {"a": wide}))
    assert results_in(tmp_path) == []


@pytest.mark.parametrize("key", ["", "../" + "a" * 61, "a" * 63, "A" * 64, "a" * 64 + "\n", "g" * 64, None, ["a"]])
def test_a_key_never_becomes_a_path_unchecked(tmp_path: Path, key: Any) -> None:
    cache = Store(tmp_path / "root")
    calls = [cache.get, cache.delete, cache.__contains__, lambda key: cache.put(key, result_of())]
    for call in calls:
        with pytest.raises(BadRequest, match="64 lower-case hex"):
            call(key)
    assert list(tmp_path.iterdir()) == []


# Keeping house


def test_entries_read_manifests_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Store(tmp_path)
    for name in "ab":
        cache.put(key_of(name), result_of(ord(name)))
    cache.get(KEY)
    monkeypatch.setattr(folders, "read", None)
    monkeypatch.setattr(store, "decode", None)
    first, second = cache.entries()
    assert (first.key, second.key) == (KEY, key_of("b"))
    assert first.request == {"type": "FilRequest", "v": 97}
    assert first.bytes == sum(path.stat().st_size for path in folder_of(tmp_path).iterdir())
    assert first.used >= second.used and first.used >= first.created and first.created.tzinfo is not None


def test_entries_read_a_manifest_again_only_after_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, read = Store(tmp_path), []
    parse = index.entry_of
    monkeypatch.setattr(index, "entry_of", lambda key, *more: read.append(key) or parse(key, *more))
    for name in "abc":
        cache.put(key_of(name), result_of())
    folder_of(tmp_path, key_of("c")).joinpath("manifest.json").write_text("[]")
    first = cache.entries()
    assert sorted(read) == sorted(map(key_of, "abc"))
    read.clear()
    assert cache.entries() == first
    assert read == []
    other = Store(tmp_path)  # as another process: it uses one, replaces one and removes one
    other.get(KEY)
    other.delete(key_of("b"))
    assert [entry.key for entry in cache.entries()] == [KEY]
    assert cache.entries()[0].used > first[-1].used
    other.put(key_of("b"), result_of(2.0, size=3))
    assert {entry.key for entry in cache.entries()} == {KEY, key_of("b")}
    assert read == [KEY, key_of("b")]


def test_the_entry_of_a_prefix_reads_no_other_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, read = Store(tmp_path), []
    for i in range(40):
        cache.put(key_of(i), result_of())
    parse = index.entry_of
    monkeypatch.setattr(index, "entry_of", lambda key, *more: read.append(key) or parse(key, *more))
    assert cache.entry(key_of(7)[:9]).key == key_of(7)
    assert read == [key_of(7)]


def test_entries_leave_out_what_is_damaged(tmp_path: Path) -> None:
    cache = Store(tmp_path)
    for name in "ab":
        cache.put(key_of(name), result_of())
    (folder_of(tmp_path) / "manifest.json").write_text("[]")
    assert [entry.key for entry in cache.entries()] == [key_of("b")]


def test_delete(tmp_path: Path) -> None:
    cache = Store(tmp_path)
    cache.put(KEY, result_of())
    assert KEY in cache
    cache.delete(KEY)
    cache.delete(KEY)
    assert KEY not in cache and cache.get(KEY) is None and cache.notice is None
    assert results_in(tmp_path) == [] and leftovers(tmp_path) == []


def test_deleting_what_is_not_there_makes_no_folder(tmp_path: Path) -> None:
    Store(tmp_path / "store").delete(KEY)
    assert not (tmp_path / "store").exists()


def test_delete_that_the_disk_refuses_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Store(tmp_path)
    cache.put(KEY, result_of())
    monkeypatch.setattr(os, "rename", refusal(errno.EROFS))
    cache.delete(KEY)
    assert "cannot be removed" in (cache.notice or "")
    same(cache.get(KEY), result_of())


def test_least_recently_used_goes_first_and_never_the_new_one(tmp_path: Path) -> None:
    one = 100_000
    cache = Store(tmp_path, max_bytes=3 * one + one // 2)
    for name in "abc":
        cache.put(key_of(name), result_of(size=one))
    cache.get(KEY)  # now b is the oldest
    cache.put(key_of("d"), result_of(size=one))
    assert results_in(tmp_path) == sorted(map(key_of, "acd"))
    cache.put(key_of("e"), result_of(size=10 * one))  # larger than all that is allowed, yet just asked for
    assert results_in(tmp_path) == [key_of("e")]
    assert leftovers(tmp_path) == [] and cache.notice is None


def test_a_folder_that_cannot_be_evicted_is_not_counted_as_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = 100_000
    cache = Store(tmp_path, max_bytes=2 * one + one // 2)
    for name in "ab":
        cache.put(key_of(name), result_of(size=one))
    rename = os.rename

    def stubborn(src: Path, dst: Path) -> None:
        if Path(src).name == KEY:
            raise PermissionError(errno.EACCES, "Permission denied")
        rename(src, dst)

    monkeypatch.setattr(os, "rename", stubborn)
    cache.put(key_of("c"), result_of(size=one))
    assert results_in(tmp_path) == sorted(map(key_of, "ac"))


def test_leftovers_of_killed_writers_go_after_an_hour(tmp_path: Path) -> None:
    old, new = tmp_path / "tmp" / "old", tmp_path / "tmp" / "new"
    for path in (old, new):
        path.mkdir(parents=True)
        (path / "table.parquet").write_bytes(b"half")
    os.utime(old, (time.time() - 3700,) * 2)
    Store(tmp_path)
    assert leftovers(tmp_path) == [new]


@pytest.mark.parametrize("max_bytes", [0, -1, math.nan])
def test_max_bytes_is_positive(tmp_path: Path, max_bytes: Any) -> None:
    with pytest.raises(BadRequest, match="max_bytes"):
        Store(tmp_path, max_bytes=max_bytes)


def test_default_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("FIL_STORE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert Store().root == tmp_path / ".cache/fil-explorer/results"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert Store().root == tmp_path / "xdg/fil-explorer/results"
    monkeypatch.setenv("FIL_STORE_DIR", "~/mine")
    assert Store().root == tmp_path / "mine"


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIL_STORE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(BadRequest, match="FIL_STORE_DIR"):
        Store()


# Damage


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit_manifest(path: Path, change: dict[str, Any], *, resign: bool) -> None:
    manifest = json.loads(path.read_bytes(), object_hook=encoding._from_json) | change
    if resign:
        manifest.pop("sha256")
        manifest["sha256"] = encoding._digest(manifest)
    path.write_bytes(encoding._dump(manifest))


def another_checksum(path: Path) -> None:
    listed = json.loads(path.read_bytes())["files"]
    listed["table.parquet"]["sha256"] = "0" * 64
    edit_manifest(path, {"files": listed}, resign=True)


def another_schema(path: Path) -> None:
    edit_manifest(path, {"schema": 2}, resign=True)


def another_key(path: Path) -> None:
    edit_manifest(path, {"key": key_of("z")}, resign=True)


def another_number(path: Path) -> None:
    edit_manifest(path, {"summary": {"mean": 2.0}}, resign=False)


def no_list_of_files(path: Path) -> None:
    edit_manifest(path, {"files": {}}, resign=True)


def not_json(path: Path) -> None:
    path.write_text("nonsense")


def not_an_object(path: Path) -> None:
    path.write_text("[1]")


def deep(path: Path) -> None:
    path.write_text("[" * 100_000)


DAMAGE = [(name, harm) for name in FILES for harm in (cut, empty, flip, Path.unlink)] + [
    ("manifest.json", harm)
    for harm in (
        another_checksum, another_schema, another_key, another_number, no_list_of_files, not_json, not_an_object, deep
    )
]  # fmt: skip


@pytest.mark.parametrize(("name", "harm"), DAMAGE, ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_damaged_result_is_moved_away_and_the_others_stay(tmp_path: Path, name: str, harm: Any) -> None:
    cache = Store(tmp_path)
    for value in "ab":
        cache.put(key_of(value), result_of(ord(value)))
    harm(folder_of(tmp_path) / name)
    kept = {path.name: path.read_bytes() for path in folder_of(tmp_path).iterdir()}
    for n in range(2):
        assert cache.get(KEY) is None
        moved = tmp_path / "damaged" / f"{KEY}-{n}"
        assert {path.name: path.read_bytes() for path in moved.iterdir()} == kept
        assert f"was moved to {moved} and will be computed again." in (cache.notice or "")
        same(cache.get(key_of("b")), result_of(98))
        same(cache.put(KEY, result_of(3.0)), result_of(3.0))
        same(cache.get(KEY), result_of(3.0))
        shutil.rmtree(folder_of(tmp_path))
        shutil.copytree(moved, folder_of(tmp_path))


def test_the_notice_names_what_was_found(tmp_path: Path) -> None:
    cache = Store(tmp_path)
    cache.put(KEY, result_of())
    flip(folder_of(tmp_path) / "arrays.npz")
    cache.get(KEY)
    assert cache.notice == (
        "A stored result was damaged (arrays.npz: its content does not match its checksum); "
        f"it was moved to {tmp_path}/damaged/{KEY}-0 and will be computed again."
    )


def test_no_flipped_bit_of_a_manifest_shows_another_number() -> None:
    files = encoding.encode(KEY, result_of())
    for i in range(len(files["manifest.json"])):
        flipped = bytearray(files["manifest.json"])
        flipped[i] ^= 1
        try:
            got = encoding.decode(KEY, files | {"manifest.json": bytes(flipped)})
        except Exception:
            continue
        same(got, result_of())  # white space, or "nan" as "Nan"


def test_a_file_in_the_place_of_a_folder_is_moved_away(tmp_path: Path) -> None:
    folder_of(tmp_path).parent.mkdir()
    folder_of(tmp_path).write_text("not a folder")
    cache = Store(tmp_path)
    assert cache.get(KEY) is None and "was moved to" in (cache.notice or "")
    same(cache.put(KEY, result_of()), result_of())


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    Store(tmp_path).put(KEY, result_of())
    folder = folder_of(tmp_path)
    np.savez(folder / "arrays.npz", np.array([{}], dtype=object), allow_pickle=True)
    content = (folder / "arrays.npz").read_bytes()
    listed = json.loads((folder / "manifest.json").read_bytes())["files"]
    listed["arrays.npz"] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    edit_manifest(folder / "manifest.json", {"files": listed, "arrays": ["theta"]}, resign=True)
    cache = Store(tmp_path)
    assert cache.get(KEY) is None and "allow_pickle=False" in (cache.notice or "")


def test_damage_that_cannot_be_moved_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Store(tmp_path)
    cache.put(KEY, result_of())
    cut(folder_of(tmp_path) / "table.parquet")
    monkeypatch.setattr(os, "mkdir", refusal(errno.EROFS))
    assert cache.get(KEY) is None
    assert "it is ignored and will be computed again." in (cache.notice or "")
    same(cache.put(KEY, result_of(2.0)), result_of(2.0))
    same(cache.get(KEY), result_of(2.0))


def test_damage_that_alone_cannot_be_moved_is_recomputed_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Store(tmp_path)
    cache.put(KEY, result_of())
    cut(folder_of(tmp_path) / "table.parquet")
    (tmp_path / "damaged").write_text("a file where the folder should be")
    same(cache.put(KEY, result_of(2.0)), result_of(2.0))
    same(cache.get(KEY), result_of(2.0))
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "denied"), OSError(errno.EMFILE, "Too many open files"), MemoryError()]
)
def test_what_cannot_be_read_now_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(path: Path) -> bytes:
        raise error

    cache = Store(tmp_path)
    cache.put(KEY, result_of())
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fail)
        assert cache.get(KEY) is None and cache.entries() == []
    assert "cannot be read (" in (cache.notice or "")
    same(cache.get(KEY), result_of())


# Disks that refuse


def refusal(code: int) -> Any:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


def full_after(files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ENOSPC hit in the middle of the file with this number, half of it written."""
    real, count = builtins.open, iter(range(100))

    def limited(path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        file = real(path, mode, *args, **kwargs)
        if mode != "xb" or next(count) < files:
            return file
        file.write(b"half")
        file.close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(builtins, "open", limited)


@pytest.mark.parametrize("where", ["mkdir", "open", "rename", "fsync"])
@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EIO])
def test_a_disk_that_refuses_degrades_to_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, code: int
) -> None:
    cache = Store(tmp_path)
    cache.put(key_of("b"), result_of(2.0))
    with monkeypatch.context() as patch:
        # Not os.open, which the removal of what was written needs.
        patch.setattr(folders if where == "open" else os, where, refusal(code), raising=False)
        same(cache.put(KEY, result_of()), result_of())
        assert cache.notice == (
            f"The result store {tmp_path} cannot be written ({os.strerror(code)}); "
            "results are kept in memory until this process ends."
        )
    same(cache.get(KEY), result_of())
    same(cache.get(key_of("b")), result_of(2.0))
    same(cache.put(KEY, result_of(3.0)), result_of())
    assert KEY in cache and KEY not in Store(tmp_path)
    assert {entry.key for entry in cache.entries()} == {KEY, key_of("b")}
    assert results_in(tmp_path) == [key_of("b")] and leftovers(tmp_path) == []
    cache.delete(KEY)
    assert KEY not in cache and cache.get(KEY) is None


@pytest.mark.parametrize("files", [0, 1, 2])
def test_a_disk_that_fills_up_between_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int) -> None:
    cache = Store(tmp_path)
    cache.put(key_of("b"), result_of(2.0))
    with monkeypatch.context() as patch:
        full_after(files, patch)
        same(cache.put(KEY, result_of()), result_of())
    assert "(No space left on device)" in (cache.notice or "")
    assert results_in(tmp_path) == [key_of("b")] and leftovers(tmp_path) == []
    same(cache.put(key_of("c"), result_of(3.0)), result_of(3.0))
    assert cache.notice is None and key_of("c") in Store(tmp_path)


def test_a_root_that_is_a_file(tmp_path: Path) -> None:
    root = tmp_path / "file"
    root.write_text("mine")
    cache = Store(root)
    assert cache.get(KEY) is None and cache.entries() == [] and KEY not in cache and cache.notice is None
    same(cache.put(KEY, result_of()), result_of())
    same(cache.get(KEY), result_of())
    assert f"The result store {root} cannot be written (" in (cache.notice or "")
    assert root.read_text() == "mine"
    cache.delete(KEY)
    assert cache.get(KEY) is None


def test_memory_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    one = 100_000
    root = tmp_path / "file"
    root.write_text("")
    cache = Store(root, max_bytes=2 * one + one // 2)
    for name in "ab":
        cache.put(key_of(name), result_of(size=one))
    cache.get(KEY)
    cache.put(key_of("c"), result_of(size=one))
    assert [entry.key for entry in cache.entries()] == [key_of("c"), KEY]
    cache.put(key_of("d"), result_of(size=10 * one))
    assert [entry.key for entry in cache.entries()] == [key_of("d")]


def test_what_memory_holds_cannot_be_changed_by_a_reader(tmp_path: Path) -> None:
    root = tmp_path / "file"
    root.write_text("")
    cache = Store(root)
    cache.put(KEY, result_of()).arrays["theta"][:] = 7
    same(cache.get(KEY), result_of())


# Neighbours


def write_many(root: str, name: float, start: Any, n: int) -> None:
    cache = Store(root)
    for i in range(n):
        start.wait()
        got = cache.put(key_of(i), result_of(name))
        again = cache.get(key_of(i))
        same(again, got)
    assert cache.notice is None, cache.notice


def test_two_processes_write_the_same_keys_at_once(tmp_path: Path) -> None:
    n = 20
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2, timeout=60)
    writers = [context.Process(target=write_many, args=(str(tmp_path), name, start, n)) for name in (1.0, 2.0)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert results_in(tmp_path) == sorted(key_of(i) for i in range(n))
    assert leftovers(tmp_path) == [] and not (tmp_path / "damaged").exists()
    for i in range(n):
        got = Store(tmp_path).get(key_of(i))
        assert got is not None
        same(got, result_of(got.summary["mean"]))


def test_the_loser_of_a_race_returns_the_winners_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = folders.write_synced

    def overtaken(path: Path, content: bytes) -> None:
        write(path, content)
        monkeypatch.setattr(folders, "write_synced", write)  # the other writer is not overtaken in its turn
        Store(tmp_path).put(KEY, result_of(2.0))

    cache = Store(tmp_path)
    monkeypatch.setattr(folders, "write_synced", overtaken)
    same(cache.put(KEY, result_of(1.0)), result_of(2.0))
    assert cache.notice is None and leftovers(tmp_path) == []


def test_a_reader_races_with_eviction(tmp_path: Path) -> None:
    cache, reader = Store(tmp_path, max_bytes=1), Store(tmp_path)
    stop, failures, hits = threading.Event(), [], []

    def read() -> None:
        while not stop.is_set():
            try:
                for name in "ab":
                    got = reader.get(key_of(name))
                    if got is not None:
                        same(got, result_of(got.summary["mean"]))
                        hits.append(name)
            except BaseException as error:  # whatever it is, the main thread must see it
                failures.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for i in range(60):  # each put evicts the other key, with another content each time
            cache.put(key_of("ab"[i % 2]), result_of(float(i)))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == [] and hits
    assert reader.notice is None and cache.notice is None
    assert not (tmp_path / "damaged").exists() and leftovers(tmp_path) == []


def test_a_folder_replaced_while_being_read_is_a_miss_not_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, other = Store(tmp_path), Store(tmp_path)
    cache.put(KEY, result_of(1.0))
    read_bytes = Path.read_bytes

    def replaced(path: Path) -> bytes:
        content = read_bytes(path)
        if path.name == "manifest.json":
            monkeypatch.setattr(Path, "read_bytes", read_bytes)
            other.delete(KEY)
            other.put(KEY, result_of(2.0))
        return content

    monkeypatch.setattr(Path, "read_bytes", replaced)
    assert cache.get(KEY) is None and cache.notice is None
    same(cache.get(KEY), result_of(2.0))


def test_threads_share_one_store(tmp_path: Path) -> None:
    root = tmp_path / "file"
    root.write_text("")
    cache, got = Store(root), []
    threads = [threading.Thread(target=lambda i=i: got.append(cache.put(KEY, result_of(i)))) for i in (1.0, 2.0, 3.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in got:
        same(result, got[0])


KILLED = """
import os, signal, sys
from fil_core.engine.store import folders
from fil_core.engine.store import Store
sys.path.insert(0, {tests!r})
from test_store import KEY, result_of

write = folders.write_synced
def killed(path, content):
    if path.name == {name!r}:
        with open(path, "wb") as file:
            file.write(content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, content)

folders.write_synced = killed
Store(sys.argv[1]).put(KEY, result_of(1.0))
"""


@pytest.mark.parametrize("name", FILES)
def test_a_killed_writer_leaves_nothing_to_be_seen(tmp_path: Path, name: str) -> None:
    here = Path(__file__).resolve()
    code = KILLED.format(tests=str(here.parent), name=name)
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=here.parents[3], timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(leftovers(tmp_path)) == 1
    cache = Store(tmp_path)
    assert KEY not in cache and cache.get(KEY) is None and cache.entries() == [] and cache.notice is None
    same(cache.put(KEY, result_of(2.0)), result_of(2.0))
    same(Store(tmp_path).get(KEY), result_of(2.0))


def test_a_writer_killed_in_python_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: Path, content: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folders, "write_synced", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Store(tmp_path).put(KEY, result_of())
    assert leftovers(tmp_path) == [] and results_in(tmp_path) == []


def test_every_byte_is_on_disk_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    fsync, rename = os.fsync, os.rename

    def seen_fsync(fd: int) -> None:
        events.append(Path(os.readlink(f"/proc/self/fd/{fd}")).name)
        fsync(fd)

    def seen_rename(src: Path, dst: Path) -> None:
        events.append("rename")
        rename(src, dst)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(os, "rename", seen_rename)
    Store(tmp_path).put(KEY, result_of())
    assert sorted(events[:3]) == sorted(FILES)
    assert len(events[3]) == 32 and events[4:] == [
        "rename",
        KEY[:2],
    ]  # the temporary folder, then the final one's parent


def test_the_result_given_is_not_changed(tmp_path: Path) -> None:
    result = result_of()
    before = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
    Store(tmp_path).put(KEY, result)
    assert all(getattr(result, name) is value for name, value in before.items())
    same(result, result_of())


THREADS = """
import os, sys
from pathlib import Path
from fil_core.engine.store import Store
sys.path.insert(0, os.environ["TESTS"])
from test_store import KEY, result_of, same
store = Store(Path(sys.argv[1]))
import pyarrow.parquet  # has threads of its own from the start
before = len(os.listdir("/proc/self/task"))
store.put(KEY, result_of(size=20_000))
same(store.get(KEY), result_of(size=20_000))
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_a_reader_leaves_no_threads_that_could_abort_its_process_at_the_end(tmp_path: Path) -> None:
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": str(here.parents[2]), "TESTS": str(here)}
    command = [sys.executable, "-c", THREADS, str(tmp_path)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout.strip()) == (0, "0"), ended.stderr
