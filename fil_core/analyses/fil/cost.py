"""What the leakage of every example costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.fil.request import FilRequest
from fil_core.specs import ModelSpec
from fil_core.specs.pairs import MOST_WORK, ROUNDS, work

BLOCK = 2**23  # values in a block of examples (`leakage.fil`), of which some are held at once
_BLOCKS = 6
_COLUMNS = 24  # of the table and its copies, per example


def cost(request: FilRequest, sizes: Sizes) -> Cost:
    """Measuring each example, and leaving out each."""
    return measuring(request.model, sizes) + leaving_out(request.model, sizes)


def leaving_out(model: ModelSpec, sizes: Sizes) -> Cost:
    """Iterating to the optimum without each example, where there are not too many pairs of them."""
    family = model.family
    each = work(sizes.n, sizes.d, family.scores(sizes.classes))
    return Cost(0.0 if family.exact_leave_one_out or each > MOST_WORK else ROUNDS * each, 0)


def measuring(model: ModelSpec, sizes: Sizes) -> Cost:
    """Measuring each example under a trained model."""
    family = model.family
    scores = family.scores(sizes.classes)
    held = min(BLOCK, sizes.n * family.block(sizes.d, scores))
    return Cost(family.measuring(sizes.n, sizes.d, scores), _BLOCKS * held + _COLUMNS * sizes.n)
