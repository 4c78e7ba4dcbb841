"""Summarising a data set by unique information: what is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.errors import BadRequest
from fil_core.specs import EffectRequest
from fil_core.specs.options import choice, numbers, option, whole

BY = ("f_si", "si_weights", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class SummariseRequest(EffectRequest):
    """The network trained on a share of the examples: the most unique, the least unique, or random ones.

    Attributes:
        keep: shares of the examples that are kept, between 0 and 1.
        by: the measure that ranks the examples; `random` draws only.
        seeds: number of random draws for each share.
        draw_seed: seed of the draws.
    """

    keep: tuple[float, ...] = option((0.5, 0.25, 0.1), numbers(), "shares that are kept (default 0.5,0.25,0.1)", link="keep")  # noqa: E501 # fmt: skip
    by: str = option("f_si", choice(BY), "the measure that ranks the examples (default f_si)", link="by")
    seeds: int = option(5, whole(most=1000), "random draws for each share (default 5)", link="draws")
    draw_seed: int = option(0, whole(least=0), "seed of the draws (default 0)")

    def _check(self) -> None:
        if not self.keep or max(self.keep) >= 1:
            raise BadRequest(
                f"keep: expected shares above 0 and below 1; got {', '.join(map(str, self.keep)) or 'none'}."
            )
        if self.network.steps is None:
            raise BadRequest("time: expected a number of steps, which a real network can be trained for; got inf.")

    @property
    def unique(self) -> UniqueInfoRequest:
        """The measure that ranks the examples."""
        same = {field.name: getattr(self, field.name) for field in dataclasses.fields(EffectRequest)}
        return UniqueInfoRequest(**same)

    @property
    def detail(self) -> str:
        """The shares and the measure."""
        return f"{', '.join(f'{share:g}' for share in self.keep)} by {self.by}"
