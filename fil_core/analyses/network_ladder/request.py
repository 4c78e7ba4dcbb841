"""Every curvature beside the truth, for a network: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.influence.request import asked_damping, asked_examples, asked_seed, asked_target, no_damping
from fil_core.analyses.ladder.request import check_ladder, described, rungs
from fil_core.analyses.network_influence.request import NETWORK_CURVATURES, NetworkInfluenceRequest
from fil_core.errors import BadRequest
from fil_core.specs import EffectRequest
from fil_core.specs.options import names, option


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLadderRequest(EffectRequest):
    """Influence in a network by every curvature and through training, each beside true retraining.

    Attributes:
        curvatures: which ones.
        damping: of all of them; the sweep of each is in the answer, too.
        target: whose loss.
        examples: number of examples, drawn at random, that are left out one after the other; None takes all of them.
        draw_seed: seed of that draw.
    """

    curvatures: tuple[str, ...] = option(NETWORK_CURVATURES, names(NETWORK_CURVATURES), "which ones (default: all)", link="curvatures")  # noqa: E501 # fmt: skip
    damping: float = asked_damping(0.01)
    target: str = asked_target()
    examples: int | None = asked_examples()
    draw_seed: int = asked_seed()

    def _check(self) -> None:
        check_ladder(self)
        if self.network.steps is None:
            raise BadRequest("time: expected a number of steps, since influence is about a run of training; got inf.")

    def unused(self, name: str) -> str:
        """See `no_damping`."""
        return no_damping(name, *self.curvatures)

    @property
    def detail(self) -> str:
        """How many curvatures and examples."""
        return described(self)


def ladder_of(request: NetworkLadderRequest) -> list[NetworkInfluenceRequest]:
    """The rungs of a ladder about a network."""
    return rungs(request, NetworkInfluenceRequest)
