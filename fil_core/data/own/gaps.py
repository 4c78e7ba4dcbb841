"""Missing values of own data: which rows are kept, and what stands in their place."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.data.own.choices import Choices
from fil_core.data.own.columns import Column, as_texts
from fil_core.data.own.naming import option
from fil_core.errors import BadData

MISSING_LEVEL = "(missing)"
_LISTED = 4  # columns in a message
_TEXTS = 3  # texts of a column in a message
_EMPTY = ""


def complete_rows(
    frame: pd.DataFrame, columns: dict[str, Column], names: list[str], choices: Choices
) -> tuple[np.ndarray, list[str]]:
    """(n,) bool: rows that are kept, and notes.

    Args:
        frame: the table.
        columns: summaries of its columns.
        names: the columns in use, the target among them.
        choices: the target, and what is done about missing values.

    Raises:
        BadData: there are missing values without a choice, or the choice leaves no row.
    """
    missing = frame[names].isna()
    gaps = sorted([name for name in names if missing[name].any()], key=lambda name: -int(missing[name].sum()))
    if not gaps:
        return np.ones(len(frame), dtype=bool), []
    complete = ~missing.any(axis=1).to_numpy()
    with_target = ~missing[choices.target].to_numpy()
    where = first_few([f"{name!r} ({_counts(columns[name])})" for name in gaps])
    if choices.missing == "refuse":
        raise BadData(
            f"missing values: expected none, or a choice on how to handle them; {int((~complete).sum()):,} of "
            f"{_rows(len(frame))} {'has' if (~complete).sum() == 1 else 'have'} missing values, in {where}. "
            f"{_ways(missing, complete, with_target)}{_of_texts([columns[name] for name in gaps])}"
        )
    kept = complete if choices.missing == "drop" else with_target
    if not kept.any():
        raise BadData(
            f"missing values: expected some complete rows; every row has missing values, in {where}. "
            f"{_ways(missing, complete, with_target)}"
        )
    notes = [f"Missing values: {where}."]
    if left := int((~kept).sum()):
        why = "missing values" if choices.missing == "drop" else f"no value of the target {choices.target}"
        notes.append(f"{_rows(left)} with {why} {'is' if left == 1 else 'are'} left out.")
    return kept, notes


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _counts(column: Column) -> str:
    """How many values are missing, and the texts that say so, where they are not just empty entries."""
    texts = {text: count for text, count in column.missing_texts.items() if text != _EMPTY}
    if not texts:
        return f"{column.missing:,}"
    shown = [f"{count:,} {text!r}" for text, count in list(texts.items())[:_TEXTS]]
    more = len(texts) - len(shown)
    empty = column.missing_texts.get(_EMPTY, 0)
    parts = [
        *shown,
        *([f"{more:,} other {'text' if more == 1 else 'texts'}"] if more else []),
        *([f"{empty:,} empty"] if empty else []),
    ]
    return f"{column.missing:,}: {', '.join(parts)}"


def _ways(missing: pd.DataFrame, complete: np.ndarray, with_target: np.ndarray) -> str:
    """The choices that leave some rows, as a sentence."""
    n = len(missing)
    ways = []
    if complete.any():
        ways.append(f"--missing drop (leaves {int(complete.sum()):,} of {_rows(n)})")
    if with_target.any():
        ways.append(f"--missing fill (leaves {int(with_target.sum()):,} of {_rows(n)})")
    worst = str(missing.mean().idxmax())
    if not complete.any():
        without = ~missing.drop(columns=worst).any(axis=1)
        ways.append(f"leave out the column with most of them ({option('leave-out', worst)})")
        if without.any():
            ways[-1] += f" and --missing drop, which leaves {_rows(int(without.sum()))}"
    return f"Choose {', or '.join(ways)}."


def _of_texts(columns: list[Column]) -> str:
    """What to do where a text that was taken for a missing value is a category, such as NA for Namibia."""
    taken = dict.fromkeys(t for c in columns if c.kind == "category" for t in c.missing_texts if t != _EMPTY)
    if not taken:
        return ""
    shown = " or ".join(map(repr, list(taken)[:_TEXTS]))
    return (
        f" If {shown} is a category, name the texts that stand for a missing value instead: --missing-texts '\"\"' "
        "stands for empty entries alone."
    )


def filled(
    frame: pd.DataFrame, columns: dict[str, Column], train: np.ndarray
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Features in which only numbers are still missing, the names of those columns, and notes.

    Numbers get the median of the training rows once a request has said which these are (`preprocess.fill`).

    Args:
        frame: the features.
        columns: their summaries.
        train: row numbers of the training rows.

    Raises:
        BadData: no training row has a value, or a category is called as the level of the missing ones.
    """
    read, gaps, notes = {}, [], []
    for name in frame.columns:
        category = columns[name].kind == "category"
        values = as_texts(frame[name]) if category else frame[name].astype(np.float64)
        read[name] = values
        count = int(values.isna().sum())
        if not count:
            continue
        if values.iloc[train].isna().all():
            raise BadData(
                f"column {name!r}: expected a value in some training row; they are all missing. Leave the column out "
                f"({option('leave-out', name)})."
            )
        if not category:
            gaps.append(name)
            continue
        if (values == MISSING_LEVEL).any():
            raise BadData(
                f"column {name!r}: expected no category {MISSING_LEVEL!r}, which is the level of missing values. "
                "Rename it in the file, or choose --missing drop."
            )
        read[name] = values.fillna(MISSING_LEVEL)
        such = "1 missing value of {} is" if count == 1 else f"{count:,} missing values of {{}} are"
        notes.append(f"{such.format(name)} replaced by the level {MISSING_LEVEL}.")
    return pd.DataFrame(read), gaps, notes


def first_few(parts: list[str]) -> str:
    """Some parts of a message, and how many more there are."""
    return "; ".join(parts[:_LISTED]) + (f" and {len(parts) - _LISTED} more" if len(parts) > _LISTED else "")
