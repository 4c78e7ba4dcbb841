"""Planted label noise: how well the columns of a result find it, and the sentence about that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fil_core.dataset import Dataset
from fil_core.display.numbers import counted, verb
from fil_core.influence.detection import auroc, auroc_by_chance


def detection(data: Dataset, scores: Mapping[str, ArrayLike]) -> dict[str, Any]:
    """How well each score finds the labels that were replaced, beside chance.

    Args:
        data: the examples.
        scores: (n,) each, larger for what is more likely replaced.

    Returns:
        `auroc` by score with `random`, its standard deviation by chance `auroc_chance`, and the number `flipped`; empty
        where no noise was planted.
    """
    if data.flipped is None:
        return {}
    positive = np.asarray(data.flipped, dtype=bool)
    found = {name: auroc(np.asarray(values), positive) for name, values in scores.items()}
    chance = auroc_by_chance(len(positive), int(positive.sum()))
    return {"auroc": found | {"random": 0.5}, "auroc_chance": chance, "flipped": int(positive.sum())}


def detection_sentence(summary: Mapping[str, Any], titles: Mapping[str, str], beside: Sequence[str]) -> str:
    """Which score finds planted label noise best; empty where none was planted.

    Args:
        summary: with what `detection` tells.
        titles: of the scores, in words.
        beside: scores that are told beside the best.
    """
    areas = summary.get("auroc")
    if not areas:
        return ""
    name = max(areas, key=areas.get)
    others = ", ".join(f"{titles[one]} {areas[one]:.3f}" for one in beside if one in areas and one != name)
    flipped = summary["flipped"]
    return (
        f"{counted(flipped, 'label')} {verb(flipped, 'was', 'were')} replaced on purpose; of all measures "
        f"{titles[name]} finds {verb(flipped, 'it', 'them')} best, with an area under the ROC "
        f"curve of **{areas[name]:.3f}** ({others}; random 0.5 ± {summary['auroc_chance']:.3f})."
    )
