"""Tables as they may be shown to others: what tells a label, a value or a weight follows from the entry's columns."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fil_core.analyses.analysis import Analysis
from fil_core.dataset import Dataset
from fil_core.display import redaction
from fil_core.display.redaction import MASK, weights_tell_class
from fil_core.result import Result
from fil_core.specs.weights import Weighting

_LABEL = "label"


def masked(analysis: Analysis, table: pd.DataFrame) -> pd.DataFrame:
    """The table without what tells an example's label: the label is masked, columns it follows from are left out."""
    telling = [name for name in analysis.revealing(list(table.columns), "label", "weight") if name != _LABEL]
    found = table.drop(columns=telling)
    return found.assign(label=MASK) if _LABEL in table else found


def shareable(analysis: Analysis, table: pd.DataFrame, weighting: Weighting | None) -> pd.DataFrame:
    """The table for a file that is to be shared: without what tells a label or an attribute's value.

    Args:
        analysis: whose table it is.
        table: as it is stored.
        weighting: of the training examples; a change of eta under weights by class tells the class.
    """
    telling = analysis.revealing(list(table.columns), "value")
    if weights_tell_class(weighting):
        telling += analysis.revealing(list(table.columns), "change")
    return masked(analysis, table.drop(columns=telling))


def notes(result: Result, dataset: Dataset | None) -> list[str]:
    """The notes on the data of a result without values of the data.

    Args:
        result: of any analysis.
        dataset: its examples; None where they are not there any more, and nobody knows what a note tells of them.
    """
    if dataset is None:
        return []
    return told(result.provenance["data"]["notes"], result, dataset)


def told(sentences: Sequence[str], result: Result, dataset: Dataset | None) -> list[str]:
    """Sentences about a result without values of the data.

    Args:
        sentences: such as its warnings.
        result: of any analysis.
        dataset: its examples; None where they are not there any more.
    """
    hidden = values(result, dataset)
    return [redaction.told(sentence, hidden) for sentence in sentences]


def values(result: Result, dataset: Dataset | None) -> set[str]:
    """The texts that are values of the data: classes, levels of categories, and values that an attack tells apart."""
    found = set(map(str, result.summary.get("levels", ())))
    if dataset is None:
        return found
    groups = dataset.groups.values()
    found |= {level for group in groups for level in (*group.levels, group.dropped) if level is not None}
    found |= {name.partition("=")[2] for name in dataset.source_names}  # components have no groups
    return found | set(dataset.class_names)
