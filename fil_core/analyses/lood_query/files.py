"""Optimised queries as files: a sheet of pictures, and arrays."""

from __future__ import annotations

import io

import numpy as np

from fil_core.analyses.subject import Subject
from fil_core.display import pictures
from fil_core.errors import BadRequest

_GAP = 2  # pixels between pictures


def sheet(subject: Subject) -> bytes:
    """A PNG: one row for each record, with the record on the left and its query on the right, pixel by pixel.

    Args:
        subject: the result with its data.

    Raises:
        BadRequest: the data are no images, or not there any more.
    """
    data, arrays = subject.data, subject.result.arrays
    if data is None or data.image_shape is None:
        raise BadRequest("out: expected a table or .npz; only queries of images can be written as .png.")
    pairs = [
        np.concatenate([picture, _blank(picture, _GAP, 1), query], axis=1)
        for record, found in zip(arrays["records"], arrays["queries"], strict=True)
        for picture, query in [(pictures.pixels(data, record), pictures.pixels(data, found))]
    ]
    rows = [row for pair in pairs for row in (pair, _blank(pair, _GAP, 0))]
    return pictures.png(np.concatenate(rows[:-1], axis=0))


def _blank(picture: np.ndarray, size: int, axis: int) -> np.ndarray:
    shape = list(picture.shape)
    shape[axis] = size
    return np.full(shape, 255, dtype=np.uint8)


def arrays(subject: Subject) -> bytes:
    """An .npz: `ids` (m,), `records` and `queries` (m, D), in source units of images, in features of other data.

    Args:
        subject: the result.
    """
    held, content = subject.result.arrays, io.BytesIO()
    ids = subject.result.table.index.to_numpy()
    np.savez_compressed(content, ids=ids, records=held["records"], queries=held["queries"])
    return content.getvalue()
