"""The ladder of a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.ladder.run import of_rungs
from fil_core.analyses.network.request import training_run
from fil_core.analyses.network_influence.run import check as check_influence
from fil_core.analyses.network_ladder.request import NetworkLadderRequest, ladder_of
from fil_core.dataset import Dataset
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import Request


def check(request: NetworkLadderRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a network or target that the data do not have."""
    check_influence(ladder_of(request)[0], dataset)


def parts(request: NetworkLadderRequest, dataset: Dataset, answers: object) -> Sequence[Request]:
    """The run of training, then the influence by each curvature with the truth.

    Args:
        request: what is asked.
        dataset: not used.
        answers: not used.
    """
    return [training_run(request), *ladder_of(request)]


def run(request: NetworkLadderRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """How well each agrees with true retraining.

    Args:
        request: what is asked.
        inputs: with the answers to its parts.
        progress: not used.
    """
    found = of_rungs({rung.curvature: inputs.part(rung) for rung in ladder_of(request)})
    return dataclasses.replace(found, provenance=found.provenance | {"dtype": request.network.precision})
