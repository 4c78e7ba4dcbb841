"""Images of own data: class folders in a zip or folder, and arrays."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from file_parts import arrays, image, pictures, pixels, zipped
from PIL import Image

from fil_core.data.own import Choices, add
from fil_core.data.own.reading import preview, read
from fil_core.data.raw import Raw, fixed_split
from fil_core.errors import BadData

N = 12  # of `pictures()`


def unpacked(entries: dict[str, bytes], folder: Path) -> Path:
    for name, content in entries.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def from_zip(entries: dict[str, bytes], folder: Path, **choices) -> Raw:
    (folder / "images.zip").write_bytes(zipped(entries))
    raw, form = read(folder / "images.zip", Choices(**choices))
    assert form == "image"
    return raw


def under(split: str, entries: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{split}/{name}": content for name, content in entries.items()}


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
    assert raw.notes[0] == "ids count the file names of the images in sorted order, from 0."


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


def test_links_in_a_folder_are_not_followed(tmp_path):
    folder = unpacked(pictures(), tmp_path / "images")
    elsewhere = unpacked({"9.png": image(pixels(9))}, tmp_path / "elsewhere")
    (folder / "cats" / "8.png").symlink_to(elsewhere / "9.png")
    (folder / "cows").symlink_to(elsewhere, target_is_directory=True)
    raw, _ = read(folder, Choices(test_fraction=0))
    assert (len(raw.X), raw.class_names) == (N, ("cats", "dogs"))


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


def test_one_image_in_colour_makes_all_images_colour(tmp_path):
    grey = from_zip(pictures(), tmp_path, test_fraction=0)
    entries = pictures() | {"dogs/9.png": image(pixels(2, (4, 4, 3)))}
    raw = from_zip(entries, tmp_path, test_fraction=0)
    assert raw.image_shape == (4, 4, 3)
    assert raw.X[-1].tolist() == pixels(2, (4, 4, 3)).ravel().tolist()
    as_colour = raw.X[:N].reshape(N, 16, 3)
    assert (as_colour == as_colour[:, :, :1]).all()
    assert as_colour[:, :, 0].tolist() == grey.X.tolist()


def test_transparency_and_palettes_are_read_as_their_colours(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(pixels(2, (4, 4, 4)), "RGBA").save(buffer, "png")
    raw = from_zip(pictures() | {"dogs/9.png": buffer.getvalue()}, tmp_path, test_fraction=0)
    assert raw.X[-1].tolist() == pixels(2, (4, 4, 4))[..., :3].ravel().tolist()


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


def test_system_files_are_ignored_and_other_files_are_noted(tmp_path):
    plain = from_zip(pictures(), tmp_path)
    system = {"__MACOSX/cats/._0.png": b"x", "cats/._1.png": b"x", "dogs/.DS_Store": b"y", "cats/Thumbs.db": b"z"}
    raw = from_zip(pictures() | system, tmp_path)
    assert raw.X.tolist() == plain.X.tolist()
    assert raw.notes == plain.notes
    raw = from_zip(pictures() | {"cats/notes.txt": b"hello"}, tmp_path)
    assert raw.X.tolist() == plain.X.tolist()
    assert any(note.startswith("1 files are ignored") and "cats/notes.txt" in note for note in raw.notes)


def test_a_single_folder_around_all_folders_is_not_a_class(tmp_path):
    plain = from_zip(under("train", pictures()) | under("test", pictures(2)), tmp_path)
    inside = under("my images", under("train", pictures()) | under("test", pictures(2)))
    raw = from_zip(inside, tmp_path)
    assert raw.class_names == ("cats", "dogs")
    assert raw.X.tolist() == plain.X.tolist()
    assert raw.X_test.tolist() == plain.X_test.tolist()


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


# --- arrays ---------------------------------------------------------------------------------------------------------


def from_npz(folder: Path, choices: dict | None = None, **values: np.ndarray) -> tuple[Raw, str]:
    (folder / "arrays.npz").write_bytes(arrays(**values))
    return read(folder / "arrays.npz", Choices(**(choices or {})))


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)], ids=["grey", "colour"])
def test_arrays_of_images_keep_their_order(shape, tmp_path):
    X, y = pixels(3, (N, *shape)), np.array([7, 3] * 6)
    raw, form = from_npz(tmp_path, X=X, y=y)
    train, test = fixed_split(N)
    assert form == "image"
    assert raw.image_shape == shape
    assert raw.class_names == ("3", "7")
    assert raw.X.tolist() == X.reshape(N, -1)[train].tolist()
    assert raw.y.tolist() == (y == 7)[train].tolist()
    assert raw.X_test.tolist() == X.reshape(N, -1)[test].tolist()
    assert raw.ids.tolist() == train.tolist()


def test_class_names_are_taken_from_their_array(tmp_path):
    y, names = np.array([1, 0] * 6), np.array(["zebra", "ant"])
    raw, _ = from_npz(tmp_path, {"test_fraction": 0}, X=pixels(3, (N, 4, 4)), y=y, class_names=names)
    assert raw.class_names == ("ant", "zebra")
    assert [raw.class_names[code] for code in raw.y] == names[y].tolist()


def test_arrays_of_two_dimensions_are_a_table(tmp_path):
    X = np.random.default_rng(0).normal(size=(N, 2))
    y = np.arange(N) / 7
    raw, form = from_npz(tmp_path, {"test_fraction": 0}, X=X, y=y, feature_names=np.array(["height", "weight"]))
    assert form == "table"
    assert raw.feature_names == ("height", "weight")
    assert raw.X.tolist() == X.tolist()
    assert raw.y.tolist() == y.tolist()
    assert raw.class_names == ()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"target": "z"}, "no other --target than y; got 'z'"),
        ({"id": "who"}, "expected no --id for images"),
        ({"sensitive": ("who",)}, "expected no --sensitive for images"),
        ({"missing": "drop"}, "expected no --missing for images"),
        ({"image_size": (2, 2)}, "expected no image size for arrays"),
    ],
)
def test_choices_that_do_not_apply_to_images_are_refused(choices, message, tmp_path):
    with pytest.raises(BadData, match=message):
        from_npz(tmp_path, choices, X=pixels(3, (N, 4, 4)), y=np.arange(N) % 2)


@pytest.mark.parametrize(
    "names", [np.array(["a", "a"]), np.array(["a"]), np.array(["a", "y"]), np.array(["a", "b\n"])],
    ids=["duplicate", "too few", "name of the target", "line break"],
)  # fmt: skip
def test_invalid_feature_names_are_refused(names, tmp_path):
    with pytest.raises(BadData, match=r"feature_names|printable"):
        from_npz(tmp_path, X=np.zeros((N, 2)), y=np.arange(N) % 2, feature_names=names)
