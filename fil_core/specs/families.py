"""The families of models, one entry each: the tasks that they fit, their default penalty, their cost and their code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fil_core.specs.late import Late

LARGE = 2_048  # parameters above which the eigenvectors of their curvature take minutes, and a Cholesky factor seconds
_TOGETHER, _HELD = 48, 2**25  # examples of a block, and the values that they may take; some copies are held


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
        exact_leave_one_out: whether the shift of the parameters without an example is exact in one Newton step.
        training, measuring: (n, d, scores) to the multiply-adds of training, and of measuring every example.
        block: (d, scores) to the float64 numbers per example in a block of examples that is measured.
        refit: (n, d, scores) to the multiply-adds of training again with one row changed.
        reconstruction_rounds: how often a reconstruction is repeated around its last answer.
        model: its code, a `fil_core.models.terms.Model`, imported when something is computed.
    """

    name: str
    fits: Callable[[int], bool]
    coding: str
    default_l2: float
    needs_penalty: bool = False
    scores: Callable[[int], int] = lambda classes: 1
    exact_leave_one_out: bool = False
    training: Callable[[int, int, int], float]
    measuring: Callable[[int, int, int], float] = lambda n, d, scores: 200.0 * n * d
    block: Callable[[int, int], int] = lambda d, scores: 0
    refit: Callable[[int, int, int], float] = lambda n, d, scores: 0.0
    reconstruction_rounds: int = 1
    model: Late


_MOST_BOUNDS, _FEWEST_BOUNDS, _BOUNDS_WORK = 1_000, 20, 1e12  # multiply-adds: about a minute on two cores


def is_large(d: int, scores: int) -> bool:
    """Whether a model of several scores has so many parameters that its curvature is kept as a Cholesky factor."""
    return scores > 1 and d * (scores - 1) > LARGE


def bounded(d: int) -> int:
    """Examples of a large softmax model that get both bounds on reconstruction, the leakiest: a d x d inverse each."""
    return max(_FEWEST_BOUNDS, min(_MOST_BOUNDS, int(_BOUNDS_WORK / (1.5 * d**3))))


def together(width: float) -> int:
    """Examples at least in a block under a large model, whose matrices take as long to read as to use for some.

    Args:
        width: values that each of them takes.
    """
    return max(1, min(_TOGETHER, int(_HELD // max(width, 1))))


def _softmax_training(n: int, d: int, scores: int) -> float:
    """Steps by products with the Hessian, the Hessian and its factor, and its inverse and the square of that."""
    if not is_large(d, scores):
        return 6.0 * n * (d * scores) ** 2 + 10.0 * (d * scores) ** 3
    return 160.0 * n * d * scores + 0.5 * n * (d * scores) ** 2 + 1.5 * (d * scores) ** 3


def _softmax_measuring(n: int, d: int, scores: int) -> float:
    """Products with the curvature's blocks, and each Gram matrix's eigenvalues or its largest one."""
    if not is_large(d, scores):
        return 20.0 * n * (d + scores) ** 3
    return n * (3.0 * (d * scores) ** 2 + 300.0 * d**2)


def _softmax_refit(n: int, d: int, free: int) -> float:
    """Passes over the examples, solutions with the curvature, and products with those of the row that is changed."""
    return free * n * (400.0 + 2 * d) + 20.0 * (free * d) ** 2 + 3000.0 * free**2 * d


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
            refit=lambda n, d, scores: float(n) * (400 + 2 * d),
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
            training=_softmax_training,
            measuring=_softmax_measuring,
            refit=lambda n, d, scores: _softmax_refit(n, d, scores - 1),
            block=lambda d, scores: (d + scores) ** 2 + scores * scores * d,
            reconstruction_rounds=3,
            model=Late("fil_core.models.softmax", "SOFTMAX"),
        ),
    )
}
KINDS: tuple[str, ...] = tuple(FAMILIES)
DEFAULT_L2: dict[str, float] = {name: family.default_l2 for name, family in FAMILIES.items()}


def fitting(classes: int) -> list[str]:
    """The families that fit a number of classes (0 for a real-valued target), the simplest first."""
    return [name for name, family in FAMILIES.items() if family.fits(classes)]
