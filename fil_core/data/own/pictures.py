"""Images of one's own: class folders in a folder or zip, perhaps under train/ and test/, or the arrays of a .npz."""

from __future__ import annotations

import io
import stat
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from fil_core.data.images import pixel_names
from fil_core.data.own import archives, limits
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Choices
from fil_core.data.own.content import files_below
from fil_core.data.raw import Raw, split_rows
from fil_core.errors import BadData, FilError
from fil_core.progress import Progress

if TYPE_CHECKING:
    import zipfile

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")
_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"}
_GREY = {"1", "L", "LA"}
_COLOUR = {"P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}
_SPLITS = ("train", "test")
_CLUTTER = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")  # what systems leave in folders
_MOST_BYTES = 2**31  # of all pixels together
_NO_IMAGE = (OSError, ValueError, SyntaxError, EOFError, struct.error, IndexError, KeyError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of an archive or folder.

    Attributes:
        path: below the archive's or folder's top, with slashes.
        split: train, test, or empty where there is no such folder.
        label: its class folder.
        read: gives its bytes.
    """

    path: str
    split: str
    label: str
    read: Callable[[], bytes]


@contextmanager
def opened(path: Path) -> Iterator[list[tuple[str, Callable[[], bytes]]]]:
    """The names in a folder or zip, sorted, each with what reads it.

    Raises:
        BadData: a damaged archive, names that lead out of it, locked entries, or more than can be meant.
    """
    if path.is_dir():
        found = {file.relative_to(path).as_posix(): file.read_bytes for file in files_below(path)}
        for name in found:
            _check_printable(path, name)
        yield list(found.items())
        return
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(archives.opened(path))
        except archives.DAMAGED as error:
            if isinstance(error, FilError):
                raise
            raise BadData(f"{path.name}: expected a zip archive; {archives.fault(path, error)}.") from error
        entries = [info for info in archive.infolist() if not info.filename.endswith("/")]
        _check_entries(path, entries)
        yield sorted((info.filename, _reader(archive, info)) for info in entries)


def _check_printable(path: Path, name: str) -> None:
    if not name or not name.isprintable() or len(name) > limits.TEXT * 4:
        raise BadData(f"{path.name}: expected printable file names; got {name[:80]!r}.")


def _check_entries(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > limits.ENTRIES:
        raise BadData(f"{path.name}: expected at most {limits.ENTRIES:,} files; got {len(entries):,}.")
    limits.check_expansion(path.name, path.stat().st_size, sum(info.file_size for info in entries))
    names: set[str] = set()
    for info in entries:
        name, parts = info.filename, PurePosixPath(info.filename).parts
        if name.startswith("/") or "\\" in name or ":" in name or ".." in parts:
            raise BadData(f"{path.name}: expected names inside the archive; {name[:80]!r} leads out of it.")
        _check_printable(path, name)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BadData(f"{path.name}: expected files; {name[:80]!r} is a link.")
        if info.flag_bits & 1:
            raise BadData(f"{path.name}: expected files that can be read; {name[:80]!r} is encrypted.")
        if name in names:
            raise BadData(f"{path.name}: expected each name once; {name[:80]!r} is there twice.")
        names.add(name)
        limits.check_expansion(f"{path.name}: {name[:80]}", info.compress_size, info.file_size)


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as file:
                return file.read(info.file_size + 1)
        except archives.DAMAGED as error:
            raise BadData(f"{info.filename[:80]}: expected a file that unpacks; {archives.plain(error)}.") from error

    return read


def arranged(files: list[tuple[str, Callable[[], bytes]]], name: str) -> tuple[list[Picture], list[str]]:
    """Pictures by split and class folder, and notes on what was passed over.

    Raises:
        BadData: no class folders, or only one.
    """
    files = [(path, read) for path, read in files if not _is_clutter(path)]
    images = [(path, read) for path, read in files if PurePosixPath(path).suffix.lower() in _SUFFIXES]
    others = [path for path, _ in files if PurePosixPath(path).suffix.lower() not in _SUFFIXES]
    if not images:
        found = f"{len(others):,} other files, such as {others[0][:60]!r}" if others else "no files at all"
        raise BadData(f"{name}: expected images ({', '.join(sorted(_SUFFIXES))}); got {found}.")
    tops = {PurePosixPath(path).parts[0].lower() for path, _ in images}
    depth = (
        1
        if len(tops) == 1 and all(len(PurePosixPath(p).parts) > 2 for p, _ in images) and tops.isdisjoint(_SPLITS)
        else 0
    )
    pictures = [_placed(path, read, depth, name) for path, read in images]
    if any(p.split for p in pictures) and not all(p.split for p in pictures):
        stray = next(p.path for p in pictures if not p.split)
        raise BadData(f"{name}: expected all images under train/ or test/, as some are; {stray[:80]!r} is not.")
    labels = sorted({p.label for p in pictures if p.split != "test"})
    if len(labels) < 2:
        raise BadData(
            f"{name}: expected at least two class folders to train on; got {', '.join(map(repr, labels)) or 'none'}."
        )
    if strange := sorted({p.label for p in pictures} - set(labels)):
        raise BadData(f"{name}: expected the classes of train/ in test/ too; {strange[0]!r} is in test/ only.")
    notes = [f"{len(others):,} files that are no images are passed over, such as {others[0][:60]}."] if others else []
    return pictures, notes


def _is_clutter(path: str) -> bool:
    return any(part.lower() in _CLUTTER or part.startswith("._") for part in PurePosixPath(path).parts)


def _placed(path: str, read: Callable[[], bytes], depth: int, name: str) -> Picture:
    parts = PurePosixPath(path).parts[depth:]
    split = parts[0].lower() if parts[0].lower() in _SPLITS and len(parts) > 2 else ""
    parts = parts[1:] if split else parts
    if len(parts) != 2:
        raise BadData(
            f"{name}: expected class folders with images in them, such as cats/1.png or train/cats/1.png; got "
            f"{path[:80]!r}."
        )
    return Picture(path, split, limits.check_name(f"{name}: class folder", parts[0]), read)


def read_pictures(path: Path, chosen: Choices, progress: Progress | None = None) -> Raw:
    """The images of a folder or zip, pixels as numbers from 0 to 255.

    Returns:
        Rows in the sorted order of the file names; ids count the names of the training images (of all of them where
        there is no train/ folder). Grey where every image is, else colour.

    Raises:
        BadData: a file that is no image, pictures of different sizes without a size chosen, or too many pixels.
    """
    with opened(path) as files:
        pictures, notes = arranged(files, path.name)
        shape, colour, resized = _shape(pictures, chosen, path.name)
        names = sorted({p.label for p in pictures})
        X = np.empty((len(pictures), int(np.prod(shape))), dtype=np.uint8)
        for i, picture in enumerate(pictures):
            X[i] = _decoded(picture, shape, colour).reshape(-1)
            if progress and i % 256 == 0:
                progress(i, len(pictures), "reading images")
    y = np.array([names.index(p.label) for p in pictures])
    train, test, ids = _split(pictures, chosen)
    if resized:
        notes.append(f"Images are resized to {shape[0]} × {shape[1]} pixels.")
    where = "training images" if pictures[0].split else "images"
    return Raw(
        X=X[train], y=y[train], ids=ids, X_test=X[test], y_test=y[test], class_names=tuple(names),
        feature_names=pixel_names(shape), image_shape=shape, pixel_max=255.0,
        notes=(f"ids count the file names of the {where} in sorted order, from 0.", *notes),
    )  # fmt: skip


def _split(pictures: list[Picture], chosen: Choices) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of training and test pictures, and the ids of the former."""
    if any(p.split == "test" for p in pictures):
        if chosen.test_fraction is not None:
            raise BadData("test fraction: expected none for images that come in train/ and test/ folders.")
        train = np.flatnonzero([p.split == "train" for p in pictures])
        return train, np.flatnonzero([p.split == "test" for p in pictures]), np.arange(len(train))
    fraction = DEFAULT_TEST_FRACTION if chosen.test_fraction is None else chosen.test_fraction
    train, test = split_rows(len(pictures), fraction)
    return train, test, train


def _shape(pictures: list[Picture], chosen: Choices, name: str) -> tuple[tuple[int, ...], bool, bool]:
    """Shape of all images from their headers, whether in colour, and whether any must be resized."""
    sizes: dict[tuple[int, int], str] = {}
    colour = False
    for picture in pictures:
        size, in_colour = _header(picture)
        sizes.setdefault(size, picture.path)
        colour = colour or in_colour
    if chosen.image_size is None and len(sizes) > 1:
        (first, one), (second, other) = list(sizes.items())[:2]
        raise BadData(
            f"{name}: expected images of one size; {one[:60]} has {first[0]} × {first[1]} pixels, {other[:60]} "
            f"{second[0]} × {second[1]} ({len(sizes):,} sizes in all). Choose one (--image-size HEIGHTxWIDTH)."
        )
    side = chosen.image_size or next(iter(sizes))
    shape = (*side, 3) if colour else side
    values = int(np.prod(shape))
    if values > limits.IMAGE_VALUES:
        raise BadData(
            f"{name}: expected images of at most {limits.IMAGE_VALUES:,} values; {side[0]} × {side[1]} pixels have "
            f"{values:,}. Choose a smaller size, such as --image-size 32x32."
        )
    if values * len(pictures) > _MOST_BYTES:
        raise BadData(
            f"{name}: expected at most {_MOST_BYTES:,} values in all; got {values * len(pictures):,}. Choose a "
            "smaller size."
        )
    return shape, colour, set(sizes) != {side}


def _header(picture: Picture) -> tuple[tuple[int, int], bool]:
    """Height and width, and whether in colour, without unpacking the pixels."""
    from PIL import Image

    content = picture.read()
    try:
        # A warning about many pixels would only be printed; the limit below is lower.
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            width, height = image.size
            mode = image.mode
    except (*_NO_IMAGE, Image.DecompressionBombError) as error:
        bomb = isinstance(error, Image.DecompressionBombError)
        what = "one with far too many pixels" if bomb else "other or damaged content"
        raise BadData(f"{picture.path[:80]}: expected an image; got {what}.") from error
    if width * height > limits.IMAGE_PIXELS:
        raise BadData(
            f"{picture.path[:80]}: expected at most {limits.IMAGE_PIXELS:,} pixels; its header says {width:,} × "
            f"{height:,}."
        )
    if mode not in _GREY | _COLOUR:
        raise BadData(f"{picture.path[:80]}: expected 8 bits a channel; got the mode {mode}. Convert it first.")
    return (height, width), mode not in _GREY


def _decoded(picture: Picture, shape: tuple[int, ...], colour: bool) -> np.ndarray:
    from PIL import Image

    content = picture.read()
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            pixels = image.convert("RGB" if colour else "L")
    except _NO_IMAGE as error:
        raise BadData(f"{picture.path[:80]}: expected a whole image; {archives.plain(error)}.") from error
    size = (shape[1], shape[0])
    return np.asarray(pixels if pixels.size == size else pixels.resize(size, Image.Resampling.BOX))


def of_arrays(X: np.ndarray, y: np.ndarray, ids: np.ndarray, names: tuple[str, ...], name: str) -> Raw:
    """Images that are arrays already, (n, H, W) or (n, H, W, 3) of 8 bits; nothing held out yet."""
    shape = X.shape[1:]
    values = int(np.prod(shape))
    if X.dtype != np.uint8 or len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3) or not values:
        raise BadData(
            f"{name}: expected pictures as uint8 of shape (n, H, W) or (n, H, W, 3); got {X.dtype} {X.shape}."
        )
    if values > limits.IMAGE_VALUES:
        raise BadData(f"{name}: expected pictures of at most {limits.IMAGE_VALUES:,} values; got {values:,}.")
    return Raw(
        X=X.reshape(len(X), -1), y=y, ids=ids, X_test=np.empty((0, values), np.uint8), y_test=np.empty(0, y.dtype),
        class_names=names, feature_names=pixel_names(shape), image_shape=shape, pixel_max=255.0,
        notes=("ids count the pictures from 0.",),
    )  # fmt: skip
