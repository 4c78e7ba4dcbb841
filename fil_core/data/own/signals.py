"""Scores of a person's own models in a file: of every record under every model, and who was in which."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from fil_core.data.own import limits
from fil_core.data.own.arrays import headers_in, names_in, read_archive
from fil_core.data.own.columns import as_texts
from fil_core.data.own.content import check_readable
from fil_core.data.own.faults import reading
from fil_core.data.own.parquet import read_parquet
from fil_core.data.own.separated import read_csv
from fil_core.errors import BadData

IDS = "ids"
NEEDED = ("scores", "inclusion")
OPTIONAL = ("losses", "gradients", "population")
COLUMNS = {"score": "scores", "inclusion": "inclusion", "loss": "losses", "gradient": "gradients"}  # of a table
_SUFFIXES = (".npz", ".parquet", ".csv", ".tsv")
_MOST = limits.TABLE_BYTES // 8  # numbers of all arrays together, each of which takes 8 bytes
_KINDS = {IDS: "iufUS", "inclusion": "biuf"}  # codes of NumPy; other arrays hold numbers
_NUMBERS = "iuf"
_NUMBERED = re.compile("(score|inclusion|loss|gradient)_(0|[1-9][0-9]{0,5})")
_LISTED = 4  # columns that a message names


def read_signals(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file of signals, checked for their kinds and shapes.

    An .npz file has `ids` (n,), `scores` (n, M) and `inclusion` (n, M), and may have `losses` and `gradients` (n, M)
    and `population` (m, M); other arrays are not opened. A table has a column `id` and, for every model, `score_0`,
    `inclusion_0`, and perhaps `loss_0` and `gradient_0`; other columns are ignored.

    Args:
        path: a .npz, .parquet or .csv file.

    Returns:
        As `checked`. Whether scores are finite is checked when they are matched with the data, whose ids say where.

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
        return checked(_npz(path) if suffix == ".npz" else _table(path))


def _npz(path: Path) -> dict[str, np.ndarray]:
    there = names_in(path)
    missing = [name for name in (IDS, *NEEDED) if name not in there]
    if missing:
        got = ", ".join(there)[:200] or "no arrays"
        raise BadData(f"signals: expected the arrays {IDS}, {' and '.join(NEEDED)}; got {got}.")
    names = tuple(name for name in (IDS, *NEEDED, *OPTIONAL) if name in there)
    _check(headers_in(path, names))
    return read_archive(path, names)


def _table(path: Path) -> dict[str, np.ndarray]:
    is_parquet = path.suffix.lower() == ".parquet"
    table = read_parquet(path, id="id") if is_parquet else read_csv(path, ("id",))
    table = table.set_axis([str(column).strip().casefold() for column in table.columns], axis=1)
    _check_once(table.columns)
    arrays = {}
    for kind, columns in _numbered(table.columns).items():
        arrays[COLUMNS[kind]] = np.column_stack([_entries(column, table[column]) for column in columns])
    return arrays | {IDS: _ids(table["id"])}


def _check_once(columns: pd.Index) -> None:
    """Refuse a table without one column of ids, or with two columns of one name once case and spaces are ignored."""
    if (count := list(columns).count("id")) != 1:
        raise BadData(f"signals: expected one column id; got {count} among {', '.join(columns[:6])}.")
    for column in columns[columns.duplicated()]:
        if _NUMBERED.fullmatch(column):
            raise BadData(f"signals: expected each column once; got {column} twice.")


def _numbered(columns: pd.Index) -> dict[str, list[str]]:
    """The columns of each kind, one for every model in their order."""
    found = {named[1]: set[int]() for column in columns if (named := _NUMBERED.fullmatch(column))}
    for column in columns:
        if named := _NUMBERED.fullmatch(column):
            found[named[1]].add(int(named[2]))
    models = 1 + max((max(numbers) for numbers in found.values()), default=0)
    kinds = [kind for kind in COLUMNS if kind in found or COLUMNS[kind] in NEEDED]
    absent = (f"{kind}_{k}" for kind in kinds for k in range(models) if k not in found.get(kind, ()))
    if missing := list(islice(absent, _LISTED)):
        raise BadData(
            f"signals: expected the columns {', '.join(f'{kind}_k' for kind in kinds)} for each model k from 0 to "
            f"{models - 1:,}; {', '.join(missing)} not found among {', '.join(columns[:6])}."
        )
    return {kind: [f"{kind}_{k}" for k in range(models)] for kind in kinds}


def _entries(name: str, values: pd.Series) -> np.ndarray:
    """The numbers of a column of a table; a missing one is NaN."""
    if (array := values.to_numpy()).dtype.kind in _KINDS["inclusion"]:
        return array
    present = values.dropna().astype(object)
    if not present.map(lambda entry: isinstance(entry, bool | int | float)).all():
        texts = present.map(str)
        wrong = [*texts[pd.to_numeric(texts, errors="coerce").isna()], *texts]
        raise BadData(f"signals: expected numbers in column {name}; got {wrong[0][:40]!r}.")
    return values.astype(object).astype(np.float64).to_numpy()


def _ids(column: pd.Series) -> np.ndarray:
    """Numbers, or texts in an array in which each takes as much room as the longest; a missing text is empty."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy()
    texts = as_texts(column).fillna("")
    _check_characters(len(texts) * max(map(len, texts), default=0))
    return np.array(list(texts), dtype=str)


