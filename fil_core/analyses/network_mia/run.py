"""Membership attacks on networks of an ensemble."""

from __future__ import annotations

import dataclasses

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.mia.outcome import check_attacks, check_models
from fil_core.analyses.mia.run import attacked
from fil_core.analyses.network_ensemble.run import check as check_ensemble
from fil_core.analyses.network_mia.parts import parts
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from fil_core.dataset import Dataset
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: NetworkMiaRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for a network or attacks that the data do not allow."""
    check_ensemble(parts(request, dataset, {})[0], dataset)
    check_models(request.attack, request.ensemble.models)
    check_attacks(request.attack, dataset)


def run(request: NetworkMiaRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Attack the networks and judge the attacks.

    Args:
        request: the attacks.
        inputs: the data, and the networks of the ensemble.
        progress: called with (done, total, what).
    """
    found = [inputs.part(part) for part in parts(request, inputs.dataset, {})]
    result = attacked(request, inputs.dataset, found, progress)
    return dataclasses.replace(result, provenance=result.provenance | {"dtype": request.network.precision})
