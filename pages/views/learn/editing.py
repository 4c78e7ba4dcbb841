"""Points that a person edits in a table: from the table to the name of the data set, and back."""

from __future__ import annotations

from typing import Any

import pandas as pd

from fil_core.data.points import Points

_LABEL = {False: "y", True: "class"}


def columns_of(points: Points) -> list[str]:
    """The features, and the target."""
    features = ["x"] if points.features == 1 else [f"x{j + 1}" for j in range(points.features)]
    return [*features, _LABEL[points.classes]]


def frame_of(points: Points) -> pd.DataFrame:
    """The points as a table, one row each."""
    return pd.DataFrame(list(points.rows), columns=columns_of(points), dtype=float)


def edited(frame: pd.DataFrame, edits: dict[str, Any]) -> tuple[pd.DataFrame, int]:
    """A table after what a person changed in it, and how many rows are left out because a number is missing.

    >>> edited(pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]}), {"edited_rows": {0: {"x": 5}}, "deleted_rows": [1]})
    (     x    y
    0  5.0  3.0, 0)

    Args:
        frame: as it was.
        edits: of Streamlit's editor: `edited_rows`, `added_rows` and `deleted_rows`.
    """
    found = frame.copy()
    for row, values in edits.get("edited_rows", {}).items():
        for column, value in values.items():
            found.loc[int(row), column] = float("nan") if value is None else float(value)
    found = found.drop(index=[int(row) for row in edits.get("deleted_rows", [])])
    added = pd.DataFrame(edits.get("added_rows", []), columns=found.columns, dtype=float)
    found = pd.concat([found, added], ignore_index=True) if len(added) else found.reset_index(drop=True)
    whole = found.dropna()
    return whole.reset_index(drop=True), len(found) - len(whole)


def points_of(frame: pd.DataFrame, like: Points) -> Points:
    """The points of a table, otherwise of the same kind.

    Raises:
        BadRequest: no points, or numbers that are too large or no class.
    """
    return like.with_rows([tuple(row) for row in frame.itertuples(index=False)])


def moved(points: Points, row: int, to: tuple[float, ...]) -> Points:
    """The same with one of them elsewhere."""
    rows = list(points.rows)
    rows[row] = to
    return points.with_rows(rows)
