"""Errors in preprocessed units, said in those of the source as well."""

from __future__ import annotations

from fil_core import Dataset
from pages.common import text


def source_units(data: Dataset, error: float) -> str:
    """The same error in the units of the source, such as "31 of 255 for a pixel".

    Args:
        data: whose preprocessing it is.
        error: a distance between preprocessed features.

    Returns:
        Empty where features have scales of their own, or none.
    """
    scale = data.preprocessing.scale
    if scale.ndim or scale == 1:
        return ""
    unit = f"of {text.number(data.pixel_max)} for a pixel" if data.image_shape is not None else "in the source's units"
    return f"{text.number(error / float(scale))} {unit}"
