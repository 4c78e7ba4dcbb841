"""Ids of an uploaded file, matched with those of the training examples, and why they do not match."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from fil_core.data.own.columns import as_texts
from fil_core.dataset import Dataset
from fil_core.engine.store.export import unguarded

LEAST_MATCHED = 0.9  # share of the training examples; a file that has fewer of them is probably about others
_WHOLE = "(0|[1-9][0-9]{0,15})([.]0*)?"  # a number that may have been a float on its way, but has not lost a zero


def positions(ids: pd.Series, dataset: Dataset) -> np.ndarray:
    """Positions of ids among the training examples, (m,); -1 for an id that none of them has."""
    if dataset.id_names is None:
        return pd.Index(dataset.ids).get_indexer(_numbers(ids))
    names, texts = pd.Index(dataset.id_names), as_texts(ids).fillna("")
    # A file of ours has an apostrophe where a text could start a formula, and a person's own has it where it belongs to
    # the id: whichever way more examples are found is the right one, since all ids of a file are written the same way.
    written = names.get_indexer(texts.map(unguarded))
    verbatim = names.get_indexer(texts)
    return written if _found(written) > _found(verbatim) else verbatim


def likely_cause(ids: pd.Series, dataset: Dataset) -> str:
    """Why ids match few of the training examples, as a sentence with what to do."""
    if counted_from_one(ids, dataset):
        return _FROM_ONE
    if _found(positions(ids, dataset)) >= LEAST_MATCHED * dataset.n:
        return "Most of them match: add those that are missing, and take out the others."
    causes = _OF_NUMBERS if dataset.id_names is None else _OF_NAMES
    for sentence, rows in causes.items():
        if _found(rows(ids, dataset)) >= LEAST_MATCHED * dataset.n:
            return sentence
    return "The file may be about other rows or another data set."


def counted_from_one(ids: pd.Series, dataset: Dataset) -> bool:
    """Whether ids that are row numbers count from 1 rather than from 0.

    They do where none of them is 0 and, less 1, they have all training examples, which as they stand they have not.
    Those from 1 on without a gap do where there are as many as rows; with one less, the first row may have no score.
    """
    if dataset.id_names is not None:
        return False
    numbers = _numbers(ids)
    if np.isnan(numbers).any() or not numbers.size or (numbers == 0).any():
        return False
    index = pd.Index(dataset.ids)
    found, before = (_found(index.get_indexer(numbers - shift)) for shift in (0, 1))
    without_gap = np.array_equal(np.sort(numbers), np.arange(1, numbers.size + 1))
    whole_file = numbers.size >= dataset.n + len(dataset.X_test)
    return before == dataset.n and (whole_file if without_gap else found < before)


def _numbers(ids: pd.Series) -> np.ndarray:
    """Ids as numbers, (m,); NaN for a text that is none, such as 007, which another row may be called than 7."""
    if not pd.api.types.is_numeric_dtype(ids.dtype):
        ids = ids.where(ids.isna() | ids.astype(str).str.fullmatch(_WHOLE))
    return pd.to_numeric(ids, errors="coerce").to_numpy(np.float64, na_value=np.nan)


def _found(rows: np.ndarray) -> int:
    """How many training examples are among positions."""
    return len(np.unique(rows[rows >= 0]))


def _as_values(ids: pd.Series, dataset: Dataset) -> np.ndarray:
    names, values = (pd.to_numeric(texts, errors="coerce") for texts in (pd.Series(dataset.id_names), as_texts(ids)))
    return _rows_of(values, names)


def _folded(ids: pd.Series, dataset: Dataset) -> np.ndarray:
    texts = (pd.Series(dataset.id_names), as_texts(ids).fillna(""))
    names, folded = (text.str.strip().str.casefold() for text in texts)
    return _rows_of(folded, names)


def _rows_of(ids: pd.Series, names: pd.Series) -> np.ndarray:
    """Positions of ids among names that may repeat, (m,); -1 for those that are not there, or missing."""
    known = names.dropna().drop_duplicates()
    rows = pd.Index(known).get_indexer(ids)
    return np.where((rows < 0) | ids.isna().to_numpy(), -1, known.index.to_numpy()[rows] if len(known) else -1)


def _as_row_numbers(ids: pd.Series, dataset: Dataset) -> np.ndarray:
    return pd.Index(dataset.ids).get_indexer(_numbers(ids))


_FROM_ONE = "They seem to count the rows from 1; the rows count from 0, so subtract 1."
_OF_NUMBERS: dict[str, Callable[[pd.Series, Dataset], np.ndarray]] = {
    "They have zeros or signs before the number; save them as plain whole numbers.": lambda ids, dataset: pd.Index(
        dataset.ids
    ).get_indexer(pd.to_numeric(as_texts(ids), errors="coerce")),
}
_OF_NAMES: dict[str, Callable[[pd.Series, Dataset], np.ndarray]] = {
    "They match but for spaces or upper and lower case; spell them as the data do.": _folded,
    "They match as numbers only, such as 12 for 00012: save the column id as text.": _as_values,
    "They seem to be row numbers; the examples go by the ids of the data's own id column.": _as_row_numbers,
}
