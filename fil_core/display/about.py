"""What the measures are and are not, in the words that the pages and the reports share.

Markdown of paragraphs whose only marks are `**`.
"""

from collections.abc import Collection

WHAT_IS_FIL = """
**Fisher information loss, η,** measures how strongly the released parameters of a model depend on one training
example. Change the example slightly and train again: to first order, the parameters move by at most η times the change,
in units of the noise that is added to them before release (standard deviation σ). By the Cramér–Rao bound, no unbiased
attacker who sees the noisy parameters and knows all other examples can estimate any direction of the example with a
variance below 1/η². Doubling η divides this bound by four.

**What it is not.** The bound holds for unbiased attackers. An attacker with a good prior can do better, so there is a
van Trees bound beside it, which holds on average over examples drawn from a Gaussian prior, not for each of them. For
attributes with few values η ranks the risk of attackers who use no prior; against those who use one it hardly does, and
it does not bound how often an attacker is correct.

**Preprocessing is a public constant.** η takes scaling and components as given; published with the model they give away
more, above all of the longest row, whose length sets the unit ball. η has units of 1/feature and, along the label, of
1/label: rescaling a feature, or the target of a regression, changes the ranking, and values are comparable only under
the same preprocessing.

**A list of η is private too:** it is computed from private records, and publishing it leaks.
"""

WHAT_IS_INFLUENCE = """
**Influence** is the predicted change of a loss if one training example is left out: above 0 the example helps, since
the loss would rise without it; below 0 it harms. It holds to first order, for single examples and for the loss that is
named, not for what a person could find out about the example.

**What it is not.** A prediction is only as good as its agreement with examples that were really left out; where that
was measured, read the slope first (1 is right), then the correlation beside that of random numbers. At the edge of
stability of training no prediction of single examples holds.
"""

_OF_INFLUENCE = frozenset({"influence", "ladder", "leave-one-out", "gradient-outliers", "canaries"})


def meanings(commands: Collection[str]) -> str:
    """What the numbers of some analyses mean, as Markdown.

    Args:
        commands: of the analyses.
    """
    influence = [WHAT_IS_INFLUENCE] if _OF_INFLUENCE & set(commands) else []
    others = [WHAT_IS_FIL] if set(commands) - _OF_INFLUENCE else []
    return "\n\n".join(part.strip() for part in (*others, *influence))
