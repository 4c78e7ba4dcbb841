"""Images of own data, from a zip or folder to rows."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from file_parts import from_zip, image, pictures, pixels, under, zipped
from PIL import Image

from fil_core.data import load
from fil_core.data.own import Choices, add, limits
from fil_core.data.own.reading import preview, read
from fil_core.data.raw import fixed_split
from fil_core.errors import BadData
from fil_core.specs import DataSpec

N = 12  # of `pictures()`


def unpacked(entries: dict[str, bytes], folder: Path) -> Path:
    for name, content in entries.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def pixels_of(content: bytes) -> list:
    return np.asarray(Image.open(io.BytesIO(content))).ravel().tolist()


def test_rows_are_in_the_sorted_order_of_file_names(tmp_path):
    entries = pictures()
    shuffled = {name: entries[name] for name in np.random.default_rng(1).permutation(list(entries))}
    raw = from_zip(shuffled, tmp_path, test_fraction=0)
    assert raw.X.dtype == np.uint8
    assert raw.X.tolist() == [pixels_of(entries[name]) for name in sorted(entries)]
    assert raw.y.tolist() == [0] * 6 + [1] * 6
    assert raw.class_names == ("cats", "dogs")
    assert raw.ids.tolist() == list(range(N))
    assert (raw.image_shape, raw.pixel_max) == ((4, 4), 255.0)
    assert raw.feature_names[:2] == ("r00c00", "r00c01")


def test_without_train_and_test_folders_a_fifth_is_held_out_and_ids_count_all_names(tmp_path):
    whole = from_zip(pictures(), tmp_path, test_fraction=0)
    raw = from_zip(pictures(), tmp_path)
    train, test = fixed_split(N)
    assert raw.ids.tolist() == train.tolist()
    assert raw.X.tolist() == whole.X[train].tolist()
    assert raw.X_test.tolist() == whole.X[test].tolist()
    assert raw.y_test.tolist() == whole.y[test].tolist()
    assert "of the images in sorted order" in raw.notes[0]


@pytest.mark.parametrize("names", [("train", "test"), ("TRAIN", "Test")])
def test_train_and_test_folders_are_the_split_and_ids_count_the_training_names(names, tmp_path):
    entries = under(names[0], pictures()) | under(names[1], pictures(2))
    raw = from_zip(entries, tmp_path)
    assert raw.X.tolist() == [pixels_of(entries[n]) for n in sorted(under(names[0], pictures()))]
    assert raw.X_test.tolist() == [pixels_of(entries[n]) for n in sorted(under(names[1], pictures(2)))]
    assert raw.ids.tolist() == list(range(N))
    assert raw.y_test.tolist() == [0, 0, 1, 1]
    assert "training images" in raw.notes[0]


@pytest.mark.parametrize("name", ["train", "Train"])
def test_a_training_folder_without_a_test_folder_is_split_like_any_other(name, tmp_path):
    raw = from_zip(under(name, pictures()), tmp_path)
    plain = from_zip(pictures(), tmp_path)
    assert raw.X.tolist() == plain.X.tolist()
    assert raw.X_test.tolist() == plain.X_test.tolist()
    assert len(from_zip(under(name, pictures()), tmp_path, test_fraction=0).X) == N


def test_classes_may_be_called_train_and_test(tmp_path):
    assert from_zip(pictures(classes=("test", "train")), tmp_path).class_names == ("test", "train")


def test_a_folder_and_its_zip_have_equal_rows_and_different_names(tmp_path):
    entries = under("train", pictures()) | under("test", pictures(2))
    (tmp_path / "images.zip").write_bytes(zipped(entries))
    folder = unpacked(entries, tmp_path / "images")
    from_archive, _ = read(tmp_path / "images.zip", Choices())
    from_folder, _ = read(folder, Choices())
    for name in ("X", "y", "ids", "X_test", "y_test"):
        a, b = getattr(from_archive, name), getattr(from_folder, name)
        assert (a.dtype, a.tolist()) == (b.dtype, b.tolist())
    assert from_archive.feature_names == from_folder.feature_names
    assert preview(tmp_path / "images.zip") == preview(folder)
    names = {add(path, Choices()).name for path in (tmp_path / "images.zip", folder)}
    assert len(names) == 2


def test_a_renamed_file_in_a_folder_is_different_content(tmp_path):
    folder = unpacked(pictures(), tmp_path / "images")
    before = add(folder, Choices()).name
    (folder / "cats" / "0.png").rename(folder / "cats" / "00.png")
    assert add(folder, Choices()).name != before


def test_file_names_that_are_not_valid_text_are_refused(tmp_path):
    folder = unpacked(pictures(), tmp_path / "images")
    try:
        (folder / "cats" / "\udcff.png").write_bytes(image(pixels()))
    except (OSError, UnicodeError):
        pytest.skip("this file system accepts valid text only")
    with pytest.raises(BadData, match="printable file names"):
        add(folder, Choices())


def test_examples_are_called_by_the_names_of_their_files(tmp_path):
    entries = under("train", pictures()) | under("test", pictures(2))
    raw = from_zip(entries, tmp_path)
    assert raw.id_names.tolist() == sorted(under("train", pictures()))
    train, _ = fixed_split(N)
    assert from_zip(pictures(), tmp_path).id_names.tolist() == [sorted(pictures())[i] for i in train]


def test_names_of_files_reach_the_data_set_and_open_its_examples(tmp_path):
    entry = add(unpacked(pictures(), tmp_path / "images"), Choices(test_fraction=0))
    data = load(DataSpec(name=entry.name, subset=7))
    assert data.called(data.ids).tolist() == [sorted(pictures())[i] for i in data.ids]
    assert data.number(data.called(data.ids)[3]) == data.ids[3]
    assert all(name.startswith(f"{label}/") for name, label in zip(data.called(data.ids), data.labels, strict=True))


def test_names_that_together_take_too_much_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "NAME_CHARACTERS", N * 10)
    assert len(from_zip(pictures(), tmp_path, test_fraction=0).X) == N
    with pytest.raises(BadData, match="shorter file names, of at most 10 characters for 12 images; got one of 11"):
        from_zip(pictures(classes=("cats", "birds")), tmp_path, test_fraction=0)


def test_one_image_in_colour_makes_all_images_colour(tmp_path):
    grey = from_zip(pictures(), tmp_path, test_fraction=0)
    entries = pictures() | {"dogs/9.png": image(pixels(2, (4, 4, 3)))}
    raw = from_zip(entries, tmp_path, test_fraction=0)
    assert raw.image_shape == (4, 4, 3)
    assert raw.X[-1].tolist() == pixels(2, (4, 4, 3)).ravel().tolist()
    as_colour = raw.X[:N].reshape(N, 16, 3)
    assert (as_colour == as_colour[:, :, :1]).all()
    assert as_colour[:, :, 0].tolist() == grey.X.tolist()


def test_images_are_resized_by_averaging(tmp_path):
    large = pixels(5, (8, 8))
    entries = pictures() | {"dogs/9.png": image(large)}
    raw = from_zip(entries, tmp_path, test_fraction=0, image_size=(4, 4))
    means = large.reshape(4, 2, 4, 2).mean((1, 3))
    assert np.abs(raw.X[-1].reshape(4, 4) - means).max() <= 1  # Pillow rounds rows, then columns
    assert raw.X[:N].tolist() == from_zip(pictures(), tmp_path, test_fraction=0).X.tolist()
    assert "Images are resized to 4 × 4 pixels." in raw.notes


def test_height_comes_before_width(tmp_path):
    entries = {f"{c}/{i}.png": image(pixels(i, (2, 6))) for c in "ab" for i in range(4)}
    assert from_zip(entries, tmp_path).image_shape == (2, 6)
    assert from_zip(entries, tmp_path, image_size=(1, 3)).image_shape == (1, 3)


def test_every_supported_lossless_format_gives_its_pixels(tmp_path):
    for suffix, kind in {"png": "png", "bmp": "bmp", "tif": "tiff", "pgm": "ppm", "gif": "gif"}.items():
        entries = {f"{c}/{i}.{suffix}": image(pixels(i), kind) for c in "ab" for i in range(2)}
        raw = from_zip(entries, tmp_path, test_fraction=0)
        first = raw.X[0].reshape(4, 4, -1)[..., 0]
        assert first.tolist() == pixels(0).tolist(), suffix


def test_progress_is_reported(tmp_path):
    reports = []
    (tmp_path / "images.zip").write_bytes(zipped(pictures()))
    read(tmp_path / "images.zip", Choices(), lambda *report: reports.append(report))
    assert reports == [(0, N, "reading images")]


def test_a_preview_counts_images_by_split_and_class(tmp_path):
    (tmp_path / "images.zip").write_bytes(zipped(under("train", pictures()) | under("test", pictures(2))))
    content = preview(tmp_path / "images.zip")
    assert (content["form"], content["rows"]) == ("image", 16)
    assert content["classes"] == [
        {"split": "test", "class": "cats", "images": 2}, {"split": "test", "class": "dogs", "images": 2},
        {"split": "train", "class": "cats", "images": 6}, {"split": "train", "class": "dogs", "images": 6},
    ]  # fmt: skip
