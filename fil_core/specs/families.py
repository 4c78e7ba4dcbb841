"""The families of models, one entry each: the tasks that they fit, their default penalty, their cost and their code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fil_core.specs.late import Late


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Everything about one family of models.

    Attributes:
        name: its name in requests, links and on the command line.
        fits: whether it fits a number of classes; 0 stands for a real-valued target.
        coding: how its targets are coded, in words.
        default_l2: the default penalty.
        needs_penalty: whether the objective has no unique optimum without one.
        scores: the number of scores per example, from the number of classes.
        attackable: whether the attacks are defined for it.
        exact_leave_one_out: whether the shift of the parameters without an example is exact in one Newton step.
        training, measuring: (n, d, scores) to the multiply-adds of training, and of measuring every example.
        block: (d, scores) to the float64 numbers per example in a block of examples that is measured.
        refit: (n, d) to the multiply-adds of training again with one row changed.
        reconstruction_rounds: how often a reconstruction is repeated around its last answer.
        model: its code, a `fil_core.models.terms.Model`, imported when something is computed.
    """

    name: str
    fits: Callable[[int], bool]
    coding: str
    default_l2: float
    needs_penalty: bool = False
    scores: Callable[[int], int] = lambda classes: 1
    attackable: bool = True
    exact_leave_one_out: bool = False
    training: Callable[[int, int, int], float]
    measuring: Callable[[int, int, int], float] = lambda n, d, scores: 200.0 * n * d
    block: Callable[[int, int], int] = lambda d, scores: 0
    refit: Callable[[int, int], float] = lambda n, d: 0.0
    reconstruction_rounds: int = 1
    model: Late


# Least squares has an optimum without a penalty (the paper's setting); the others have none on separable classes.
FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="least-squares",
            fits=lambda classes: classes in (0, 2),
            coding="-1 and +1 for two classes, else the target",
            default_l2=0.0,
            exact_leave_one_out=True,
            training=lambda n, d, scores: 2.0 * n * d * d + 10.0 * d**3,
            model=Late("fil_core.models.glm", "LEAST_SQUARES"),
        ),
        Family(
            name="logistic",
            fits=lambda classes: classes == 2,
            coding="0 and 1",
            default_l2=1e-3,
            training=lambda n, d, scores: 9.0 * n * d * d + 10.0 * d**3,
            refit=lambda n, d: 20.0 * n * d,
            reconstruction_rounds=3,
            model=Late("fil_core.models.glm", "LOGISTIC"),
        ),
        Family(
            name="softmax",
            fits=lambda classes: classes >= 2,
            coding="one-hot",
            default_l2=1e-3,
            needs_penalty=True,
            scores=lambda classes: max(1, classes),
            training=lambda n, d, scores: 6.0 * n * (d * scores) ** 2 + 10.0 * (d * scores) ** 3,
            measuring=lambda n, d, scores: 20.0 * n * (d + scores) ** 3,
            block=lambda d, scores: (d + scores) ** 2 + scores * scores * d,
            reconstruction_rounds=3,
            model=Late("fil_core.models.softmax", "SOFTMAX"),
        ),
    )
}
KINDS: tuple[str, ...] = tuple(FAMILIES)
DEFAULT_L2: dict[str, float] = {name: family.default_l2 for name, family in FAMILIES.items()}
ATTACKABLE: tuple[str, ...] = tuple(name for name, family in FAMILIES.items() if family.attackable)


def fitting(classes: int) -> list[str]:
    """The families that fit a number of classes (0 for a real-valued target), the simplest first."""
    return [name for name, family in FAMILIES.items() if family.fits(classes)]
