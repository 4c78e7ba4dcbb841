"""One image: its size and colours from the header, and its pixels as a person sees them, upright and on white."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from fil_core.data.own import limits
from fil_core.data.own.archives import error_text
from fil_core.errors import BadData

if TYPE_CHECKING:
    from PIL import Image

Change = Literal["turned", "transparent", "frames", "ink", "exif"]
"""What is done to an image beyond unpacking it, to be told in a note; see `NOTES`."""

NOTES: dict[Change, tuple[str, str]] = {
    "turned": (
        "1 image is turned or mirrored as its EXIF orientation says.",
        "{} images are turned or mirrored as their EXIF orientation says.",
    ),
    "transparent": (
        "1 image has transparent pixels; it is put on white.",
        "{} images have transparent pixels; they are put on white.",
    ),
    "frames": (
        "1 image has several frames or pages; the first is read.",
        "{} images have several frames or pages; the first of each is read.",
    ),
    "ink": (
        "1 image in CMYK is converted to RGB without a colour profile.",
        "{} images in CMYK are converted to RGB without a colour profile.",
    ),
    "exif": (
        "1 image has EXIF data that cannot be read; it is not turned.",
        "{} images have EXIF data that cannot be read; they are not turned.",
    ),
}  # for one image, and for several

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "PPM", "TIFF")  # of Pillow
_GREY_MODES = {"1", "L", "LA"}  # of Pillow
_COLOUR_MODES = {"P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}
_MAX_VALUE = 255
_ORIENTATION = 0x0112  # the tag of EXIF
# Of a PNG, the only marks of an orientation: without them its pixels need not be unpacked to look for one at its end.
_PNG_MARKS = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
_ON_ITS_SIDE = 5  # orientations from here on exchange height and width
# Errors of Pillow for damaged files and other content.
_ERRORS = (OSError, ValueError, SyntaxError, EOFError, struct.error, IndexError, KeyError, TypeError, OverflowError)


def change_notes(changes: Mapping[Change, int]) -> list[str]:
    """Sentences on what was done to how many images."""
    return [
        one if changes[change] == 1 else several.format(f"{changes[change]:,}")
        for change, (one, several) in NOTES.items()
        if changes.get(change)
    ]


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of an image says.

    Attributes:
        size: height and width, after it has been turned upright.
        colour: whether it is in colour.
    """

    size: tuple[int, int]
    colour: bool


def header(path: str, content: bytes) -> Header:
    """The header of an image, without decoding its pixels.

    Args:
        path: its name in error messages.
        content: its bytes.

    Raises:
        BadData: no image, too many pixels, or values that do not fit in 8 bits per channel.
    """
    with _opened(path, content, "an image", _other_content) as image:
        _check(path, image)
        # Pillow turns a TIFF itself, and its size is that after turning.
        aside = image.format != "TIFF" and (_orientation(image, content) or 1) >= _ON_ITS_SIDE
        return Header(image.size if aside else image.size[::-1], image.mode not in _GREY_MODES)


def pixels(path: str, content: bytes, shape: tuple[int, ...], colour: bool) -> tuple[np.ndarray, set[Change]]:
    """The pixels as uint8, upright, on white and resized; and what was done to them.

    Args:
        path: name of the image in error messages.
        content: its bytes.
        shape: (H, W) or (H, W, 3).
        colour: whether they are RGB rather than grey.

    Raises:
        BadData: a damaged image.
    """
    with _opened(path, content, "a complete image", error_text) as image:
        changes = _changes(image, content)
        # Before its pixels are unpacked, since a TIFF forgets it then.
        orientation = None if image.format == "TIFF" else _orientation(image, content)
        shown, transparent = _composited(image) if image.has_transparency_data else (image, False)
        upright = _turned(shown.convert("RGB" if colour else "L"), orientation)
    from PIL import Image

    size = (shape[1], shape[0])
    resized = upright if upright.size == size else upright.resize(size, Image.Resampling.BOX)
    return np.asarray(resized), changes | ({"transparent"} if transparent else set())


