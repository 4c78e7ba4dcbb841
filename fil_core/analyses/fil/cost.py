"""What the leakage of every example costs."""

from fil_core.analyses.analysis import Cost, Sizes
from fil_core.analyses.fil.parts import in_parts
from fil_core.analyses.fil.request import FilRequest
from fil_core.specs import ModelSpec
from fil_core.specs.families import bounded, is_large, together
from fil_core.specs.pairs import MOST_WORK, ROUNDS, work

BLOCK = 2**23  # values in a block of examples (`leakage.fil`), of which some are held at once
_BLOCKS, _LARGE_BLOCKS = 6, 3
_COLUMNS = 24  # of the table and its copies, per example


def cost(request: FilRequest, sizes: Sizes) -> Cost:
    """Measuring each example, where that is not done in parts, and leaving out each."""
    model, scores = request.model, request.model.family.scores(sizes.classes)
    each = measuring(model, sizes)
    if in_parts(model, sizes.n, sizes.d, sizes.classes):
        each = Cost(0.0, each.values)
    if is_large(sizes.d, scores):  # bounds of the leakiest, and a Newton step without each
        few = 1.5 * min(sizes.n, bounded(sizes.d)) * sizes.d**3
        each = each + Cost(few + 1.0 * sizes.n * (scores * sizes.d) ** 2)
    return each + leaving_out(model, sizes)


def leaving_out(model: ModelSpec, sizes: Sizes) -> Cost:
    """Iterating to the optimum without each example, where there are not too many pairs of them."""
    family = model.family
    each = work(sizes.n, sizes.d, family.scores(sizes.classes))
    return Cost(0.0 if family.exact_leave_one_out or each > MOST_WORK else ROUNDS * each, 0)


def measuring(model: ModelSpec, sizes: Sizes) -> Cost:
    """Measuring each example under a trained model."""
    family = model.family
    scores = family.scores(sizes.classes)
    width = family.block(sizes.d, scores)
    block = width * (together(width) if is_large(sizes.d, scores) else 1)
    copies, most = (_LARGE_BLOCKS, block) if block > BLOCK else (_BLOCKS, BLOCK)
    held = copies * min(most, sizes.n * width)
    return Cost(family.measuring(sizes.n, sizes.d, scores), held + _COLUMNS * sizes.n)
