"""The parts of the comparison: the attacks on each ensemble, and each source of measures."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from fil_core.analyses.analysis import Answers
from fil_core.analyses.measures.sources import ABOUT, source
from fil_core.analyses.mia_against.request import AgainstRequest
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from fil_core.dataset import Dataset
from fil_core.specs import AttackSpec, Request


def variants(request: AgainstRequest) -> dict[str, AgainstRequest]:
    """The same question for each activation, by its name; under the network's own where none is named."""
    if not request.activations:
        return {request.network.activation: request}

    def with_activation(name: str) -> AgainstRequest:
        network = dataclasses.replace(request.network, activation=name)
        kernel = dataclasses.replace(request.kernel, kind=name)
        return dataclasses.replace(request, network=network, kernel=kernel)

    return {name: with_activation(name) for name in request.activations}


def attacks(request: AgainstRequest) -> NetworkMiaRequest:
    """The attacks on the ensemble."""
    return NetworkMiaRequest(
        data=request.data, network=request.network, device=request.device, ensemble=request.ensemble,
        attack=AttackSpec(attacks=("lira",)), loss=request.loss, schedule=request.schedule,
    )  # fmt: skip


def measured(request: AgainstRequest, name: str, dataset: Dataset) -> Request:
    """What is asked of a source; unique information is about steps that take all examples.

    Args:
        request: what is asked.
        name: of the source.
        dataset: the examples.
    """
    if name == "unique":
        request = dataclasses.replace(request, network=dataclasses.replace(request.network, batch=None))
    return source(name).request(request, dataset)


def sources_of(request: AgainstRequest, name: str) -> list[str]:
    """The sources that are told for an activation: those about no network and no kernel only once."""
    first = next(iter(variants(request)))
    apart = {one for names in ABOUT.values() for one in names}
    return [one for one in request.of if name == first or one in apart]


def parts(request: AgainstRequest, dataset: Dataset, answers: Answers) -> Sequence[Request]:
    """The attacks on each ensemble, and the sources.

    Args:
        request: what is asked.
        dataset: the examples.
        answers: not used.
    """
    found: list[Any] = []
    for name, one in variants(request).items():
        found += [attacks(one), *(measured(one, each, dataset) for each in sources_of(request, name))]
    return found
