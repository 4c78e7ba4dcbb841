"""New pictures and rows in files: what is read of them, and what is refused before it is matched with any data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bad_files import BAD_RECORDS, NEW_SHAPE
from file_parts import array, arrays, csv, exif, image, parquet, pixels, table, zipped

from fil_core.data.own import arrays as npz
from fil_core.data.own import records
from fil_core.data.own.records import ARRAYS, Records, read_records
from fil_core.data.own.sandbox import records_in_sandbox
from fil_core.errors import BadData, DataUnavailable

GREY, COLOUR = pixels(1), pixels(2, (4, 4, 3))
MIXED = {
    "b/deep/er/1.png": image(GREY), "a.bmp": image(COLOUR, "bmp"), "b/2.PNG": image(pixels(3, (8, 12))),
    "readme.txt": b"no picture", "__MACOSX/b/._1.png": b"\0",
}  # fmt: skip


def saved(folder: Path, content: bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def assert_same(found: Records, expected: Records) -> None:
    assert found.notes == expected.notes
    for name in ARRAYS:
        one, other = getattr(found, name), getattr(expected, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert one.dtype == other.dtype, name
            np.testing.assert_array_equal(one, other, err_msg=name)
    assert (found.table is None) == (expected.table is None)
    if found.table is not None:
        pd.testing.assert_frame_equal(found.table, expected.table)


# --- pictures -------------------------------------------------------------------------------------------------------


def test_one_picture_is_called_by_its_file(tmp_path):
    path = saved(tmp_path, image(GREY), "me.png")
    found = read_records(path, (4, 4))
    np.testing.assert_array_equal(found.pixels, GREY[None])
    assert (found.sizes.tolist(), found.names.tolist(), found.notes) == ([[4, 4, 1]], ["me.png"], ())
    assert read_records(path, (4, 4), title="portrait.png").names.tolist() == ["portrait.png"]


@pytest.mark.parametrize("kind", ["png", "bmp", "webp", "gif", "tiff", "ppm", "jpeg"])
def test_pictures_of_many_formats(kind, tmp_path):
    flat = np.full((4, 4), 128, np.uint8)  # which JPEG and WebP keep up to rounding
    found = read_records(saved(tmp_path, image(flat, kind), f"a.{kind}"), (4, 4))
    np.testing.assert_allclose(found.pixels[0], flat, atol=2, rtol=0)


def test_a_zip_has_pictures_in_any_layout_by_their_paths(tmp_path):
    found = read_records(saved(tmp_path, zipped(MIXED), "new.zip"), (4, 4))
    assert found.names.tolist() == ["a.bmp", "b/2.PNG", "b/deep/er/1.png"]
    assert found.sizes.tolist() == [[4, 4, 3], [8, 12, 1], [4, 4, 1]]
    np.testing.assert_array_equal(found.pixels[2], GREY)
    blocks = pixels(3, (8, 12)).reshape(4, 2, 4, 3).mean((1, 3))
    np.testing.assert_allclose(found.pixels[1], blocks, atol=1, rtol=0)  # rounded once for rows, once for columns
    assert len(found.notes) == 2 and "readme.txt" in found.notes[0]


def test_pictures_are_decoded_in_the_colours_of_the_data(tmp_path):
    found = read_records(saved(tmp_path, zipped(MIXED), "new.zip"), (4, 4, 3))
    np.testing.assert_array_equal(found.pixels[0], COLOUR)
    np.testing.assert_array_equal(found.pixels[2], np.repeat(GREY[..., None], 3, axis=2))


def test_a_picture_is_turned_upright_and_that_is_told(tmp_path):
    from PIL import Image

    Image.fromarray(np.zeros((2, 6), np.uint8)).save(tmp_path / "a.png", exif=b"Exif\0\0" + exif(6))
    found = read_records(tmp_path / "a.png", (6, 2))
    assert found.sizes.tolist() == [[6, 2, 1]] and len(found.notes) == 1


# --- tables and arrays ----------------------------------------------------------------------------------------------


def test_a_csv_file_keeps_its_texts(tmp_path):
    content = b"id;age;city\n007;1E3;NA\n8;;null\n"
    found = read_records(saved(tmp_path, content, "new.csv")).table
    assert found.astype(object).where(found.notna(), None).to_numpy().tolist() == [
        ["007", "1E3", "NA"], ["8", None, "null"]
    ]  # fmt: skip


def test_a_parquet_file_keeps_its_types_and_lists_come_back_empty(tmp_path):
    made = table(5).assign(tags=[[1, 2]] * 5)
    found = read_records(saved(tmp_path, parquet(**made), "new.parquet")).table
    assert found["tags"].isna().all()
    pd.testing.assert_frame_equal(found.drop(columns="tags"), table(5), check_dtype=False)


@pytest.mark.parametrize("kind", ["f8", "f4", "i2", "?", ">f8"])
def test_rows_of_numbers_of_any_type(kind, tmp_path):
    X = np.random.default_rng(0).integers(0, 2, (6, 3)).astype(kind)
    found = read_records(saved(tmp_path, arrays(X=X, other=np.ones(2)), "new.npz"))
    assert found.X.dtype == np.float64 and found.X.dtype.isnative and found.names is None
    np.testing.assert_array_equal(found.X, X.astype(np.float64))


@pytest.mark.parametrize("size", [(4, 4), (5, 3, 3)])
def test_pictures_in_an_array_keep_their_size(size, tmp_path):
    made = np.stack([pixels(i, size) for i in range(3)])
    path = saved(tmp_path, arrays(X=made, ids=np.array(["a", "b", "ü"])), "new.npz")
    found = read_records(path, (28, 28))
    np.testing.assert_array_equal(found.pixels, made)
    assert found.sizes.tolist() == [[*size, 1] if len(size) == 2 else list(size)] * 3
    assert found.names.tolist() == ["a", "b", "ü"]


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", BAD_RECORDS, ids=lambda file: file.name)
def test_bad_files_are_refused_and_named(file, tmp_path):
    path = file.make(tmp_path)
    with pytest.raises(BadData, match="expected") as refusal:
        read_records(path, NEW_SHAPE)
    for part in file.says:
        assert part in str(refusal.value)
    assert len(str(refusal.value)) < 600
    assert not Path("/tmp/a-pickle-was-opened").exists()


@pytest.mark.parametrize("name", ["a.png", "new.zip"])
def test_pictures_are_refused_where_the_data_has_none(name, tmp_path):
    content = image(GREY) if name == "a.png" else zipped(MIXED)
    with pytest.raises(BadData, match=rf"no pictures; got {name}"):
        read_records(saved(tmp_path, content, name))


@pytest.mark.parametrize("name", ["none.csv", "none.png", "none.npz"])
def test_a_file_that_is_not_there_is_named(name, tmp_path):
    with pytest.raises((BadData, DataUnavailable), match=name):
        read_records(tmp_path / name, (4, 4))


def test_as_many_as_allowed_are_read_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "MOST", 3)
    for name, few, many in (
        ("a.csv", csv(table(3)), csv(table(4))),
        ("a.npz", arrays(X=np.ones((3, 2))), arrays(X=np.ones((4, 2)))),
        ("a.zip", *(zipped({f"{i}.png": image(GREY) for i in range(n)}) for n in (3, 4))),
    ):
        read_records(saved(tmp_path, few, name), (4, 4))
        with pytest.raises(BadData, match=r"from 1 to 3 pictures or rows; got 4"):
            read_records(saved(tmp_path, many, name), (4, 4))


def test_pictures_and_numbers_are_counted_before_any_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "MOST", 2)
    monkeypatch.setattr(records, "pixels", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(npz, "_member", lambda *_: pytest.fail("read"))
    for name, content in (("a.zip", zipped(MIXED)), ("a.npz", arrays(X=np.ones((3, 2))))):
        with pytest.raises(BadData, match="got 3"):
            read_records(saved(tmp_path, content, name), (4, 4))
    monkeypatch.setattr(records, "_MOST_VALUES", 7)
    with pytest.raises(BadData, match="at most 7 numbers; got 8"):
        read_records(saved(tmp_path, arrays(X=np.ones((2, 4))), "a.npz"))


# --- the sandbox ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("new.zip", zipped(MIXED)),
        ("new.csv", csv(table(5).astype({"dose": object}).assign(dose=[None, 1, 2, 3, 4]))),
        ("new.parquet", parquet(**table(5))),
        ("new.npz", arrays(X=np.ones((3, 2)), ids=np.arange(3))),
    ],
    ids=["zip", "csv", "parquet", "npz"],
)
def test_records_from_the_sandbox_are_those_of_the_reader(name, content, tmp_path):
    path = saved(tmp_path, content, name)
    assert_same(records_in_sandbox(path, (4, 4, 3)), read_records(path, (4, 4, 3)))


def test_a_picture_from_the_sandbox_is_called_as_its_owner_does(tmp_path):
    path = saved(tmp_path, image(GREY), "0123abcd.png")
    assert records_in_sandbox(path, (4, 4), title="me.png").names.tolist() == ["me.png"]
    with pytest.raises(BadData, match=r"no pictures; got me\.png") as refusal:
        records_in_sandbox(path, title="me.png")
    assert "0123abcd" not in str(refusal.value)
    damaged = saved(tmp_path, array(GREY), "4567abcd.png")
    with pytest.raises(BadData, match=r"^me\.png: expected an image") as refusal:
        records_in_sandbox(damaged, (4, 4), title="me.png")
