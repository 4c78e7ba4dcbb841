"""Membership attacks on uploaded signals."""

from __future__ import annotations

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.ensemble.signals import of_upload
from fil_core.analyses.mia.outcome import check_attacks, outcome
from fil_core.analyses.signals_mia.request import SignalsMiaRequest
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.progress import Progress
from fil_core.result import Result


def check(request: SignalsMiaRequest, dataset: Dataset) -> None:
    """Raises BadRequest where there are no signals."""
    if request.signals is None:
        raise BadRequest("signals: expected a file with ids, scores and inclusion; got none.")
    check_attacks(request.attack, dataset, test_rows=True)


def run(request: SignalsMiaRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Attack the models and judge the attacks.

    Args:
        request: the attacks.
        inputs: the data and the signals.
        progress: called with (done, total, what).

    Raises:
        BadData: the signals are of other examples.
        BadRequest: an attack needs what they lack.
    """
    assert request.signals is not None
    stored = inputs.uploads[request.signals]
    signals = of_upload(stored, inputs.dataset)
    check_attacks(
        request.attack, inputs.dataset, gradients=signals.gradients is not None,
        test_rows=signals.population is not None,
    )  # fmt: skip
    return outcome(signals, request.attack, inputs.dataset, progress)
