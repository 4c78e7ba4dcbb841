"""Training a network again without some examples: what is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from fil_core.errors import BadRequest
from fil_core.specs import EffectRequest
from fil_core.specs.options import choice, examples, number, option, whole, wholes

WAYS = ("each", "together", "random")
MEANS = ("kept", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingRequest(EffectRequest):
    """The real network trained again from the same start without some examples.

    Attributes:
        without: `each` leaves every one of `ids` out alone, one run for each; `together` leaves all of them out in a
            single run; `random` keeps a random share of the examples, one run for each of `draws`.
        ids: the examples that are left out.
        share: of the examples that random runs keep.
        draws: numbers of the random runs; the same number draws the same examples.
        draw_seed: seed of the random runs.
        mean: whether the loss is the mean over the examples that a run keeps, or their sum over the number of all
            examples, as influence functions have it: then nothing changes for the others when one is left out.
    """

    without: str = option("each", choice(WAYS), "leave each of --ids out alone, all together, or keep random examples")
    ids: tuple[int, ...] = option((), examples(), "the examples that are left out")
    share: float = option(0.5, number(most=1.0), "of the examples that random runs keep (default 0.5)")
    draws: tuple[int, ...] = option((), wholes(), "numbers of the random runs")
    draw_seed: int = option(0, whole(least=0), "seed of the random runs (default 0)")

    mean: str = option("kept", choice(MEANS), "divide the loss by the number of examples kept, or of all", added=True)

    def _check(self) -> None:
        if self.without == "random" and not self.draws:
            raise BadRequest("draws: expected numbers of random runs, such as 0,1,2; got none.")
        if self.without != "random" and not self.ids:
            raise BadRequest("ids: expected examples to leave out; got none.")

    @property
    def detail(self) -> str:
        """How many runs without how many."""
        if self.without == "random":
            return f"{len(self.draws)} random runs"
        return f"without {len(self.ids)} {'each' if self.without == 'each' else 'together'}"


def retraining_of(request: EffectRequest, **fields: Any) -> RetrainingRequest:
    """The runs of a request's network without some examples; `fields` are those of `RetrainingRequest`."""
    same = {field.name: getattr(request, field.name) for field in dataclasses.fields(EffectRequest)}
    return RetrainingRequest(**same, **fields)
