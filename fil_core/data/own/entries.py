"""The entries of a column of text: numbers, dates, missing values, or the texts themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fil_core.data.own.choices import Choices
from fil_core.data.own.dates import like_dates, read_dates
from fil_core.data.own.naming import option
from fil_core.data.own.numerals import (
    LEADING_ZERO,
    NOTATIONS,
    PLAIN,
    Notation,
    has_unusual_minus,
    like_numbers,
    readable_in,
)
from fil_core.specs.texts import typed

USUAL_GAPS = frozenset(
    {
        "NA",
        "N/A",
        "n/a",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "<NA>",
        "nan",
        "NaN",
        "NAN",
        "-nan",
        "-NaN",
        "null",
        "NULL",
        "Null",
        "None",
        "1.#IND",
        "-1.#IND",
        "1.#QNAN",
        "-1.#QNAN",
    }
)  # texts that usually stand for a missing value; in a column of numbers they can be nothing else
_MOSTLY = 0.5  # share of the entries that look like numbers or dates, from which a column is no category unasked
_WORDS = 4  # different texts without a digit up to which they may stand for missing numbers
_CODES = 10  # different numbers beside words that may still be codes of a category, one less
_SAMPLED = 10_000  # different entries of a column by which a notation is suggested
_THOUSAND = 1000
_WRITTEN = "Write them as year-month-day in the file, with years of four digits"
_SHOWN = 40  # characters of an entry in a message


@dataclass(frozen=True, slots=True)
class Entries:
    """What the texts of a column are.

    Attributes:
        values: numbers (float64), dates or texts; missing where the texts say so.
        kind: number, date or text.
        missing_texts: how often each text was taken for a missing value.
        problem: entries that are no numbers where most look like numbers, or no certain dates; empty otherwise.
        advice: what lets the column be used, as a sentence; empty where nothing is in the way.
        notes: sentences on how it was read.
    """

    values: pd.Series
    kind: str
    missing_texts: dict[str, int]
    problem: str = ""
    advice: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of text by its different entries, in the order in which they first occur, without surrounding spaces."""

    name: str
    values: pd.Series
    texts: np.ndarray
    codes: np.ndarray
    counts: np.ndarray

    def of(self, each: Sequence[object] | np.ndarray, missing: object) -> pd.Series:
        """A column from what each different entry becomes."""
        return pd.Series(each).reindex(self.codes, fill_value=missing).set_axis(self.values.index)

    def share(self, chosen: np.ndarray, among: np.ndarray) -> float:
        """Share of the rows with some entries among those with others."""
        return float(self.counts[chosen & among].sum() / max(1, self.counts[among].sum()))

    def missing(self, gaps: np.ndarray) -> dict[str, int]:
        """How often each of these entries occurs; blank ones and those that the file format says are missing are ''."""
        found: dict[str, int] = {}
        for text, count in zip(self.texts[gaps], self.counts[gaps], strict=True):
            found[str(text)] = found.get(str(text), 0) + int(count)
        empty = int((self.codes < 0).sum())
        return found | ({"": found.get("", 0) + empty} if empty else {})

    def examples(self, chosen: np.ndarray) -> str:
        """Two of some entries, with their rows, and how many more there are."""
        at = np.flatnonzero(chosen)
        shown = [f"{str(self.texts[i])[:_SHOWN]!r} at row {int((self.codes == i).argmax())}" for i in at[:2]]
        more = int(self.counts[at].sum()) - len(shown)
        return " and ".join(shown) + (f" ({more:,} more such {'entry' if more == 1 else 'entries'})" if more else "")


