"""The training of a network: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import NetworkRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFitRequest(NetworkRequest):
    """A network trained on all examples by gradient descent, with its loss and its curvature on the way."""


def training_run(request: NetworkRequest) -> NetworkFitRequest:
    """The run of training on all examples that a request about a network is about."""
    return NetworkFitRequest(data=request.data, network=request.network, device=request.device)
