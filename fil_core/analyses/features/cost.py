"""What features of pictures cost."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.features.request import FeaturesRequest
from fil_core.specs import DataSpec, NetworkSpec
from fil_core.specs.networks import NETWORKS, outputs

_STEP = 6.0  # multiply-adds of a step, of those of a forward pass
_BATCH = 100.0
_LARGE = 2e9  # multiply-adds for one picture of 224 × 224 pixels in a usual network of torchvision
_SIDE = 224.0
_WIDTH = 2048.0  # features, at most, of a usual network
_WEIGHTS = 2.5e7
_COPIES = 4.0  # of the weights: themselves, their gradients, the velocity, and the file's
_TOGETHER = 2.0**27  # numbers that layers put out for the pictures that pass through together


def cost(request: FeaturesRequest, sizes: Sizes) -> Cost:
    """Training on mini-batches, where the weights are not uploaded, and one pass over all rows."""
    spec = request.data
    pass_, weights = one_pass(spec, sizes.d, sizes.classes)
    steps = 0.0 if spec.extractor else _STEP * _BATCH * spec.extractor_steps
    return Cost(pass_ * (steps + sizes.n) + sizes.n * sizes.d, _COPIES * weights + _TOGETHER + sizes.n * _WIDTH)


def one_pass(spec: DataSpec, pixels: int, classes: int) -> tuple[float, float]:
    """Multiply-adds of one picture's pass through the network that makes features, and the number of its weights.

    Args:
        spec: names the network.
        pixels: numbers of a picture.
        classes: number of classes, 0 for a regression.
    """
    family, k = NETWORKS.get(spec.features_from or ""), outputs(classes)
    if family is not None and not spec.extractor:
        network = NetworkSpec(kind=family.name)
        return family.operations(network, pixels, k), family.parameters(network, pixels, k)
    seen = 3.0 * spec.features_resize**2 if spec.features_resize else float(pixels)
    return _LARGE * max(1.0, seen) / (3 * _SIDE**2), _WEIGHTS
