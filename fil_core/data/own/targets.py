"""The target of a table of own data: classes or numbers."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.choices import Choices
from fil_core.data.own.columns import as_texts, is_whole, sorted_levels
from fil_core.errors import BadData

MAX_NUMERIC_CLASSES = 20  # different whole numbers up to which a numeric target is taken as classes
_MAX_CLASSES = 1_000
_MAX_CODES = 100  # different whole numbers that may be codes of classes
_PLAIN = re.compile(r"[+-]?(0|[1-9][0-9]*)([.,]0*)?")  # a whole number, perhaps as a table of fractions writes it
_TWO = 2  # classes, which are no counts


def read_target(
    values: pd.Series, choices: Choices, written: pd.Series | None = None
) -> tuple[np.ndarray, tuple[str, ...], list[str]]:
    """Class codes and class names, or for a regression the values and an empty tuple; and notes.

    Args:
        values: the target of the rows that are kept, none of them missing.
        choices: the target's name, and whether it is classes or numbers.
        written: the same entries as the file has them, whose texts name the classes; None where they are the values.

    Raises:
        BadData: too few or too many classes, fractions as classes, or texts as numbers.
    """
    name = choices.target
    numeric = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    whole = numeric and bool(is_whole(values).all())
    distinct = values.nunique()
    automatic = "classification" if (whole and distinct <= MAX_NUMERIC_CLASSES) or not numeric else "regression"
    if name in choices.categorical:
        automatic = "classification"
    if (automatic if choices.task == "auto" else choices.task) == "regression":
        if not numeric:
            texts = as_texts(values)
            words = texts[pd.to_numeric(texts, errors="coerce").isna()]  # none where it was to be a category
            text = str((words if len(words) else texts).iloc[0])[:40]
            raise BadData(
                f"target {name!r}: expected numbers for a regression; got {text!r}. Choose --task classification."
            )
        return values.to_numpy(np.float64), (), _both_readings(name, distinct, choices, "numbers") if whole else []
    if numeric and not whole:
        raise BadData(
            f"target {name!r}: expected classes; got fractions such as {values[~is_whole(values)].iloc[0]:g}. Choose "
            "--task regression."
        )
    labels = _labels(values, written if numeric else None)
    names = _class_names(name, labels)
    notes = _both_readings(name, distinct, choices, "classes") if numeric and distinct > _TWO else []
    return pd.Index(names).get_indexer(labels), names, notes


def _labels(values: pd.Series, written: pd.Series | None) -> pd.Series:
    """Names of classes: texts of whole numbers as plain numbers, unless one of them (01, 1E3) would lose its text."""
    if written is None or not pd.api.types.is_string_dtype(written.dtype):
        return as_texts(values)
    texts = written.astype(str).str.strip().reset_index(drop=True)
    return as_texts(values) if texts.map(lambda text: bool(_PLAIN.fullmatch(text))).all() else texts


def _class_names(target: str, labels: pd.Series) -> tuple[str, ...]:
    names = sorted_levels(labels.unique())
    if not 2 <= len(names) <= _MAX_CLASSES:
        got = f"only {names[0]!r}" if len(names) == 1 else f"{len(names):,} different values"
        raise BadData(f"target {target!r}: expected 2 to {_MAX_CLASSES:,} classes; got {got}.")
    for class_name in names:
        limits.check_name(f"target {target!r}: class", class_name)
    return tuple(names)


def _both_readings(name: str, distinct: int, choices: Choices, taken: str) -> list[str]:
    """What else whole numbers may be, where nobody has chosen."""
    if choices.task != "auto" or name in choices.categorical or distinct > _MAX_CODES:
        return []
    other = (
        "regression, if they count or grade something" if taken == "classes" else "classification, if they are codes"
    )
    return [f"{name} has {distinct:,} different whole numbers, which are taken as {taken}. Choose --task {other}."]
