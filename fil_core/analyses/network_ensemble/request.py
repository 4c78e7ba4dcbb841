"""Networks of an ensemble, each trained on a random half: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.ensemble.request import asked_ensemble_seed, asked_members, check_members, described
from fil_core.specs import NetworkRequest
from fil_core.specs.ensemble import asked_loss, asked_schedule
from fil_core.specs.options import option, switch


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEnsembleRequest(NetworkRequest):
    """Some networks of an ensemble, each trained on a random half of the examples, and the signals of all examples.

    Attributes:
        members: their numbers.
        ensemble_seed: seed of the halves, the starts and the orders of mini-batches.
        loss: that they are trained on; of a regression always the squared error.
        schedule: how the step of gradient descent falls.
        gradients: whether the norms of the examples' gradients are told, too.
    """

    members: tuple[int, ...] = asked_members()
    ensemble_seed: int = asked_ensemble_seed()
    loss: str = asked_loss()
    schedule: str = asked_schedule()
    gradients: bool = option(False, switch(), "also tell the norms of the examples' gradients")

    def _check(self) -> None:
        check_members(self.members)

    @property
    def detail(self) -> str:
        """Which networks."""
        return described(self.members)
