"""Reader of idx files (MNIST, Fashion-MNIST, infiMNIST): a big-endian header, then bytes, memory-mapped."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from fil_core.errors import BadData

_UBYTE = 0x08  # code of the element type uint8, the only one these data sets use


def read_idx(path: Path) -> np.ndarray:
    """Map an idx file of unsigned bytes read-only; rows are read on access.

    Header: two zero bytes, the element type, the number of dimensions k, then k sizes of four bytes each.

    Args:
        path: the file, not compressed.

    Returns:
        uint8 array of the shape in the header.

    Raises:
        BadData: not an idx file of bytes, or its length does not match its header (an incomplete download).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        zeros, element_type, dims = struct.unpack(">HBB", file.read(4).ljust(4, b"\xff"))
        header = file.read(4 * dims)
    if zeros != 0 or element_type != _UBYTE or not 1 <= dims <= 4 or len(header) < 4 * dims:
        raise BadData(f"{path}: expected an uncompressed idx file of unsigned bytes; got something else.")
    shape = struct.unpack(f">{dims}I", header)
    offset = 4 + 4 * dims
    if size != offset + math.prod(shape):
        raise BadData(
            f"{path}: expected {offset + math.prod(shape):,} bytes for its {shape[0]:,} entries; got {size:,}. "
            "The file is truncated or damaged: delete it, so that it is downloaded again, or replace it."
        )
    # The operating system refuses to map zero bytes.
    return np.memmap(path, np.uint8, "r", offset, shape) if math.prod(shape) else np.empty(shape, np.uint8)


def read_pair(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, H, W), memory-mapped, and their labels (n,) in memory.

    Raises:
        BadData: a damaged file, or different numbers of images and labels.
    """
    X, y = read_idx(images), np.array(read_idx(labels))
    if X.ndim != 3 or y.ndim != 1 or len(X) != len(y):
        raise BadData(
            f"{images.name} and {labels.name} in {images.parent}: expected images (n, H, W) and labels (n,) for the "
            f"same n; got {X.shape} and {y.shape}."
        )
    return X, y
