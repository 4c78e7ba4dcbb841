"""The answer about outlying gradients, of a linear model or of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.planted import detection
from fil_core.dataset import Dataset
from fil_core.errors import BadData
from fil_core.influence.outliers import Outliers
from fil_core.linalg.correlation import spearman
from fil_core.result import Result

SCORES = ("forest_score", "gradient_l2", "gradient_l1", "loss")  # by which planted label noise can be found


def check_enough(dataset: Dataset) -> None:
    """Refuse a single example, which nothing can stand out from.

    Raises:
        BadData: there is only one.
    """
    if dataset.n < 2:
        raise BadData(f"training rows: expected at least two, to compare their gradients; got {dataset.n}.")


def outcome(data: Dataset, found: Outliers, losses: np.ndarray, summary: dict[str, Any]) -> Result:
    """The table, and how well each of its measures finds planted label noise.

    Args:
        data: the examples.
        found: scores and norms of their gradients.
        losses: (n,) of the examples after training.
        summary: what is known of the model or of the run of training.
    """
    columns: dict[str, Any] = {
        "forest_score": found.forest.cpu().numpy(),
        "gradient_l1": found.l1.cpu().numpy(),
        "gradient_l2": found.l2.cpu().numpy(),
        "label": data.labels,
        "loss": losses,
    }
    columns |= {} if data.flipped is None else {"replaced": data.flipped}
    table = pd.DataFrame(columns, index=pd.Index(data.ids, name="id"))
    summary = {
        "n": data.n,
        "d": data.d,
        "weights": found.weights,
        "fed": found.fed,
        "forest_median": float(table["forest_score"].median()),
        "with_norm": spearman(columns["forest_score"], columns["gradient_l2"]),
    } | summary | detection(data, {name: table[name] for name in SCORES})  # fmt: skip
    told = []
    if found.fed < found.weights:
        told.append(
            f"The forest was fed {found.fed:,} random directions of the gradients, not all {found.weights:,} weights; "
            "the norms are those of the whole gradients."
        )
    return Result(table, {}, summary, {"warnings": told})
