"""Membership attacks on an ensemble of networks: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.mia.request import check_target, described
from fil_core.specs import AttackSpec, EnsembleSpec, NetworkRequest
from fil_core.specs.ensemble import asked_loss, asked_schedule
from fil_core.specs.options import part


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkMiaRequest(NetworkRequest):
    """Membership attacks on networks that are each trained on a random half of the examples.

    Attributes:
        ensemble: how many networks, and who is in which.
        attack: the attacks, and how they are judged.
        loss: that the networks are trained on; of a regression always the squared error.
        schedule: how the step of gradient descent falls.
    """

    ensemble: EnsembleSpec = part(EnsembleSpec)
    attack: AttackSpec = part(AttackSpec)
    loss: str = asked_loss()
    schedule: str = asked_schedule()

    def _check(self) -> None:
        check_target(self)

    @property
    def detail(self) -> str:
        """How many networks, which attacks, the loss and the schedule."""
        schedule = "" if self.schedule == "constant" else f", lr in {self.schedule}"
        return f"{described(self)}, {self.loss}{schedule}"
