"""The parts of membership attacks on networks: those of the ensemble, some together in a part."""

from __future__ import annotations

from collections.abc import Sequence

from fil_core.analyses.analysis import Answers
from fil_core.analyses.mia.parts import groups_of
from fil_core.analyses.network_ensemble.cost import members_together
from fil_core.analyses.network_ensemble.request import NetworkEnsembleRequest
from fil_core.analyses.network_mia.request import NetworkMiaRequest
from fil_core.dataset import Dataset


def parts(request: NetworkMiaRequest, dataset: Dataset, answers: Answers) -> Sequence[NetworkEnsembleRequest]:
    """The networks.

    Args:
        request: the attacks.
        dataset: on whose size it depends how many networks a part has.
        answers: not used.
    """
    gradients = "gradient" in request.attack.attacks
    return [
        NetworkEnsembleRequest(
            data=request.data, network=request.network, device=request.device, members=members,
            ensemble_seed=request.ensemble.seed, loss=request.loss, schedule=request.schedule, gradients=gradients,
        )
        for members in groups_of(request.ensemble.models, members_together(request, dataset))
    ]  # fmt: skip
