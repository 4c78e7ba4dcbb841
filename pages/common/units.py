"""Errors in preprocessed units, said in those of the source as well."""

from __future__ import annotations

import pandas as pd

from fil_core import Dataset
from pages.common import text


def source_units(data: Dataset, error: float) -> str:
    """The same error in the units of the source, for a picture such as "31 of 255".

    Args:
        data: whose preprocessing it is.
        error: a distance between preprocessed features.

    Returns:
        Empty where features have scales of their own, or none.
    """
    scale = data.preprocessing.scale
    if scale.ndim or scale == 1:
        return ""
    unit = f"of {data.pixel_max:g}" if data.image_shape is not None else "in the source"
    return f"{text.number(error / float(scale))} {unit}"


def silent(bounds: pd.DataFrame) -> str:
    """For how many columns a bound says nothing; empty where it says something of each.

    Args:
        bounds: as from `estimates`.
    """
    many = int((~bounds["tells"]).sum())
    if not many:
        return ""
    return (
        f" Where it is wider than the spread, as for {many} of {text.counted(len(bounds), 'column')}, it says nothing."
    )
