"""Examples under the ids that their source has for them: the same in every table, sentence and file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fil_core.analyses.analysis import Analysis
from fil_core.dataset import Dataset


def named(table: pd.DataFrame, dataset: Dataset | None, analysis: Analysis | None = None) -> pd.DataFrame:
    """A table of examples under the names that its source has for them, if it has any.

    Args:
        table: its index `id` numbers the examples; another index is no example's, and stays.
        dataset: the examples; None where they are not there any more.
        analysis: whose table it is, to tell which other columns name examples; None for none.
    """
    if dataset is None or dataset.id_names is None or table.index.name != "id":
        return table
    found = table.set_axis(pd.Index(dataset.called(table.index.to_numpy()), name="id"))
    for j, name in enumerate(table.columns):
        column = None if analysis is None else analysis.column(name)
        if column is not None and column.names_examples:
            found.isetitem(j, _names(table.iloc[:, j].to_numpy(), dataset))
    return found


def _names(ids: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Names of examples; nobody, -1, is empty."""
    return np.where(ids < 0, "", dataset.called(np.where(ids < 0, dataset.ids[0], ids)))
