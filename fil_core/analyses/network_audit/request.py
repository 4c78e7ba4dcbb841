"""An audit of a network's privacy: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.audit.request import described
from fil_core.specs import AuditSpec, NetworkRequest
from fil_core.specs.ensemble import asked_loss
from fil_core.specs.options import part


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAuditRequest(NetworkRequest):
    """A lower bound on epsilon of a network's training, from canaries that are put in by coins.

    Attributes:
        audit: canaries, coins and confidence.
        loss: that the network is trained on; of a regression always the squared error.
    """

    audit: AuditSpec = part(AuditSpec)
    loss: str = asked_loss()

    @property
    def detail(self) -> str:
        """The canaries, the runs and the loss."""
        return f"{described(self.audit)}, {self.loss}"
