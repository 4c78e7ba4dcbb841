"""Every curvature beside the truth, for a linear model: what is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from fil_core.analyses.influence.request import (
    CURVATURES,
    InfluenceRequest,
    asked_damping,
    asked_examples,
    asked_seed,
    asked_target,
    asked_validation,
    no_damping,
)
from fil_core.display.numbers import counted
from fil_core.errors import BadRequest
from fil_core.specs import ModelRequest
from fil_core.specs.options import names, option

FEWEST = 3  # examples that can be compared


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderRequest(ModelRequest):
    """Influence by every curvature, each beside what leaving the examples out really changes.

    Attributes:
        curvatures: which ones.
        damping: of all of them; the sweep of each is in the answer, too.
        target: whose loss.
        validation_size: test rows, from the first on, over which the test loss is a mean; None takes all.
        examples: number of examples, drawn at random, that are left out one after the other; None takes all of them.
        draw_seed: seed of that draw.
    """

    curvatures: tuple[str, ...] = option(CURVATURES, names(CURVATURES), "which ones (default: all)", link="curvatures")
    damping: float = asked_damping(0.0)
    target: str = asked_target()
    validation_size: int | None = asked_validation()
    examples: int | None = asked_examples()
    draw_seed: int = asked_seed()

    def _check(self) -> None:
        check_ladder(self)

    def unused(self, name: str) -> str:
        """See `no_damping`."""
        return no_damping(name, *self.curvatures)

    @property
    def detail(self) -> str:
        """How many curvatures and examples."""
        return described(self)


def check_ladder(request: Any) -> None:
    """Refuse too few curvatures or examples, of either kind of request.

    Raises:
        BadRequest: there are.
    """
    if not request.curvatures:
        raise BadRequest(f"curvatures: expected some of {', '.join(CURVATURES)}; got none.")
    if request.examples is not None and request.examples < FEWEST:
        raise BadRequest(f"examples: expected at least {FEWEST}, so that they can be compared; got {request.examples}.")


def described(request: Any) -> str:
    """What a ladder asks besides data and model, in a few words."""
    examples = "" if request.examples is None else f", {request.examples} left out"
    return (
        f"{counted(len(request.curvatures), 'curvature')}, damping {request.damping:g}, on {request.target}{examples}"
    )


def rungs(request: Any, kind: type[Any]) -> list[Any]:
    """The influence by each curvature with the truth.

    Args:
        request: of either kind.
        kind: of the influence requests.
    """
    shared = {field.name for field in dataclasses.fields(kind)} & {field.name for field in dataclasses.fields(request)}
    same = {name: getattr(request, name) for name in shared}
    return [kind(**same, curvature=curvature, truth=True) for curvature in request.curvatures]


def ladder_of(request: LadderRequest) -> list[InfluenceRequest]:
    """The rungs of a ladder about a linear model."""
    return rungs(request, InfluenceRequest)
