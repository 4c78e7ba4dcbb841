"""Readers of images: class folders in a folder or zip, optionally below train/ and test/, or arrays of a .npz file."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from fil_core.data.images import pixel_names
from fil_core.data.own import archives, limits
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Choices
from fil_core.data.raw import Raw, split_rows
from fil_core.errors import BadData
from fil_core.progress import Progress

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")  # of Pillow
_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"}
_GREY_MODES = {"1", "L", "LA"}  # of Pillow
_COLOUR_MODES = {"P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}
_SPLITS = ("train", "test")
_SYSTEM_FILES = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")  # created by operating systems; ignored
_MAX_BYTES = 2**31  # of all pixels together
# Errors of Pillow for damaged files and other content.
_ERRORS = (OSError, ValueError, SyntaxError, EOFError, struct.error, IndexError, KeyError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image in an archive or folder.

    Attributes:
        path: relative to the top of the archive or folder, with slashes.
        split: train, test, or empty where there are no such folders.
        label: name of its class folder.
        read: returns its bytes.
    """

    path: str
    split: str
    label: str
    read: Callable[[], bytes]


def image_files(files: list[tuple[str, Callable[[], bytes]]], name: str) -> tuple[list[ImageFile], list[str]]:
    """Images with their split and class folder, and notes on ignored files.

    Args:
        files: names and readers, from `archives.open_files`.
        name: name of the archive or folder in error messages.

    Raises:
        BadData: no class folders, or only one; or folders that do not fit together.
    """
    files = [(path, read) for path, read in files if not _is_system_file(path)]
    candidates = [(path, read) for path, read in files if PurePosixPath(path).suffix.lower() in _SUFFIXES]
    others = [path for path, _ in files if PurePosixPath(path).suffix.lower() not in _SUFFIXES]
    if not candidates:
        got = f"{len(others):,} other files, such as {others[0][:60]!r}" if others else "no files at all"
        raise BadData(f"{name}: expected images ({', '.join(sorted(_SUFFIXES))}); got {got}.")
    tops = {PurePosixPath(path).parts[0].lower() for path, _ in candidates}
    # A single folder around all class folders is skipped.
    nested = all(len(PurePosixPath(path).parts) > 2 for path, _ in candidates)
    depth = 1 if len(tops) == 1 and nested and tops.isdisjoint(_SPLITS) else 0
    images = [_image_file(path, read, depth, name) for path, read in candidates]
    if any(image.split for image in images) and not all(image.split for image in images):
        outside = next(image.path for image in images if not image.split)
        raise BadData(f"{name}: expected all images below train/ or test/, as some are; {outside[:80]!r} is not.")
    labels = sorted({image.label for image in images if image.split != "test"})
    if len(labels) < 2:
        raise BadData(
            f"{name}: expected at least two class folders to train on; got {', '.join(map(repr, labels)) or 'none'}."
        )
    if unknown := sorted({image.label for image in images} - set(labels)):
        raise BadData(f"{name}: expected the same classes in train/ and test/; {unknown[0]!r} is in test/ only.")
    notes = [f"{len(others):,} files are ignored as they are not images, such as {others[0][:60]}."] if others else []
    return images, notes


def _is_system_file(path: str) -> bool:
    return any(part.lower() in _SYSTEM_FILES or part.startswith("._") for part in PurePosixPath(path).parts)


def _image_file(path: str, read: Callable[[], bytes], depth: int, name: str) -> ImageFile:
    """The image at a path; `depth` folders at its beginning are skipped."""
    parts = PurePosixPath(path).parts[depth:]
    split = parts[0].lower() if parts[0].lower() in _SPLITS and len(parts) > 2 else ""
    parts = parts[1:] if split else parts
    if len(parts) != 2:
        raise BadData(
            f"{name}: expected class folders with images in them, such as cats/1.png or train/cats/1.png; got "
            f"{path[:80]!r}."
        )
    return ImageFile(path, split, limits.check_name(f"{name}: class folder", parts[0]), read)


def read_images(path: Path, choices: Choices, progress: Progress | None = None) -> Raw:
    """The images of a folder or zip, pixels 0 to 255.

    Args:
        path: a folder or .zip file.
        choices: `image_size` and `test_fraction` are used.
        progress: called with (done, total, description), in images.

    Returns:
        Rows in the sorted order of the file names; ids count the names of the training images, or of all images where
        there is no train/ folder. Greyscale if every image is, else RGB.

    Raises:
        BadData: a file that is not an image, images of different sizes and no `image_size`, or too many pixels.
    """
    with archives.open_files(path) as files:
        images, notes = image_files(files, path.name)
        shape, colour, resized = _shape(images, choices, path.name)
        names = sorted({image.label for image in images})
        X = np.empty((len(images), int(np.prod(shape))), dtype=np.uint8)
        for i, image in enumerate(images):
            X[i] = _pixels(image, shape, colour).reshape(-1)
            if progress and i % 256 == 0:
                progress(i, len(images), "reading images")
    y = np.array([names.index(image.label) for image in images])
    train, test, ids = _split(images, choices)
    if resized:
        notes.append(f"Images are resized to {shape[0]} × {shape[1]} pixels.")
    counted = "training images" if images[0].split else "images"
    return Raw(
        X=X[train], y=y[train], ids=ids, X_test=X[test], y_test=y[test], class_names=tuple(names),
        feature_names=pixel_names(shape), image_shape=shape, pixel_max=255.0,
        notes=(f"ids count the file names of the {counted} in sorted order, from 0.", *notes),
    )  # fmt: skip