def read_texts(values: pd.Series, name: str, choices: Choices, usual: Collection[str]) -> Entries:
    """What the texts of a column are, under the choices of the user.

    Args:
        values: a column of texts; not modified.
        name: of the column.
        choices: the notation of numbers, texts that are missing, what is done about dates, and which columns are
            categories.
        usual: texts that stand for a missing value in a column of text, unless the choices name others.
    """
    codes, uniques = pd.factorize(values)
    texts = np.array([str(text).strip() for text in uniques], dtype=object)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    column = _Column(name, values, texts, codes, counts)
    stated = usual if choices.missing_texts is None else choices.missing_texts
    gaps = _among(texts, {"", *stated})
    if name in choices.categorical:
        return _as_texts(column, gaps)
    all_gaps = gaps | _among(texts, USUAL_GAPS)
    numbers = choices.notation.read(texts)
    bad = np.isnan(numbers) & ~all_gaps
    if not bad.any() and not all_gaps.all():
        notes = _number_notes(column, typed=not usual)
        return Entries(
            column.of(np.where(all_gaps, np.nan, numbers), np.nan), "number", column.missing(all_gaps), notes=notes
        )
    if column.share(like_dates(texts), ~all_gaps) >= _MOSTLY:
        return _as_dates(column, all_gaps, choices)
    numeric = like_numbers(texts) | ~np.isnan(numbers)
    if (column.share(numeric, ~all_gaps) >= _MOSTLY or _many(numeric, ~all_gaps)) and not _is_class(name, choices):
        return _refused(column, all_gaps, bad, choices)
    return _as_texts(column, gaps)


def _many(numeric: np.ndarray, present: np.ndarray) -> bool:
    """Whether most different entries are numbers, and more than codes would be, however often a word is repeated."""
    count = int((numeric & present).sum())
    return count >= _CODES and count >= _MOSTLY * int(present.sum())


def _among(texts: np.ndarray, some: Collection[str]) -> np.ndarray:
    return np.array([text in some for text in texts], dtype=bool)


def _is_class(name: str, choices: Choices) -> bool:
    return name == choices.target and choices.task == "classification"


def _as_texts(column: _Column, gaps: np.ndarray) -> Entries:
    """Categories: the texts as they stand, with their spaces."""
    missing = np.append(gaps, True)[column.codes]  # a code of -1 is the last
    notes = tuple(
        f"{text!r} is a category of {column.name} ({count:,} {'row' if count == 1 else 'rows'}), not a missing value."
        for text, count in zip(column.texts, column.counts, strict=True)
        if text in USUAL_GAPS and not gaps[column.texts == text].any()
    )
    values = column.values.astype(object).where(~missing, None)
    return Entries(values, "text", column.missing(gaps), notes=notes)


def _number_notes(column: _Column, *, typed: bool) -> tuple[str, ...]:
    notes = []
    if typed:
        notes.append(f"{column.name} holds numbers written as text; they are read as numbers.")
    if padded := [text for text in column.texts if LEADING_ZERO.match(text)]:
        notes.append(
            f"{column.name} has numbers that begin with a zero, such as {padded[0]!r}; they are read as numbers. If "
            f"they are codes, take it as categories ({option('categorical', column.name)})."
        )
    if has_unusual_minus(column.texts):
        notes.append(f"{column.name} has the minus sign U+2212, which is read as a minus.")
    return tuple(notes)


def _as_dates(column: _Column, gaps: np.ndarray, choices: Choices) -> Entries:
    """Dates, or the texts where they are refused or uncertain."""
    missing = column.missing(gaps)
    refused = Entries(_as_texts(column, gaps).values, "date", missing)
    if choices.dates != "days":
        return refused
    dates, order = read_dates(list(column.texts[~gaps]))
    if dates is None:
        bad = ~gaps & ~like_dates(column.texts)
        such = column.examples(bad if bad.any() else ~gaps)
        words = column.texts[bad] if bad.any() and int(bad.sum()) <= _WORDS else []
        named = dict.fromkeys([*(choices.missing_texts or ()), *map(str, words)])
        first = f"Name what stands for a missing value ({option('missing-texts', *named)})" if len(words) else _WRITTEN
        advice = f"{first}, {_other_ways(column, choices)}."
        return Entries(refused.values, "date", missing, problem=f"{such}: {order}", advice=advice)
    each = pd.Series(pd.NaT, index=range(len(gaps)), dtype=dates.dtype)
    each[~gaps] = dates
    return Entries(column.of(each, pd.NaT), "date", missing, notes=(f"{column.name} has dates as {order}.",))


