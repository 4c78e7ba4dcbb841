"""Pictures of any size, colour and range of values, made like those of a data set."""

from __future__ import annotations

import numpy as np

_BYTE = 255.0  # white in Pillow


def scaled(pixels: np.ndarray, *, white: float = _BYTE, shape: tuple[int, ...], to_white: float = _BYTE) -> np.ndarray:
    """Pictures in another size, in grey or RGB, with another value for white.

    A smaller picture has the mean of the pixels whose centres lie in each of its own (Pillow's box filter, by which the
    pictures of own data are resized too); height and width are scaled separately, so that another aspect ratio
    stretches a picture. Grey is repeated in all channels of RGB; RGB becomes the luma 0.299 R + 0.587 G + 0.114 B.

    Args:
        pixels: (m, H, W) grey or (m, H, W, 3) RGB, 0 to `white`; values beyond are clipped.
        white: the value that is white in them.
        shape: (H', W') or (H', W', 3) of the pictures to make.
        to_white: the value that is white in those, at most 255.

    Returns:
        (m, d0) uint8, flattened rows as `Dataset.source` has them; pixels are only rounded where nothing else is done.
    """
    if pixels.shape[1:] != shape:
        pixels, white = _in_shape(_in_bytes(pixels, white, _BYTE), shape), _BYTE
    return _in_bytes(pixels, white, to_white).reshape(len(pixels), int(np.prod(shape)))


def _in_bytes(pixels: np.ndarray, white: float, to_white: float) -> np.ndarray:
    """Pixels with another value for white, rounded to uint8."""
    if pixels.dtype == np.uint8 and white == to_white:
        return pixels
    return np.rint(np.clip(pixels * (to_white / white), 0, to_white)).astype(np.uint8)


def _in_shape(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Pictures of uint8 with white at 255, (m, H, W) or (m, H, W, 3), in another size or colour."""
    from PIL import Image

    mode, size = "RGB" if len(shape) == 3 else "L", (shape[1], shape[0])
    made = np.empty((len(pixels), *shape), dtype=np.uint8)
    for i, each in enumerate(pixels):
        image = Image.fromarray(np.ascontiguousarray(each)).convert(mode)
        made[i] = np.asarray(image if image.size == size else image.resize(size, Image.Resampling.BOX))
    return made
