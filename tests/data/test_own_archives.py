"""Names of the files in a zip, as different programs write them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from file_parts import image, pictures, pixels, under, zipped

from fil_core.data.own.archives import open_files
from fil_core.errors import BadData


def names_and_notes(content: bytes, folder) -> tuple[list[str], list[str]]:
    (folder / "images.zip").write_bytes(content)
    with open_files(folder / "images.zip") as (files, notes):
        assert all(read() == image(pixels()) for _, read in files)
        return [name for name, _ in files], notes


def stored_as(name: bytes, extra: bytes = b"") -> bytes:
    """A zip of one file whose name is stored as these bytes, without a word on their encoding."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("#" * len(name))
        entry.extra = extra
        archive.writestr(entry, image(pixels()))
    return buffer.getvalue().replace(b"#" * len(name), name)


def unicode_path(stored: bytes, name: str) -> bytes:
    """The extra field of Info-ZIP with the name in UTF-8."""
    field = b"\1" + struct.pack("<L", zlib.crc32(stored)) + name.encode()
    return struct.pack("<HH", 0x7075, len(field)) + field


@pytest.mark.parametrize("name", ["Käfer/été 犬.png", "cats/1.png"])
def test_names_in_utf8_are_read_with_and_without_their_flag(name, tmp_path):
    assert names_and_notes(zipped({name: image(pixels())}), tmp_path) == ([name], [])
    assert names_and_notes(stored_as(name.encode()), tmp_path) == ([name], [])


def test_names_in_the_code_page_of_dos_are_read_and_told(tmp_path):
    names, notes = names_and_notes(stored_as("Käfer/été.png".encode("cp437")), tmp_path)
    assert names == ["Käfer/été.png"]
    assert len(notes) == 1 and "code page 437" in notes[0]


def test_a_name_that_is_told_in_unicode_counts(tmp_path):
    stored = "Žába/1.png".encode("cp852")
    assert names_and_notes(stored_as(stored, unicode_path(stored, "Žába/1.png")), tmp_path) == (["Žába/1.png"], [])
    # Another program may have renamed the file without touching the field, whose checksum then is another one's.
    other = names_and_notes(stored_as(stored, unicode_path(b"other", "Žába/1.png")), tmp_path)
    assert other[0] == [stored.decode("cp437")]


def test_backslashes_between_folders_are_slashes(tmp_path):
    windows = {name.replace("/", "\\"): image(pixels()) for name in under("train", pictures())}
    names, _ = names_and_notes(zipped(windows | {"train\\cats\\": b""}), tmp_path)
    assert names == sorted(under("train", pictures()))


def test_a_dot_at_the_beginning_is_no_folder(tmp_path):
    assert names_and_notes(zipped({"./cats//1.png": image(pixels())}), tmp_path)[0] == ["cats/1.png"]


def test_a_colon_in_a_name_is_no_drive(tmp_path):
    assert names_and_notes(zipped({"cats/12:30.png": image(pixels())}), tmp_path)[0] == ["cats/12:30.png"]


@pytest.mark.parametrize("name", ["..\\cats\\1.png", "\\\\server\\1.png", "c:\\cats\\1.png", "cats\\..\\..\\1.png"])
def test_names_with_backslashes_do_not_lead_out(name, tmp_path):
    with pytest.raises(BadData, match="leads out of it"):
        names_and_notes(zipped({name: image(pixels())}), tmp_path)


def test_names_that_are_the_same_file_are_refused(tmp_path):
    for other in ("cats\\1.png", "./cats/1.png"):
        with pytest.raises(BadData, match="'cats/1.png' occurs twice"):
            names_and_notes(zipped({"cats/1.png": image(pixels()), other: image(pixels())}), tmp_path)
