"""One image: upright, on white, with all of its bits, or refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from file_parts import exif, from_zip, image, pictures, pixels, png, png_parts
from PIL import Image

from fil_core.data.own.decoding import header
from fil_core.data.own.decoding import pixels as decoded
from fil_core.errors import BadData

# What is seen of stored pixels s, from the table of the EXIF standard: where row 0 and column 0 of s are seen.
SEEN = {
    1: lambda s: s,  # row 0 at the top, column 0 at the left
    2: lambda s: s[:, ::-1],  # top, right
    3: lambda s: s[::-1, ::-1],  # bottom, right
    4: lambda s: s[::-1],  # bottom, left
    5: lambda s: s.swapaxes(0, 1),  # left, top
    6: lambda s: s.swapaxes(0, 1)[:, ::-1],  # right, top
    7: lambda s: s.swapaxes(0, 1)[::-1, ::-1],  # right, bottom
    8: lambda s: s.swapaxes(0, 1)[::-1],  # left, bottom
}
STORED = pixels(3, (2, 5, 3))


def saved(array: np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


def read(content: bytes, path: str = "cats/1.png") -> tuple[np.ndarray, set[str]]:
    """Pixels of an image in its own size and colours, and what was done to them."""
    found = header(path, content)
    return decoded(path, content, (*found.size, 3) if found.colour else found.size, found.colour)


# --- orientation ----------------------------------------------------------------------------------------------------

WITH_EXIF = {
    "PNG": lambda o: png(png_parts(STORED)[0], (b"eXIf", exif(o)), png_parts(STORED)[1]),
    "PNG, at its end": lambda o: png(*png_parts(STORED), (b"eXIf", exif(o))),
    "WebP": lambda o: saved(STORED, "webp", lossless=True, exif=exif(o)),
    "TIFF": lambda o: saved(STORED, "tiff", tiffinfo={0x0112: o}),
    "JPEG": lambda o: saved(STORED, "jpeg", exif=b"Exif\0\0" + exif(o)),
}


@pytest.mark.parametrize("orientation", SEEN)
@pytest.mark.parametrize("kind", WITH_EXIF)
def test_an_image_is_turned_as_its_exif_says(kind, orientation):
    stored = np.asarray(Image.open(io.BytesIO(saved(STORED, "jpeg")))) if kind == "JPEG" else STORED
    found, changes = read(WITH_EXIF[kind](orientation))
    assert found.tolist() == SEEN[orientation](stored).tolist()
    assert changes == ({"turned"} if orientation > 1 else set())


@pytest.mark.parametrize("orientation", [0, 9])
def test_an_orientation_that_does_not_exist_is_none(orientation):
    found, changes = read(WITH_EXIF["PNG"](orientation))
    assert (found.tolist(), changes) == (STORED.tolist(), set())


def test_exif_that_cannot_be_read_is_told():
    found, changes = read(png(*png_parts(STORED), (b"eXIf", b"no EXIF at all")))
    assert (found.tolist(), changes) == (STORED.tolist(), {"exif"})


# --- transparency ---------------------------------------------------------------------------------------------------


def on_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[..., None] / 255
    return share * colour + (1 - share) * 255


def test_what_is_transparent_is_put_on_white():
    layers = pixels(2, (4, 4, 4))
    found, changes = read(png(*png_parts(layers)))
    assert np.abs(found - on_white(layers[..., :3], layers[..., 3])).max() <= 1  # Pillow rounds each product
    assert changes == {"transparent"}


def test_an_opaque_layer_changes_nothing():
    found, changes = read(png(*png_parts(np.dstack([STORED, np.full((2, 5), 255, np.uint8)]))))
    assert (found.tolist(), changes) == (STORED.tolist(), set())


def test_grey_with_transparency_stays_grey():
    layers = pixels(2, (4, 4, 2))
    found, changes = read(png(*png_parts(layers)))
    assert found.shape == (4, 4)
    assert np.abs(found - on_white(layers[..., :1], layers[..., 1])[..., 0]).max() <= 1
    assert changes == {"transparent"}


@pytest.mark.parametrize("kind", ["png", "gif"])
def test_a_transparent_colour_of_a_palette_is_white(kind):
    codes = np.arange(16, dtype=np.uint8).reshape(4, 4) % 3
    picture = Image.frombytes("P", (4, 4), codes.tobytes())
    picture.putpalette([200, 0, 0, 0, 120, 0, 0, 0, 90])
    buffer = io.BytesIO()
    picture.save(buffer, kind, transparency=1)
    found, changes = read(buffer.getvalue())
    colours = np.array([[200, 0, 0], [255, 255, 255], [0, 0, 90]])
    assert (found.tolist(), changes) == (colours[codes].tolist(), {"transparent"})


def test_a_transparent_value_of_grey_is_white():
    grey = np.array([[7, 8], [9, 8]], np.uint8)
    found, changes = read(png(png_parts(grey)[0], (b"tRNS", b"\0\x08"), png_parts(grey)[1]))
    assert (found.tolist(), changes) == ([[7, 255], [9, 255]], {"transparent"})


def test_colours_that_nobody_sees_tell_no_class(tmp_path):
    hidden = {"cats": [255, 0, 0, 0], "dogs": [0, 0, 255, 0]}
    entries = {
        f"{label}/{i}.png": png(*png_parts(np.full((4, 4, 4), colour, np.uint8)))
        for label, colour in hidden.items()
        for i in range(3)
    }
    raw = from_zip(entries, tmp_path, test_fraction=0)
    assert np.unique(raw.X).tolist() == [255]
    assert "6 images have transparent pixels; they are put on white." in raw.notes


def test_one_image_that_was_changed_is_said_to_be_one(tmp_path):
    raw = from_zip(pictures() | {"dogs/9.png": png(*png_parts(pixels(2, (4, 4, 2))))}, tmp_path)
    assert "1 image has transparent pixels; it is put on white." in raw.notes


# --- frames, ink and depth ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gif", "tiff"])
def test_of_several_frames_the_first_is_read_and_that_is_told(kind):
    first, second = (Image.fromarray(pixels(i)) for i in (1, 2))
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=[second])
    found, changes = read(buffer.getvalue())
    assert found.reshape(4, 4, -1)[..., 0].tolist() == pixels(1).tolist()
    assert changes == {"frames"}


def ink(kind: str) -> bytes:
    """No ink at all, all inks, black alone, cyan alone, each of 8 x 8 pixels."""
    inks = [[0, 0, 0, 0], [255, 255, 255, 255], [0, 0, 0, 255], [255, 0, 0, 0]]
    buffer = io.BytesIO()
    row = np.repeat(np.repeat(np.array([inks], np.uint8), 8, 0), 8, 1)
    Image.fromarray(row, "CMYK").save(buffer, kind, **({"quality": 100} if kind == "jpeg" else {}))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["jpeg", "tiff"])
def test_ink_is_the_opposite_of_light_and_told(kind):
    found, changes = read(ink(kind))
    seen = found[4, 4::8].astype(int)
    expected = [[255, 255, 255], [0, 0, 0], [0, 0, 0], [0, 255, 255]]
    assert np.abs(seen - expected).max() <= 2  # of the JPEG's rounding
    assert changes == {"ink"}


def test_a_jpeg_that_does_not_say_what_its_ink_is_is_refused():
    content = ink("jpeg")
    at = content.index(b"\xff\xee\0\x0eAdobe")
    with pytest.raises(BadData, match="does not say whether its values are ink or light"):
        read(content[:at] + content[at + 16 :])


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (png(*png_parts(np.full((4, 4), 700, np.uint16))), "I;16"),
        (png(*png_parts(np.full((4, 4, 2), 700, np.uint16))), "LA;16B"),
        (png(*png_parts(np.full((4, 4, 3), 700, np.uint16))), "RGB;16B"),
        (png(*png_parts(np.full((4, 4, 4), 700, np.uint16))), "RGBA;16B"),
        (b"P5 2 2 65535\n" + bytes(8), "mode I"),
        (b"P6 2 2 65535\n" + bytes(24), "mode RGB"),
        (b"P2 2 1 1023\n700 1000\n", "mode I"),
        (b"P3 1 1 1023\n700 1000 5\n", "mode RGB"),
        (saved(np.full((4, 4), 700, np.uint16), "tiff"), "I;16"),
        (saved(np.full((4, 4), 0.5, np.float32), "tiff"), "mode F"),
    ],
)
def test_more_than_eight_bits_are_refused_rather_than_cut(content, got):
    with pytest.raises(BadData, match=rf"8 bits per channel; got the .*{got}"):
        read(content)


def test_fewer_than_eight_bits_fill_their_range():
    assert read(b"P2 3 1 4\n0 2 4\n")[0].tolist() == [[0, 128, 255]]
    bits = io.BytesIO()
    Image.fromarray(np.array([[True, False]])).save(bits, "png")
    assert read(bits.getvalue())[0].tolist() == [[255, 0]]


def test_a_plain_image_is_as_it_is():
    for array in (pixels(1), STORED):
        found, changes = read(image(array))
        assert (found.tolist(), changes) == (array.tolist(), set())
