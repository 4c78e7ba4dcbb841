"""Whether training can be predicted at all: the light beside statements about what leaving examples out changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fil_core.display.numbers import count, number, percent

STABLE = 2.0  # step times largest curvature, below which descent comes nearer to its limit in each step
_FELL = "the loss fell in every step"
_FAR = 0.15  # of the way that predictions move: a real network this far from the linearised one is another one

State = Literal["predictable", "far from linear", "unpredictable", "not run"]


@dataclass(frozen=True, slots=True)
class Light:
    """What is known of a run of training.

    Attributes:
        state: `predictable`; `far from linear` where the linearised network ends elsewhere; `unpredictable` at the edge
            of stability or beyond; `not run` for infinitely many steps.
        says: why, in a sentence or two.
    """

    state: State
    says: str


def _is_stable(summary: dict[str, Any]) -> bool:
    return bool(summary["step_eigenvalue"] < STABLE and summary["monotone"])


def _unstable(summary: dict[str, Any]) -> Light:
    rose = f" and the loss rose in {count(summary['rises'])} steps" if not summary["monotone"] else ""
    limit = "above" if summary["step_eigenvalue"] >= STABLE else "below"
    return Light(
        "unpredictable",
        f"Step × largest curvature is {number(summary['step_eigenvalue'])}, {limit} the limit of 2{rose}: at the edge "
        "of stability single examples have chaotic effects, which no measure predicts. Take a smaller step.",
    )


def light(summary: dict[str, Any]) -> Light:
    """The light of a result about leaving examples out.

    Args:
        summary: with `step_eigenvalue`, `monotone` and, for a run that was made, `rises` and `linear_distance`.
    """
    step = f"Step × largest curvature is {number(summary['step_eigenvalue'])}"
    if summary["monotone"] is None:
        return Light("not run", f"{step} at the start. Infinitely many steps are told by the linearised network alone.")
    distance = percent(summary["linear_distance"], 1)
    if not _is_stable(summary):
        return _unstable(summary)
    if summary["linear_distance"] > _FAR:
        return Light(
            "far from linear",
            f"{step}, below 2, and the loss fell in every step; but the real network ends {distance} of its way from "
            "the linearised one, which unique information is about.",
        )
    return Light(
        "predictable",
        f"{step}, below 2; the loss fell in every step; the real network ends {distance} of its way from the "
        "linearised one.",
    )


def stability(summary: dict[str, Any]) -> Light:
    """The light of a result about a real run of training, which no linearised network stands for.

    Args:
        summary: with `step_eigenvalue`, `monotone` and `rises`.
    """
    if not _is_stable(summary):
        return _unstable(summary)
    return Light("predictable", f"Step × largest curvature is {number(summary['step_eigenvalue'])}, below 2; {_FELL}.")
