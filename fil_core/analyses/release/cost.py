"""What a release costs to measure."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.attribute.cost import cost as of_attribute
from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.fil.cost import measuring
from fil_core.analyses.reconstruction.cost import cost as of_reconstruction
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.attacks.attackers import WHITE_BOX


def cost(request: ReleaseRequest, sizes: Sizes) -> Cost:
    """Measuring everyone, and the attack."""
    measured = measuring(request.model, sizes)
    if request.attribute:
        return measured + of_attribute(
            AttributeRequest(
                data=request.data,
                model=request.model,
                attribute=request.attribute,
                attackers=WHITE_BOX,
                sigmas=(request.sigma,),
                trials=request.trials,
            ),
            sizes,
        )
    if not request.ids:
        return measured
    one = ReconstructionRequest(
        data=request.data, model=request.model, ids=request.ids[:1], sigmas=(request.sigma,), trials=request.trials
    )
    return measured + of_reconstruction(one, sizes).times(len(request.ids))