def _refused(column: _Column, gaps: np.ndarray, bad: np.ndarray, choices: Choices) -> Entries:
    """A column that looks like numbers, of which some entries are none in the notation of the choices."""
    words = bad & np.array([not any(c.isdigit() for c in text) for text in column.texts])
    ways, fitting = [], []
    if words.sum() <= _WORDS:
        fitting = readable_in(list(column.texts[~gaps & ~words][:_SAMPLED]))
        ways = [_way(n, column.texts[bad & ~words], column.texts[words], choices) for n in fitting]
    if choices.notation != PLAIN and words.sum() <= _WORDS and choices.notation not in fitting:
        ways = ["write the numbers of the file in one notation, as those of this column are in another than stated"]
    first = ", or ".join(ways) or "write plain numbers in the file"
    advice = f"{first[0].upper()}{first[1:]}, {_other_ways(column, choices)}."
    texts = _as_texts(column, gaps)
    return Entries(texts.values, "text", texts.missing_texts, problem=column.examples(bad), advice=advice)


def _way(notation: Notation, numbers: np.ndarray, words: np.ndarray, choices: Choices) -> str:
    """The options for another notation, with what they make of an entry, and for words among the numbers."""
    given = [typed("decimal", notation.decimal)] if notation.decimal != choices.decimal else []
    given += [typed("thousands", notation.thousands)] if notation.thousands != choices.thousands else []
    parts = []
    if given and len(numbers):
        (number,) = notation.read(numbers[:1])
        parts.append(f"give {' '.join(given)} (reads {str(numbers[0])[:_SHOWN]!r} as {number:.15g})")
    if len(words):
        named = dict.fromkeys([*(choices.missing_texts or ()), *map(str, words)])
        parts.append(f"name what stands for a missing value ({option('missing-texts', *named)})")
    return " and ".join(parts)


def _other_ways(column: _Column, choices: Choices) -> str:
    if column.name == choices.target:
        return "or take them as classes (--task classification)"
    return (
        f"take the column as categories ({option('categorical', column.name)}), or leave it out "
        f"({option('leave-out', column.name)})"
    )


def likely_notation(frame: pd.DataFrame) -> Notation:
    """The notation in which most columns of text are numbers; the plain one where none are, or others would be none.

    Args:
        frame: as read from a file, numbers in plain notation as numbers.
    """
    votes: dict[Notation, int] = {}
    for name in frame.columns:
        if not pd.api.types.is_string_dtype(frame[name].dtype):
            continue
        different = frame[name].dropna().unique()[:_SAMPLED]
        if not all(isinstance(text, str) for text in different):
            continue
        texts = [text for text in map(str.strip, different) if text and text not in USUAL_GAPS]
        if texts and like_numbers(texts).all() and not like_dates(texts).any():
            for notation in [n for n in NOTATIONS if not np.isnan(n.read(texts)).any()]:
                votes[notation] = votes.get(notation, 0) + 1
    fractions = [frame[name] for name in frame.columns if pd.api.types.is_float_dtype(frame[name].dtype)]
    possible = [n for n in NOTATIONS if n in votes and all(_may_be_in(n, values.dropna()) for values in fractions)]
    return max(possible, key=votes.__getitem__, default=PLAIN)


def _may_be_in(notation: Notation, values: pd.Series) -> bool:
    """Whether numbers that were read in plain notation may have been written in another: 1.234 may be 1234."""
    if notation.decimal == "." or (values % 1 == 0).all():
        return True
    thousands = notation.thousands == "." and (values.abs() < _THOUSAND).all()
    return bool(thousands and (values.round(3) == values).all())
