"""Whether training can be predicted at all: the light beside statements about what leaving examples out changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fil_core.display.numbers import count, number, percent

STABLE = 2.0  # step times largest curvature, below which descent comes nearer to its limit in each step
_FAR = 0.15  # of the way that predictions move: a real network this far from the linearised one is another one

State = Literal["predictable", "far from linear", "stochastic", "unpredictable", "not run"]


@dataclass(frozen=True, slots=True)
class Light:
    """What is known of a run of training.

    Attributes:
        state: `predictable`; `far from linear` where the linearised network ends elsewhere; `stochastic` for steps on
            mini-batches below the edge of stability; `unpredictable` at the edge or beyond; `not run` for infinitely
            many steps.
        says: why, in a sentence or two.
    """

    state: State
    says: str


def light(summary: dict[str, Any]) -> Light:
    """The light of a result about leaving examples out.

    Args:
        summary: with `step_eigenvalue`, `monotone` and, for a run that was made, `rises`; `batch` where it took
            mini-batches; `linear_distance` where a linearised network is beside it.
    """
    step = f"Step × largest curvature is {number(summary['step_eigenvalue'])}"
    if summary.get("batch") is not None and summary["step_eigenvalue"] < STABLE:
        return Light(
            "stochastic",
            f"{step}, below 2; but each step took a mini-batch of {count(summary['batch'])}, so that the loss need not "
            "fall in every step and single examples also act through the order, which is fixed by its seed.",
        )
    if summary["monotone"] is None and summary.get("batch") is None:
        return Light("not run", f"{step} at the start. Infinitely many steps are told by the linearised network alone.")
    if summary["step_eigenvalue"] >= STABLE or not summary["monotone"]:
        rose = f" and the loss rose in {count(summary['rises'])} steps" if summary["rises"] else ""
        limit = "above" if summary["step_eigenvalue"] >= STABLE else "below"
        return Light(
            "unpredictable",
            f"{step}, {limit} the limit of 2{rose}: at the edge of stability single examples have chaotic effects, "
            "which no measure predicts. Take a smaller step.",
        )
    if "linear_distance" not in summary:
        return Light("predictable", f"{step}, below 2; the loss fell in every step.")
    distance = percent(summary["linear_distance"], 1)
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
