"""Examples under the ids that their source has for them: the same in every table, sentence and file."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from fil_core.analyses.analysis import Analysis
from fil_core.dataset import Dataset

_POINT = "example %{customdata}"  # in the text of a point, whose `customdata` then numbers an example


def named(table: pd.DataFrame, dataset: Dataset | None, analysis: Analysis | None = None) -> pd.DataFrame:
    """A table of examples under the names that its source has for them, if it has any.

    Args:
        table: its index `id` numbers the examples; another index is no example's, and stays as it is.
        dataset: the examples; None where they are not there any more.
        analysis: whose table it is, to tell which other columns name examples; None for none.
    """
    own = next((column.name for column in analysis.columns if column.is_id), None) if analysis is not None else None
    if own is not None and own in table:
        return table.set_index(own).rename_axis("id")
    if dataset is None or dataset.id_names is None:
        return table
    of_examples = table.index.name == "id"
    found = table.set_axis(pd.Index(dataset.called(table.index.to_numpy()), name="id") if of_examples else table.index)
    for j, name in enumerate(table.columns):
        column = None if analysis is None else analysis.column(name)
        if column is not None and column.names_examples:
            found.isetitem(j, _names(table.iloc[:, j].to_numpy(), dataset))
    return found


def labelled(figure: go.Figure, dataset: Dataset | None) -> go.Figure:
    """A figure whose points say the names of their examples where they said numbers; the numbers stay beside them.

    Args:
        figure: not changed; points of examples have their numbers as `customdata`.
        dataset: the examples; None where they are not there any more.
    """
    if dataset is None or dataset.id_names is None:
        return figure
    found = go.Figure(figure)
    for trace in found.data:
        if _POINT in (getattr(trace, "hovertemplate", None) or "") and trace.customdata is not None:
            names = dataset.called(np.asarray(trace.customdata, dtype=np.int64))
            trace.text = [html.escape(str(name)) for name in names]
            trace.hovertemplate = trace.hovertemplate.replace(_POINT, "example %{text}")
    return found


def _names(ids: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Names of examples; nobody, -1, is empty."""
    return np.where(ids < 0, "", dataset.called(np.where(ids < 0, dataset.ids[0], ids)))
