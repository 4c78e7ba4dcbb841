"""Pictures of examples as PNG files and data addresses, and coarse ones for redacted screens."""

from __future__ import annotations

import base64
import io

import numpy as np

from fil_core.dataset import Dataset


def pixels(data: Dataset, values: np.ndarray) -> np.ndarray:
    """Source values (d0,) of an image data set as a picture (H, W[, 3]) uint8, cut off at black and white."""
    shown = np.clip(np.nan_to_num(values) * (255 / data.pixel_max), 0, 255).round().astype(np.uint8)
    return shown.reshape(data.image_shape)


def coarse(image: np.ndarray) -> np.ndarray:
    """A picture in at most four by four blocks, so that the example cannot be recognised."""
    from PIL import Image

    blocks = max(1, min(4, min(image.shape[:2]) // 4))
    small = Image.fromarray(image).resize((blocks, blocks), Image.Resampling.BOX)
    return np.asarray(small.resize(image.shape[1::-1], Image.Resampling.NEAREST))


def png(image: np.ndarray) -> bytes:
    """A picture as a PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def data_address(image: np.ndarray) -> str:
    """A picture as a PNG data address."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()


def enlarged(image: np.ndarray, width: int) -> np.ndarray:
    """Whole-number enlargement without smoothing, to about `width` pixels."""
    factor = max(1, width // image.shape[1])
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def strongest(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Values (d0,) of an image's numbers as one for each pixel, (H, W): of its colours the one that is farthest from 0.

    >>> strongest(np.array([1.0, -3.0, 2.0, 0.0, 0.5, 0.25]), (1, 2, 3)).tolist()
    [[-3.0, 0.5]]

    Args:
        values: one for each number of the image.
        shape: (H, W) or (H, W, 3).
    """
    image = values.reshape(*shape[:2], -1)
    return np.take_along_axis(image, np.abs(image).argmax(2)[..., None], 2)[..., 0]
