"""The exact truth about leaving single examples out of a linear model: what is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from fil_core.analyses.influence.request import asked_examples, asked_seed, asked_target, asked_validation
from fil_core.specs import ModelRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOneOutRequest(ModelRequest):
    """What really leaving each training example out of a linear model changes of a loss.

    Attributes:
        target: whose loss.
        validation_size: test rows, from the first on, over which the test loss is a mean; None takes all.
        examples: number of examples, drawn at random, that are left out one after the other; None takes all of them.
        draw_seed: seed of that draw.
    """

    target: str = asked_target()
    validation_size: int | None = asked_validation()
    examples: int | None = asked_examples()
    draw_seed: int = asked_seed()

    @property
    def detail(self) -> str:
        """The target, and how many examples."""
        return f"on {self.target}" + ("" if self.examples is None else f", {self.examples} examples")


def leave_one_out_of(request: Any) -> LeaveOneOutRequest:
    """The truth about leaving out of a request that says model, target and examples."""
    same = {field.name: getattr(request, field.name) for field in dataclasses.fields(LeaveOneOutRequest)}
    return LeaveOneOutRequest(**same)
