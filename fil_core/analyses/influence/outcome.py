"""The answer of an influence request, of either kind: its table, and how well it agrees with the truth."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.planted import detection
from fil_core.dataset import Dataset
from fil_core.display.numbers import counted
from fil_core.influence.influences import Influences
from fil_core.influence.judging import judged, linear_datamodelling, slope, with_length
from fil_core.linalg.correlation import pearson
from fil_core.result import Result
from fil_core.specs.targets import SELF

RANDOM_REMOVALS = 5  # beside those of the most helpful and of the most harmful
_PLENTY = 1.1  # of the damping that just mends an indefinite curvature


def predicted(request: Any, data: Dataset, found: Influences, losses: np.ndarray, summary: dict[str, Any]) -> Result:
    """The influence of every example, without the truth.

    The arrays hold `dampings` (D,) and `by_damping` (D, n), and of sequences `token_influence` (n, T), the parts of
    their tokens, NaN beyond the end; where they are asked for, `sections` (S,) and `section_influence` (S,).

    Args:
        request: curvature, damping and target.
        data: the examples.
        found: their influence.
        losses: (n,) of the examples after training.
        summary: what is known of the model or of the run of training.
    """
    columns: dict[str, Any] = {"influence": found.influence.cpu().numpy()}
    optional = {"influence_corrected": found.corrected, "self_influence": found.self_influence}
    columns |= {name: value.cpu().numpy() for name, value in optional.items() if value is not None}
    columns |= {"label": data.labels, "loss": losses}
    columns |= {} if data.flipped is None else {"replaced": data.flipped}
    sections = data.sections if getattr(request, "sections", False) else None
    columns |= {} if sections is None else {"section": sections}
    table = pd.DataFrame(columns, index=pd.Index(data.ids, name="id"))
    arrays = {"dampings": np.array(found.dampings), "by_damping": found.by_damping.cpu().numpy()}
    arrays |= {} if found.tokens is None else {"token_influence": found.tokens.cpu().numpy()}
    if sections is not None:
        numbers, codes = np.unique(sections, return_inverse=True)
        arrays |= {"sections": numbers, "section_influence": np.bincount(codes, columns["influence"])}
        summary |= {"sections": _ends(numbers, arrays["section_influence"])}
    summary = {
        "n": data.n, "d": data.d, "curvature": request.curvature, "damping": request.damping, "target": request.target,
        "method": found.method, "least": found.least, "largest": found.largest, "negative": found.negative,
        "mends": _mends(found), "positive": float((table["influence"] > 0).mean()),
    } | summary | _detection(data, table, itself=request.target == SELF)  # fmt: skip
    if request.group:
        rows = [data.row(id) for id in request.group]
        summary["group"] = {"size": len(rows), "influence": float(table["influence"].to_numpy()[rows].sum())}
    return Result(table, arrays, summary, {"warnings": _warnings(request, summary, table)})


def _ends(numbers: np.ndarray, influence: np.ndarray) -> dict[str, Any]:
    """How many groups of sequences there are, and which of them help and harm the most."""
    at = {"helps": int(influence.argmax()), "harms": int(influence.argmin())}
    return {"count": len(numbers)} | {
        name: {"section": int(numbers[i]), "influence": float(influence[i])} for name, i in at.items()
    }


def _mends(found: Influences) -> float | None:
    """A damping that makes the curvature positive definite; None where it is, or where nothing is known."""
    if not found.negative or math.isnan(found.least):
        return None
    return float(f"{-found.least * _PLENTY:.2g}")


def _detection(data: Dataset, table: pd.DataFrame, *, itself: bool) -> dict[str, Any]:
    """How well it finds planted label noise: the self-influence of such examples is high, their influence negative."""
    scores = {"loss": table["loss"]} | ({} if itself else {"harmful": -table["influence"]})
    if "self_influence" in table:
        scores["self_influence"] = table["self_influence"]
    return detection(data, scores)


def _warnings(request: Any, summary: dict[str, Any], table: pd.DataFrame) -> list[str]:
    told = []
    if summary["negative"] and summary["least"] + request.damping <= 0:
        told.append(
            f"The Hessian with damping {request.damping:g} is indefinite: {summary['negative']:,} of its eigenvalues "
            f"are negative without damping, the least is {summary['least']:.3g}. Its solutions are no Newton steps; a "
            f"damping of {summary['mends']:g} makes it positive definite."
        )
    if "influence_corrected" in table and (lost := int(table["influence_corrected"].isna().sum())):
        told.append(
            f"influence_corrected is not defined for {counted(lost, 'example')}: without them the damped curvature "
            "has no inverse, or one that is rounding. More damping helps."
        )
    if "influence_corrected" not in table and request.curvature in ("hessian", "ggn"):
        told.append(
            "influence_corrected and self_influence take a solution for each example, which products with a curvature "
            "of this size do not give; --target self computes them."
        )
    if "self_influence" not in table and request.curvature == "tracin":
        told.append(
            "self_influence takes the gradient of every example at every checkpoint, which are too many here; --target "
            "self computes it."
        )
    return told


@dataclasses.dataclass(frozen=True, slots=True)
class Truth:
    """What leaving out really changed of the target's loss.

    Attributes:
        each: (n,) without each example; NaN where it was not left out.
        group: without the group; None without one.
        subsets: (S,) on random subsets, less that on all examples.
        kept: (S, n) which examples these had.
        removed: names of removals (`helpful`, `harmful`, `random 0`, ...) to the change.
        lengths: (n,) tokens of sequences; None of others.
        sections: (S,) without each group of sequences, in the order of their numbers; None where they were not asked.
        rounding: size up to which a change may be that of the arithmetic.
        undefined: what has no value above although it was asked for, such as `the group`.
    """

    each: np.ndarray
    group: float | None = None
    subsets: np.ndarray | None = None
    kept: np.ndarray | None = None
    removed: dict[str, float] = dataclasses.field(default_factory=dict)
    lengths: np.ndarray | None = None
    sections: np.ndarray | None = None
    rounding: float = 0.0
    undefined: tuple[str, ...] = ()


def compared(request: Any, alone: Result, truth: Truth) -> Result:
    """The same influence beside the truth.

    Args:
        request: with the truth.
        alone: the answer without it.
        truth: what really changed.
    """
    table = alone.table.copy()
    table.insert(1, "leave_one_out", truth.each)
    true, influence = truth.each, table["influence"].to_numpy()
    summary = alone.summary | _judged(influence, true, "", truth.rounding)
    if "influence_corrected" in table:
        summary |= _judged(table["influence_corrected"].to_numpy(), true, "corrected_", truth.rounding)
    summary["length_pearson"] = None if truth.lengths is None else with_length(truth.lengths, true)[0]
    known = np.isfinite(true)
    arrays = dict(alone.arrays)
    beside = [(row[known], true[known]) for row in alone.arrays["by_damping"]]
    arrays |= {"pearson_by_damping": np.array([pearson(*pair) for pair in beside])}
    arrays |= {"slope_by_damping": np.array([slope(*pair) for pair in beside])}
    if truth.sections is not None:
        arrays |= {"section_leave_out": truth.sections}
        predicted_sections = alone.arrays["section_influence"]
        summary |= {"section_pearson": pearson(predicted_sections, truth.sections)}
        summary |= {"section_slope": slope(predicted_sections, truth.sections)}
    if truth.group is not None:
        summary["group"] = summary["group"] | {"leave_group_out": truth.group}
    if truth.subsets is not None and truth.kept is not None:
        defined = np.isfinite(truth.subsets)
        summary["lds"] = _rank_correlation((~truth.kept @ influence)[defined], truth.subsets[defined])
        summary["subsets"] = int(defined.sum())
    if truth.removed:
        summary["removed"] = {"size": request.remove} | _removed(truth.removed)
    told = list(alone.provenance["warnings"])
    if truth.undefined:
        told.append(
            f"There is no truth about {', '.join(truth.undefined)}: what is left to train on has an empty class, or no "
            "unique optimum."
        )
    return Result(table, arrays, summary, {"warnings": told})


def _judged(predicted: np.ndarray, true: np.ndarray, prefix: str, rounding: float) -> dict[str, Any]:
    found = judged(predicted, true, rounding=rounding)
    return {f"{prefix}{name}": _plain(value) for name, value in dataclasses.asdict(found).items() if name != "n"} | {
        f"{prefix}compared": found.n
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _rank_correlation(predicted: np.ndarray, true: np.ndarray) -> float:
    return linear_datamodelling(predicted[:, None], true[:, None])


def _removed(changes: dict[str, float]) -> dict[str, Any]:
    """Changes without the most helpful and the most harmful, beside mean and spread of those without random ones."""
    random = np.array([v for name, v in changes.items() if name.startswith("random") and math.isfinite(v)])
    return {
        "helpful": changes["helpful"],
        "harmful": changes["harmful"],
        "random": float(random.mean()) if len(random) else math.nan,
        "random_spread": float(random.std(ddof=1)) if len(random) > 1 else math.nan,
        "draws": len(random),
    }


def extremes(table: pd.DataFrame, k: int) -> dict[str, tuple[int, ...]]:
    """Ids of the k most helpful and of the k most harmful examples; ties go to the earlier one.

    Args:
        table: with `influence`.
        k: at most half of the examples.
    """
    ids, influence = table.index.to_numpy(), table["influence"].to_numpy()
    order = np.argsort(-influence, kind="stable")
    back = np.argsort(influence, kind="stable")
    return {"helpful": tuple(sorted(map(int, ids[order[:k]]))), "harmful": tuple(sorted(map(int, ids[back[:k]])))}
