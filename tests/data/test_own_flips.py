"""One flipped bit anywhere in what is kept of own data is told as damage, and giving the file again mends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from file_parts import ILL, csv, table

from fil_core.data.own import Choices, add, register
from fil_core.data.own.directory import own_directory
from fil_core.data.own.register import damaged, load_raw, registered, remove_damaged
from fil_core.dataset import fingerprint
from fil_core.engine.store import Store
from fil_core.engine.uploads import keep_parameters, load
from fil_core.errors import BadData, DataUnavailable
from fil_core.specs import Upload

_HEADER = 128  # bytes of a .npy file of a plain array
_SAMPLED = 150  # bits beyond the header
FILES = ("X", "y", "ids", "X_test", "y_test", "names")
CHOICES = Choices(**ILL, id="who")


@pytest.fixture
def kept(tmp_path) -> tuple[str, Path, Path]:
    """Name and folder of an entry, and the file it was read from."""
    path = tmp_path / "patients.csv"
    path.write_bytes(csv(table().assign(who=[f"P{i}" for i in range(40)])))
    name = add(path, CHOICES).name
    return name, own_directory() / name[-12:], path


def flips(path: Path) -> Iterator[int]:
    """Every bit of the header, and some of the rest."""
    bits, rng = path.stat().st_size * 8, np.random.default_rng(5)
    header = np.arange(min(bits, _HEADER * 8))
    # The arrays are read in one way: all bits of one header, and some of the others.
    yield from (header if path.name == "X.npy" else rng.choice(header, _SAMPLED, replace=False)).tolist()
    if bits > len(header):
        yield from rng.integers(len(header), bits, _SAMPLED).tolist()


@pytest.mark.parametrize("name", [*(f"{name}.npy" for name in FILES), "manifest.json"])
def test_every_flipped_bit_is_told_as_damage(name, kept):
    entry, folder, _ = kept
    path = folder / name
    intact = path.read_bytes()
    for bit in flips(path):
        content = bytearray(intact)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        with pytest.raises((BadData, DataUnavailable), match=r"damaged\. Add the file again"):
            load_raw(entry)
    path.write_bytes(intact)
    assert load_raw(entry).X.shape == (32, 4)


@pytest.mark.parametrize("name", [*(f"{name}.npy" for name in FILES), "manifest.json"])
def test_giving_the_file_again_mends_it(name, kept):
    entry, folder, path = kept
    before = np.array(load_raw(entry).X)
    for bit in (3, 61, 83 * 8, 90 * 8 + 4):
        content = bytearray((folder / name).read_bytes())
        content[bit // 8] ^= 1 << bit % 8
        (folder / name).write_bytes(content)
        assert add(path, CHOICES).name == entry
        assert np.array_equal(load_raw(entry).X, before)
        assert damaged() == []


def test_a_damaged_entry_can_be_deleted(kept):
    _, folder, _ = kept
    assert damaged() == []
    (folder / "manifest.json").write_text("{")
    assert (damaged(), registered()) == ([folder.name], [])
    remove_damaged()
    assert (damaged(), folder.exists()) == ([], False)


def test_an_entry_of_an_earlier_version_is_checked_as_well(kept):
    """Its manifest has digests of the arrays alone."""
    entry, folder, _ = kept
    manifest = register._manifest(folder)
    arrays = {name: fingerprint(np.load(folder / f"{name}.npy")) for name in manifest.pop("files")}
    text = json.dumps(manifest | {"arrays": arrays})
    (folder / "manifest.json").write_text(f"{fingerprint(text)}\n{text}")
    path, raised = folder / "X.npy", 0
    intact, X = path.read_bytes(), np.array(load_raw(entry).X)
    for bit in flips(path):
        content = bytearray(intact)
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        try:
            assert np.array_equal(load_raw(entry).X, X)  # such as another space in the header
        except BadData:
            raised += 1
    assert raised > _HEADER * 8 * 0.9


@pytest.mark.parametrize("settled", ["given again", "deleted"])
def test_the_notice_of_a_damaged_upload_goes_once_it_is_settled(settled, tmp_path):
    store = Store(tmp_path / "store")
    name = keep_parameters(store, np.arange(1.0, 4.0), title="mine.npz")
    (store.root / name[:2] / name / "arrays.npz").write_bytes(b"")
    with pytest.raises(BadData, match="give the file again"):
        load(store, Upload("parameters", name))
    assert "damaged" in store.notice
    if settled == "deleted":
        store.delete(name)
    else:
        assert keep_parameters(store, np.arange(1.0, 4.0), title="mine.npz") == name
        assert load(store, Upload("parameters", name)).summary == {"file": "mine.npz"}
    assert store.notice is None
