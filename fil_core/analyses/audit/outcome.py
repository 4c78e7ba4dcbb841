"""From scores and coins of an audit to its bounds, the same for models and networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.membership import many_runs, one_run
from fil_core.membership.canaries import Canaries, canaries
from fil_core.specs import AuditSpec

FEWEST_RUNS = 4  # that a bound of many runs takes: two to choose, two to judge
_COINS = 3  # the stream of the seed that the coins are drawn from
_GUESSES = np.array(["out", "none", "in"])


def check_canaries(audit: AuditSpec, dataset: Dataset) -> None:
    """Raises BadRequest for more canaries than rows, or base rows that would lack most of the data."""
    drawn = canaries(dataset, audit.kind, audit.canaries, seed=audit.seed)
    missing = np.setdiff1d(np.arange(len(dataset.class_names)), drawn.base_y)
    if len(drawn.base) < 2 or missing.size:
        raise BadRequest(
            f"canaries: expected rows of every class that are always in; {len(drawn.base):,} of {dataset.n:,} rows "
            f"remain beside {audit.canaries:,} canaries. Take fewer."
        )


def coins_of(audit: AuditSpec, runs: int) -> np.ndarray:
    """Fair coins, (C, runs) bool.

    Args:
        audit: number of canaries, and the seed.
        runs: how many runs; more of them keep the coins of the first.
    """
    drawn = [np.random.default_rng([audit.seed, _COINS, run]).random(audit.canaries) < 0.5 for run in range(runs)]
    return np.stack(drawn, 1)


def bounds(audit: AuditSpec, scores: np.ndarray, coins: np.ndarray, guessed: np.ndarray) -> dict[str, Any]:
    """The lower bounds of one run and of many.

    Args:
        audit: delta and confidence.
        scores: (C, R) by which the canaries of each run are compared over the runs.
        coins: (C, R).
        guessed: (C,) scores by which the canaries of the first run are compared with each other.
    """
    one = one_run.audit(guessed, coins[:, 0], delta=audit.delta, confidence=audit.confidence)
    found: dict[str, Any] = {
        "epsilon_lower": one.epsilon, "guesses": one.guesses, "correct": one.correct, "p_value": one.p_value,
        "choices": one.choices,
    }  # fmt: skip
    if coins.shape[1] < FEWEST_RUNS:
        return found | {"epsilon_lower_runs": None}
    try:
        many = many_runs.audit(scores, coins, delta=audit.delta, confidence=audit.confidence)
    except BadData:  # no canary was both in and out in the first half of few runs
        return found | {"epsilon_lower_runs": None}
    return found | {
        "epsilon_lower_runs": many.epsilon,
        "examined": many.canary,
        "examined_counts": [many.true_in, many.runs_in, many.false_in, many.runs_out],
    }


def table_of(
    drawn: Canaries, data: Dataset, scores: np.ndarray, coins: np.ndarray, guessed: np.ndarray, guesses: int
) -> pd.DataFrame:
    """One row per canary: where it comes from, its coin in the first run, its score and guess, and its AUC over runs.

    Args:
        drawn: the canaries.
        data: the data that they were made from.
        scores: as of `bounds`.
        coins: as of `bounds`.
        guessed: as of `bounds`.
        guesses: number of the guesses of the bound of one run.
    """
    order, said = np.argsort(guessed, kind="stable"), np.ones(len(guessed), dtype=int)
    said[order[: guesses // 2]], said[order[len(order) - guesses // 2 :]] = 0, 2
    labels = data.named(drawn.y) if data.class_names else drawn.y
    return pd.DataFrame(
        {
            "label": labels,
            "source_id": drawn.ids,
            "included": coins[:, 0],
            "score": guessed,
            "guess": _GUESSES[said],
            "auc": [_auc(s, c) for s, c in zip(scores, coins, strict=True)],
        },
        index=pd.RangeIndex(len(guessed), name="canary"),
    )


def _auc(scores: np.ndarray, coins: np.ndarray) -> float:
    """Share of the pairs of runs with and without the canary in which the one with it has the larger score."""
    inside, outside = scores[coins], scores[~coins]
    if not inside.size or not outside.size:
        return float("nan")
    above = inside[:, None] - outside
    return float(((above > 0) + 0.5 * (above == 0)).mean())
