"""Which files of a folder or zip are read, in which class and split; none is passed over without a word."""

from __future__ import annotations

import numpy as np
import pytest
from file_parts import from_zip, image, pictures, pixels, under

from fil_core.data.own import Choices, add
from fil_core.data.own.reading import preview, read
from fil_core.display import redaction
from fil_core.errors import BadData

N = 12  # of `pictures()`
TRAINING = under("train", pictures())


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        ("jfif", "jpeg"), ("jpe", "jpeg"), ("jif", "jpeg"), ("pjpeg", "jpeg"), ("JFIF", "jpeg"), ("apng", "png"),
        ("dib", "bmp"), ("pnm", "ppm"),
    ],
)  # fmt: skip
def test_other_names_of_a_format_are_read(suffix, kind, tmp_path):
    other = {f"cows/{i}.{suffix}": image(pixels(i), kind) for i in range(3)}
    raw = from_zip(pictures() | other, tmp_path, test_fraction=0)
    assert raw.class_names == ("cats", "cows", "dogs")
    assert np.bincount(raw.y).tolist() == [6, 3, 6]


@pytest.mark.parametrize(
    "suffix", ["heic", "HEIC", "avif", "tga", "jp2", "jxl", "cr2", "nef", "dng", "svg", "psd", "dcm"]
)
def test_a_picture_in_another_format_is_refused_by_name(suffix, tmp_path):
    for name in (f"cats/9.{suffix}", f"cows/9.{suffix}"):
        with pytest.raises(BadData, match=rf"other formats than \.{suffix.lower()}; got 1 such file.*'{name}'"):
            from_zip(pictures() | {name: b"x"}, tmp_path)


def test_a_class_folder_without_any_image_is_refused(tmp_path):
    with pytest.raises(BadData, match=r"every class folder; 'cows/' has other files only, such as '1\.xyz'"):
        from_zip(pictures() | {"cows/1.xyz": b"x", "cows/2.xyz": b"x"}, tmp_path)
    with pytest.raises(BadData, match=r"'train/cows/' has other files only"):
        from_zip(TRAINING | {"train/cows/1": b"x"}, tmp_path)
    with pytest.raises(BadData, match=r"'set/cows/' has other files only"):
        from_zip(under("set", pictures()) | {"set/cows/1.xyz": b"x"}, tmp_path)


def test_a_folder_without_any_file_is_told(tmp_path):
    told = "Folders without any file, which are no classes: cows."
    assert told in from_zip(pictures() | {"cows/": b""}, tmp_path).notes
    assert not [note for note in from_zip(pictures() | {"cats/": b""}, tmp_path).notes if "without any file" in note]
    for name, content in pictures().items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(content)
    for name in ("cows", ".cache"):
        (tmp_path / "set" / name).mkdir()
    raw, _ = read(tmp_path / "set", Choices())
    assert told in raw.notes
    assert "cows" not in redaction.told(told, ())


def test_other_files_are_passed_over_and_counted(tmp_path):
    plain = from_zip(pictures(), tmp_path)
    raw = from_zip(pictures() | {"cats/notes.txt": b"hello"}, tmp_path)
    assert raw.X.tolist() == plain.X.tolist()
    assert "1 file is passed over as it is no image, such as cats/notes.txt." in raw.notes
    raw = from_zip(pictures() | {"cats/notes.txt": b"hello", "readme.md": b"x"}, tmp_path)
    assert any(note.startswith("2 files are passed over") for note in raw.notes)
    raw = from_zip(under("set", pictures()) | {"about/labels/all.csv": b"x"}, tmp_path)  # beside the folder of classes
    assert raw.class_names == ("cats", "dogs")


HIDDEN = {
    "__MACOSX/cats/._0.png": b"x", "cats/._1.png": b"x", "dogs/.DS_Store": b"y", "cats/Thumbs.db": b"z",
    ".ipynb_checkpoints/0-checkpoint.png": b"x", "cats/.ipynb_checkpoints/0.png": b"x", ".git/config": b"x",
    "dogs/@eaDir/1.png/small.jpg": b"x",
}  # fmt: skip


def test_hidden_and_system_files_are_passed_over_and_counted(tmp_path):
    plain = from_zip(pictures(), tmp_path)
    raw = from_zip(pictures() | HIDDEN, tmp_path)
    assert (raw.X.tolist(), raw.id_names.tolist()) == (plain.X.tolist(), plain.id_names.tolist())
    assert set(raw.notes) - set(plain.notes) == {"8 hidden or system files are passed over, such as .git/config."}
    assert raw.notes[-1] in preview(tmp_path / "images.zip")["notes"]
    raw = from_zip(pictures() | {"cats/.DS_Store": b"y"}, tmp_path)
    assert "1 hidden or system file is passed over, such as cats/.DS_Store." in raw.notes


def test_links_in_a_folder_are_refused_as_in_a_zip_unless_they_are_hidden(tmp_path):
    folder, elsewhere = tmp_path / "images", tmp_path / "elsewhere"
    for top in (folder, elsewhere):
        for name, content in pictures().items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(content)
    (folder / ".cache").symlink_to(elsewhere, target_is_directory=True)
    assert add(folder, Choices(test_fraction=0)).rows == N
    for link in (folder / "cats" / "8.png", folder / "cows"):
        link.symlink_to(elsewhere / ("cats" if link.name == "cows" else "cats/1.png"))
        for call in (add, read):
            with pytest.raises(BadData, match=f"'{link.relative_to(folder)}' is a link"):
                call(folder, Choices())
        link.unlink()


# --- splits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["val", "valid", "Validation", "test", "testing"])
def test_a_held_out_folder_is_the_test_split(name, tmp_path):
    wanted = from_zip(TRAINING | under("test", pictures(2)), tmp_path)
    raw = from_zip(TRAINING | under(name, pictures(2)), tmp_path)
    for part in ("X", "y", "ids", "X_test", "y_test"):
        assert getattr(raw, part).tolist() == getattr(wanted, part).tolist()
    assert ("val/ is the test split." in raw.notes) == name.lower().startswith("val")
    with pytest.raises(BadData, match="--test-fraction"):
        from_zip(TRAINING | under(name, pictures(2)), tmp_path, test_fraction=0.5)


def test_beside_test_the_folder_val_is_not_used_and_that_is_told(tmp_path):
    entries = TRAINING | under("test", pictures(2)) | under("val", pictures(3))
    raw = from_zip(entries, tmp_path)
    assert (len(raw.X), len(raw.X_test)) == (N, 4)
    assert "test/ is the test split; 6 images in val/ are not used." in raw.notes
    assert preview(tmp_path / "images.zip")["rows"] == N + 4


def test_a_class_in_val_only_is_refused(tmp_path):
    with pytest.raises(BadData, match="'cows' is in the test split only, as 'val/cows/1.png'"):
        from_zip(TRAINING | {"val/cows/1.png": image(pixels())}, tmp_path)


def test_val_alone_trains_nothing(tmp_path):
    with pytest.raises(BadData, match="two class folders to train on; got none"):
        from_zip(under("val", pictures()), tmp_path)


def test_classes_may_be_called_valid(tmp_path):
    assert from_zip(pictures(classes=("invalid", "valid")), tmp_path).class_names == ("invalid", "valid")