def _split(images: list[ImageFile], choices: Choices) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of training and test images, and the ids of the training images."""
    if any(image.split == "test" for image in images):
        if choices.test_fraction is not None:
            raise BadData("test fraction: expected none for images in train/ and test/ folders; leave it out.")
        train = np.flatnonzero([image.split == "train" for image in images])
        return train, np.flatnonzero([image.split == "test" for image in images]), np.arange(len(train))
    fraction = DEFAULT_TEST_FRACTION if choices.test_fraction is None else choices.test_fraction
    train, test = split_rows(len(images), fraction)
    return train, test, train


def _shape(images: list[ImageFile], choices: Choices, name: str) -> tuple[tuple[int, ...], bool, bool]:
    """Shape of all images from their headers, whether it has colour, and whether any image must be resized."""
    sizes: dict[tuple[int, int], str] = {}
    colour = False
    for image in images:
        size, in_colour = _header(image)
        sizes.setdefault(size, image.path)
        colour = colour or in_colour
    if choices.image_size is None and len(sizes) > 1:
        (first, one), (second, other) = list(sizes.items())[:2]
        raise BadData(
            f"{name}: expected images of one size; {one[:60]} has {first[0]} × {first[1]} pixels, {other[:60]} "
            f"{second[0]} × {second[1]} ({len(sizes):,} sizes in all). Choose one (--image-size HEIGHTxWIDTH)."
        )
    side = choices.image_size or next(iter(sizes))
    shape = (*side, 3) if colour else side
    values = int(np.prod(shape))
    if values > limits.IMAGE_VALUES:
        raise BadData(
            f"{name}: expected images of at most {limits.IMAGE_VALUES:,} values; {side[0]} × {side[1]} pixels have "
            f"{values:,}. Choose a smaller size, such as --image-size 32x32."
        )
    if values * len(images) > _MAX_BYTES:
        raise BadData(
            f"{name}: expected at most {_MAX_BYTES:,} values in all; got {values * len(images):,}. Choose a "
            "smaller size."
        )
    return shape, colour, set(sizes) != {side}


def _header(image: ImageFile) -> tuple[tuple[int, int], bool]:
    """Height and width, and whether in colour, without decoding the pixels."""
    from PIL import Image

    content = image.read()
    try:
        # Pillow only warns of many pixels; the limit below is lower than the one of its warning.
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            width, height = opened.size
            mode = opened.mode
    except (*_ERRORS, Image.DecompressionBombError) as error:
        bomb = isinstance(error, Image.DecompressionBombError)
        got = "one with far too many pixels" if bomb else "other or damaged content"
        raise BadData(f"{image.path[:80]}: expected an image; got {got}.") from error
    if width * height > limits.IMAGE_PIXELS:
        raise BadData(
            f"{image.path[:80]}: expected at most {limits.IMAGE_PIXELS:,} pixels; its header says {width:,} × "
            f"{height:,}. Make it smaller."
        )
    if mode not in _GREY_MODES | _COLOUR_MODES:
        raise BadData(f"{image.path[:80]}: expected 8 bits per channel; got the mode {mode}. Convert it first.")
    return (height, width), mode not in _GREY_MODES


def _pixels(image: ImageFile, shape: tuple[int, ...], colour: bool) -> np.ndarray:
    """The pixels as uint8, resized to the shape."""
    from PIL import Image

    content = image.read()
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            pixels = opened.convert("RGB" if colour else "L")
    except _ERRORS as error:
        raise BadData(f"{image.path[:80]}: expected a complete image; {archives.error_text(error)}.") from error
    size = (shape[1], shape[0])
    return np.asarray(pixels if pixels.size == size else pixels.resize(size, Image.Resampling.BOX))


def from_arrays(X: np.ndarray, y: np.ndarray, ids: np.ndarray, names: tuple[str, ...], file_name: str) -> Raw:
    """Images from arrays, with an empty test split.

    Args:
        X: (n, H, W) or (n, H, W, 3) uint8.
        y: (n,) class codes.
        ids: (n,) whole numbers.
        names: names of the classes.
        file_name: name of the file in error messages.
    """
    shape = X.shape[1:]
    values = int(np.prod(shape))
    if X.dtype != np.uint8 or len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3) or not values:
        raise BadData(
            f"{file_name}: expected images as uint8 of shape (n, H, W) or (n, H, W, 3); got {X.dtype} {X.shape}."
        )
    if values > limits.IMAGE_VALUES:
        raise BadData(
            f"{file_name}: expected images of at most {limits.IMAGE_VALUES:,} values; got {values:,}. Resize them."
        )
    return Raw(
        X=X.reshape(len(X), -1), y=y, ids=ids, X_test=np.empty((0, values), np.uint8), y_test=np.empty(0, y.dtype),
        class_names=names, feature_names=pixel_names(shape), image_shape=shape, pixel_max=255.0,
        notes=("ids count the images from 0.",),
    )  # fmt: skip