def _check_characters(count: int) -> None:
    if count > limits.NAME_CHARACTERS:
        raise BadData(
            f"signals: expected ids of at most {limits.NAME_CHARACTERS:,} characters altogether, each as long as the "
            f"longest; got {count:,}. Shorten them."
        )


def checked(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Signals of the kinds and shapes that attacks need.

    Args:
        arrays: by the names that an .npz file has; ids in memory may be Python's texts.

    Returns:
        `ids`, numbers or texts; `inclusion` bool; the others float64. A population of no rows is left out.

    Raises:
        BadData: arrays of other shapes or kinds, too many numbers, or an inclusion that is neither 0 nor 1.
    """
    if arrays[IDS].dtype == object and arrays[IDS].ndim == 1:
        arrays = {**arrays, IDS: _ids(pd.Series(arrays[IDS]))}
    _check({name: (array.shape, array.dtype) for name, array in arrays.items()})
    numbers = {
        name: np.ascontiguousarray(array, dtype=np.float64) for name, array in arrays.items() if name not in _KINDS
    }
    if "population" in numbers and not len(numbers["population"]):
        del numbers["population"]
    ids = _decoded(arrays[IDS])
    return {IDS: ids, "inclusion": _inclusion(arrays["inclusion"], ids), **numbers}


def _check(headers: Mapping[str, tuple[tuple[int, ...], np.dtype]]) -> None:
    """Refuse arrays by their shapes and types alone, before they are read."""
    _check_shapes({name: shape for name, (shape, _) in headers.items()})
    for name, (_, dtype) in headers.items():
        if dtype.kind not in _KINDS.get(name, _NUMBERS):
            expected = {IDS: "numbers or texts", "inclusion": "true or false, or 1 or 0,"}.get(name, "real numbers")
            raise BadData(f"signals: expected {expected} in {name}; got {dtype}.")
    (n, *_), dtype = headers[IDS]
    if dtype.kind in "US":
        _check_characters(n * dtype.itemsize // np.dtype(f"{dtype.kind}1").itemsize)
    if (count := sum(math.prod(shape) for shape, _ in headers.values())) > _MOST:
        raise BadData(f"signals: expected at most {_MOST:,} numbers; got {count:,}. Use fewer models.")


def _check_shapes(shapes: Mapping[str, tuple[int, ...]]) -> None:
    ids, scores, inclusion = (shapes[name] for name in (IDS, *NEEDED))
    if len(ids) != 1 or len(scores) != 2 or scores != inclusion or ids != scores[:1]:
        raise BadData(
            f"signals: expected ids (n,), and scores and inclusion of the same shape (n, models); got {ids}, {scores} "
            f"and {inclusion}."
        )
    for name in ("losses", "gradients"):
        if name in shapes and shapes[name] != scores:
            raise BadData(f"signals: expected {name} of shape {scores}, as scores; got {shapes[name]}.")
    population = shapes.get("population", scores)
    if len(population) != 2 or population[1] != scores[1]:
        raise BadData(
            f"signals: expected population of shape (rows, {scores[1]}), one column for each model; got {population}."
        )


def _decoded(ids: np.ndarray) -> np.ndarray:
    try:
        return np.char.decode(ids, "utf-8") if ids.dtype.kind == "S" else ids
    except UnicodeDecodeError as error:
        raise BadData("signals: expected ids in UTF-8; got other bytes. Save them as texts.") from error


def _inclusion(array: np.ndarray, ids: np.ndarray) -> np.ndarray:
    if (wrong := (array != 0) & (array != 1)).any():
        row, model = np.argwhere(wrong)[0]
        raise BadData(
            f"signals: expected an inclusion of true or false, or 1 or 0; got {array[row, model]} for id "
            f"{str(ids[row])[:40]}, model {model}."
        )
    return np.ascontiguousarray(array, dtype=bool)
