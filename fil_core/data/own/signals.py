"""Scores of a person's own models in a file: of every record under every model, and who was in which."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd

from fil_core.data.own.arrays import names_in, read_archive, sizes_in
from fil_core.data.own.content import check_readable
from fil_core.data.own.faults import reading
from fil_core.data.own.frames import read_frame
from fil_core.errors import BadData

IDS = "ids"
NEEDED = ("scores", "inclusion")
OPTIONAL = ("losses", "gradients", "population")
_SUFFIXES = (".npz", ".parquet", ".csv", ".tsv")
_MOST = 2**28  # numbers of all arrays together: 2 GiB
_COLUMNS = {"score": "scores", "inclusion": "inclusion", "loss": "losses", "gradient": "gradients"}
_NUMBERED = re.compile("(score|inclusion|loss|gradient)_(0|[1-9][0-9]{0,5})")


def read_signals(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file of signals, checked for their kinds and shapes.

    An .npz file has `ids` (n,), `scores` (n, M) and `inclusion` (n, M), and may have `losses` and `gradients` (n, M)
    and `population` (m, M); other arrays are not opened. A table has a column `id` and, for every model, `score_0`,
    `inclusion_0`, and perhaps `loss_0` and `gradient_0`.

    Args:
        path: a .npz, .parquet or .csv file.

    Returns:
        `ids`, whole numbers or texts; `inclusion` bool; the others float64.

    Raises:
        BadData: no such file, arrays that are missing, too large, or of other shapes, or an inclusion that is neither
            0 nor 1.
        DataUnavailable: the file cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise BadData(f"signals: expected a .npz, .parquet or .csv file; got {path.name}.")
    check_readable(path)
    with reading(path.name):
        arrays = _npz(path) if suffix == ".npz" else _table(path)
        return _checked(path.name, arrays)


def _npz(path: Path) -> dict[str, np.ndarray]:
    there = names_in(path)
    missing = [name for name in (IDS, *NEEDED) if name not in there]
    if missing:
        got = ", ".join(there)[:200] or "no arrays"
        raise BadData(f"signals: expected the arrays {IDS}, {' and '.join(NEEDED)} in {path.name}; got {got}.")
    names = tuple(name for name in (IDS, *NEEDED, *OPTIONAL) if name in there)
    try:
        if (count := sum(math.prod(shape) for shape in sizes_in(path, names).values())) > _MOST:
            raise BadData(f"signals: expected at most {_MOST:,} numbers in {path.name}; got {count:,}.")
        return read_archive(path, names)
    except BadData as error:
        if "Python objects" not in str(error):
            raise
        raise BadData(
            f"signals: expected numbers, and ids that are numbers or texts, in {path.name}; got Python objects, which "
            "are stored as a pickle and not opened. Save texts with ids.astype(str)."
        ) from error


def _table(path: Path) -> dict[str, np.ndarray]:
    table = read_frame(path, ("id",))
    table.columns = pd.Index([str(column).strip() for column in table.columns])
    if list(table.columns).count("id") != 1:
        raise BadData(f"signals: expected one column id in {path.name}; got {', '.join(table.columns[:6])}.")
    found: dict[str, dict[int, str]] = {name: {} for name in _COLUMNS}
    for column in table.columns:
        if named := _NUMBERED.fullmatch(column):
            found[named[1]][int(named[2])] = column
    models = len(found["score"])
    for name, columns in found.items():
        if (columns or name in ("score", "inclusion")) and sorted(columns) != list(range(max(models, 1))):
            there = [columns[number] for number in sorted(columns)] or list(table.columns)
            got = ", ".join(there)[:120]
            raise BadData(
                f"signals: expected the columns {name}_0 to {name}_{max(models, 1) - 1} in {path.name}, one for each "
                f"model; got {got}."
            )
    arrays = {
        _COLUMNS[name]: np.column_stack([_column(table[columns[model]]) for model in range(models)])
        for name, columns in found.items()
        if columns
    }
    return arrays | {IDS: table["id"].to_numpy()}


def _column(values: pd.Series) -> np.ndarray:
    """The numbers of a column; true is 1."""
    numbers = pd.to_numeric(values.replace({True: 1, False: 0, "True": 1, "False": 0}), errors="coerce")
    wrong = values[numbers.isna() & values.notna()]
    if len(wrong):
        raise BadData(f"signals: expected numbers in column {values.name}; got {str(wrong.iloc[0])[:40]!r}.")
    return numbers.to_numpy(dtype=np.float64)


def _checked(file_name: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    ids, scores, inclusion = (arrays[name] for name in (IDS, *NEEDED))
    if ids.ndim != 1 or scores.ndim != 2 or scores.shape != inclusion.shape or len(ids) != len(scores):
        raise BadData(
            f"signals: expected ids (n,), and scores and inclusion of the same shape (n, models), in {file_name}; got "
            f"{ids.shape}, {scores.shape} and {inclusion.shape}."
        )
    for name in ("losses", "gradients"):
        if name in arrays and arrays[name].shape != scores.shape:
            raise BadData(f"signals: expected {name} of shape {scores.shape}, as scores; got {arrays[name].shape}.")
    population = arrays.get("population")
    if population is not None and (population.ndim != 2 or population.shape[1] != scores.shape[1]):
        raise BadData(
            f"signals: expected population of shape (rows, {scores.shape[1]}), one column for each model; got "
            f"{population.shape}."
        )
    numbers = {name: _numbers(name, array) for name, array in arrays.items() if name not in (IDS, "inclusion")}
    return {IDS: _ids(ids), "inclusion": _inclusion(inclusion, ids), **numbers}


def _ids(ids: np.ndarray) -> np.ndarray:
    if ids.dtype.kind == "S":
        return np.char.decode(ids, "utf-8", "replace")
    if ids.dtype.kind not in "iufUO":
        raise BadData(f"signals: expected ids that are numbers or texts; got {ids.dtype}.")
    return ids.astype(str) if ids.dtype.kind == "O" else ids


def _numbers(name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "iuf":
        raise BadData(f"signals: expected numbers in {name}; got {array.dtype}.")
    return np.ascontiguousarray(array, dtype=np.float64)


def _inclusion(array: np.ndarray, ids: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise BadData(f"signals: expected an inclusion of true or false, or 1 or 0; got {array.dtype}.")
    if len(wrong := np.argwhere(~np.isin(array, (0, 1)))):
        row, model = wrong[0]
        raise BadData(
            f"signals: expected an inclusion of true or false, or 1 or 0; got {array[row, model]} for id {ids[row]}, "
            f"model {model}."
        )
    return np.ascontiguousarray(array, dtype=bool)