@contextmanager
def _opened(path: str, content: bytes, wanted: str, cause: Callable[[Exception], str]) -> Iterator[Image.Image]:
    """An image; whatever Pillow raises while it is open becomes BadData, with `cause` saying why it is not `wanted`."""
    from PIL import Image

    try:
        # Pillow only warns of many pixels; the limit here is lower than the one of its warning.
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            yield image
    except BadData:
        raise
    except (*_ERRORS, Image.DecompressionBombError) as error:
        raise BadData(f"{path[:80]}: expected {wanted}; {cause(error)}.") from error


def _other_content(error: Exception) -> str:
    from PIL import Image

    bomb = isinstance(error, Image.DecompressionBombError)
    return f"got {'one with far too many pixels' if bomb else 'other or damaged content'}"


def _check(path: str, image: Image.Image) -> None:
    """Raise BadData for an image that is too large or whose values cannot be told apart in 8 bits."""
    width, height = image.size
    if width * height > limits.IMAGE_PIXELS:
        raise BadData(
            f"{path[:80]}: expected at most {limits.IMAGE_PIXELS:,} pixels; its header says {width:,} × "
            f"{height:,}. Make it smaller."
        )
    if image.mode not in _GREY_MODES | _COLOUR_MODES or _is_deep(image):
        stored = f" from {raw}" if (raw := _raw_mode(image)) not in ("", image.mode) else ""
        raise BadData(
            f"{path[:80]}: expected grey or colour of 8 bits per channel; got the mode {image.mode}{stored}. Convert "
            "it to 8 bits first: which values are black and white is not known here."
        )
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        raise BadData(
            f"{path[:80]}: expected a JPEG in grey or RGB; got CMYK that does not say whether its values are ink or "
            "light. Convert it to RGB first."
        )


def _is_deep(image: Image.Image) -> bool:
    """Whether an image has more than 8 bits per channel, of which Pillow would drop some without a word."""
    arguments = [a for tile in getattr(image, "tile", ()) for a in _as_tuple(tile[3])]
    largest = [a for a in arguments if isinstance(a, int)] if image.format == "PPM" else []
    return ";16" in _raw_mode(image) or max(largest, default=0) > _MAX_VALUE


def _raw_mode(image: Image.Image) -> str:
    """How the values are stored, such as `RGB;16B`; empty where the header does not say."""
    tiles = getattr(image, "tile", ())
    texts = [a for tile in tiles[:1] for a in _as_tuple(tile[3]) if isinstance(a, str)]
    return texts[0] if texts else ""


def _as_tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _orientation(image: Image.Image, content: bytes) -> int | None:
    """The EXIF orientation, 1 for upright or none; None where it cannot be read."""
    if image.format == "PNG" and not any(mark in content for mark in _PNG_MARKS):
        return 1
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except _ERRORS:
        return None
    return found if found in _turns() else 1


def _turns() -> dict[int, Image.Transpose | None]:
    """How each EXIF orientation is made upright."""
    from PIL.Image import Transpose as T

    return {
        1: None, 2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE, 6: T.ROTATE_270,
        7: T.TRANSVERSE, 8: T.ROTATE_90,
    }  # fmt: skip


def _turned(image: Image.Image, orientation: int | None) -> Image.Image:
    turn = _turns()[orientation or 1]
    return image if turn is None else image.transpose(turn)


def _changes(image: Image.Image, content: bytes) -> set[Change]:
    """What is to be told of an image, but for transparency, which its pixels say."""
    orientation = _orientation(image, content)
    told: dict[Change, bool] = {
        "turned": orientation not in (None, 1),
        "exif": orientation is None,
        "frames": bool(getattr(image, "is_animated", False)),
        "ink": image.mode == "CMYK",
    }
    return {change for change, done in told.items() if done}


def _composited(image: Image.Image) -> tuple[Image.Image, bool]:
    """An image on white, in RGB, and whether any of its pixels is transparent.

    What a transparent pixel stores is hidden from a person, but a model could tell classes apart by it.
    """
    from PIL import Image

    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    transparent = bool((np.asarray(layer.getchannel("A")) < _MAX_VALUE).any())
    return Image.alpha_composite(white, layer).convert("RGB"), transparent
