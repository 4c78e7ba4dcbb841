"""The training of a network: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import NetworkRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFitRequest(NetworkRequest):
    """A network trained on all examples by full-batch gradient descent, with its loss and its curvature on the way."""
