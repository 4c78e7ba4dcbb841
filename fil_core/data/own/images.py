"""Readers of images: class folders in a folder or zip, or arrays of a .npz file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from fil_core.data.images import pixel_names
from fil_core.data.own import limits
from fil_core.data.own.choices import DEFAULT_TEST_FRACTION, Choices
from fil_core.data.own.decoding import Change, change_notes, header, pixels
from fil_core.data.own.folders import ImageFile, open_images
from fil_core.data.raw import Raw, split_rows
from fil_core.errors import BadData
from fil_core.progress import Progress

_MAX_BYTES = 2**31  # of all pixels together


def read_images(path: Path, choices: Choices, progress: Progress | None = None) -> Raw:
    """The images of a folder or zip, pixels 0 to 255.

    Args:
        path: a folder or .zip file.
        choices: `image_size` and `test_fraction` are used.
        progress: called with (done, total, description), in images.

    Returns:
        Rows in the sorted order of the file names, by which they are called; ids count the names of the training
        images, or of all images where there is no train/ folder. Greyscale if every image is, else RGB.

    Raises:
        BadData: a file that is not an image, images of different sizes and no `image_size`, or too many pixels.
    """
    with open_images(path) as (images, notes):
        shape, colour, resized = _shape(images, choices, path.name)
        X, changes = _decoded(images, shape, colour, progress)
    names = sorted({image.label for image in images})
    y = np.array([names.index(image.label) for image in images])
    train, test, ids = _split(images, choices)
    if resized:
        notes.append(f"Images are resized to {shape[0]} × {shape[1]} pixels.")
    counted = "training images" if images[0].split else "images"
    return Raw(
        X=X[train], y=y[train], ids=ids, X_test=X[test], y_test=y[test], class_names=tuple(names),
        feature_names=pixel_names(shape), image_shape=shape, pixel_max=255.0,
        id_names=_file_names([images[i] for i in train], path.name),
        test_names=_file_names([images[i] for i in test], path.name),
        notes=(
            f"ids are the names of the files; numeric ids count those of the {counted} in sorted order, from 0.",
            *notes, *change_notes(changes),
        ),
    )  # fmt: skip


def _decoded(
    images: list[ImageFile], shape: tuple[int, ...], colour: bool, progress: Progress | None
) -> tuple[np.ndarray, Counter[Change]]:
    """Pixels, (n, d) uint8, and to how many images what was done."""
    X = np.empty((len(images), int(np.prod(shape))), dtype=np.uint8)
    changes: Counter[Change] = Counter()
    for i, image in enumerate(images):
        row, changed = pixels(image.path, image.read(), shape, colour)
        X[i] = row.reshape(-1)
        changes.update(changed)
        if progress and i % 256 == 0:
            progress(i, len(images), "reading images")
    return X, changes


def _file_names(images: list[ImageFile], name: str) -> np.ndarray:
    """Names of the files, (n,), each in as many bytes as the longest takes."""
    longest = max((len(image.path) for image in images), default=0)
    if longest * len(images) > limits.NAME_CHARACTERS:
        raise BadData(
            f"{name}: expected shorter file names, of at most {limits.NAME_CHARACTERS // len(images):,} characters for "
            f"{len(images):,} images; got one of {longest:,}. Rename it."
        )
    return np.array([image.path for image in images], dtype=str)


def _split(images: list[ImageFile], choices: Choices) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of training and test images, and the ids of the training images."""
    if any(image.split == "test" for image in images):
        if choices.test_fraction is not None:
            raise BadData("--test-fraction: expected none for images in train/ and test/ folders; leave it out.")
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
        found = header(image.path, image.read())
        sizes.setdefault(found.size, image.path)
        colour = colour or found.colour
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
