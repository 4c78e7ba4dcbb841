"""What is told of a joint table: correlations, who is at the top of several measures, and who of one alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from fil_core.analyses.measures.sources import COLUMNS, SOURCE_OF
from fil_core.leakage.joint import HIGH, constant, correlations, finite, high_in, only_in, overlaps, top_share, tops
from fil_core.result import Result

_KINDS: tuple[Literal["spearman", "pearson"], ...] = ("spearman", "pearson")


def exposure(names: Sequence[str]) -> list[str]:
    """The columns that say how exposed an example is, and nothing that redaction must hide."""
    known = {name: COLUMNS[name] for name in names if name in COLUMNS}
    return [name for name, column in known.items() if column.more and column.reveals == "nothing"]


def direction(name: str) -> int:
    """-1 where a smaller value of a column means more exposed, else +1."""
    return -1 if name in COLUMNS and COLUMNS[name].more < 0 else 1


def oriented(measures: pd.DataFrame) -> pd.DataFrame:
    """The columns so that larger means more exposed."""
    return finite(measures) * [direction(str(name)) for name in measures.columns]


def described(labels: pd.Series, measures: pd.DataFrame) -> Result:
    """The joint table and what is told of it.

    Args:
        labels: of the examples, by id.
        measures: (n, m), by id.

    Returns:
        The table; the array `overlap`, (m, m), of how many examples every two columns have among their highest 5 %
        together; a summary with `columns`, `spearman`, `pearson` and what sentences need.
    """
    exposed = oriented(measures[exposure(list(measures.columns))])
    table = pd.DataFrame(
        {"label": labels, "high_in": high_in(exposed), "only_in": only_in(exposed)}, index=labels.index
    ).join(measures)
    return Result(table, *_told(table, list(measures.columns)))


def with_columns(result: Result, table: pd.DataFrame) -> Result:
    """A joint table with further columns, such as uploaded scores: they correlate, and count for nothing else.

    Args:
        result: a joint table.
        table: its table with further columns of numbers.
    """
    new = [str(name) for name in table.columns if name not in result.table]
    arrays, summary = _told(table, [*result.summary["columns"], *new])
    return Result(table, arrays, result.summary | summary, result.provenance)


def _told(table: pd.DataFrame, names: list[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    measures, k = table[names], top_share(len(table), HIGH)
    found = {kind: correlations(measures, kind) for kind in _KINDS}
    exposed = exposure(names)
    summary: dict[str, Any] = {"columns": names, "exposure": exposed, "top": k}
    missing = finite(measures).isna().sum()
    summary |= {"missing": {name: int(many) for name, many in missing.items() if many}, "constant": constant(measures)}
    summary |= {kind: _nested(names, matrix) for kind, matrix in found.items()}
    summary |= _pairs(names, found["spearman"])
    half = max(1, -(-len(exposed) // 2))
    summary |= {"high": int((table["high_in"] >= half).sum()), "high_half": half}
    summary |= {"alone": int((table["only_in"] != "").sum())}
    return {"overlap": overlaps(tops(oriented(measures), k))}, summary


def _nested(names: list[str], matrix: np.ndarray) -> dict[str, dict[str, float | None]]:
    """Correlations by name; None where there is none."""
    rows = zip(names, matrix.tolist(), strict=True)
    return {
        row: {name: None if math.isnan(r) else r for name, r in zip(names, values, strict=True)} for row, values in rows
    }


def _pairs(names: list[str], spearman: np.ndarray) -> dict[str, Any]:
    """The two measures of exposure that agree most, and the two that agree least; of different sources where possible.

    A correlation counts as agreement where both are higher for the same examples in the direction of exposure.
    """
    at = {name: i for i, name in enumerate(names)}
    agreed = {
        (a, b): float(spearman[at[a], at[b]]) * direction(a) * direction(b)
        for a, b in itertools.combinations(exposure(names), 2)
    }
    agreed = {pair: r for pair, r in agreed.items() if not math.isnan(r)}
    across = {pair: r for pair, r in agreed.items() if SOURCE_OF[pair[0]] != SOURCE_OF[pair[1]]}
    chosen = across or agreed
    if not chosen:
        return {"most": None, "least": None, "across": False}
    most, least = max(chosen, key=chosen.__getitem__), min(chosen, key=chosen.__getitem__)
    return {
        "most": {"columns": list(most), "agreement": chosen[most]},
        "least": {"columns": list(least), "agreement": chosen[least]},
        "across": bool(across),
    }
