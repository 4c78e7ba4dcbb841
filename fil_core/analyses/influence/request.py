"""Influence of every training example on a target, at the optimum of a linear model: what is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from fil_core.errors import BadRequest
from fil_core.specs import ModelRequest
from fil_core.specs.options import choice, examples, number, option, switch, whole
from fil_core.specs.targets import SELF, TEST_LOSS, target

CURVATURES = ("hessian", "ggn", "empirical-fisher", "empirical-fisher-block", "diagonal", "identity")
UNDAMPED = ("metagradient", "tracin", "identity")  # no equations are solved, and a damping has no part
_FEWEST, _MOST = 3, 10_000  # subsets
_SHARE = 0.5
_TARGET = "whose loss: test-loss (default), self, test:N (test row N, from 0), id:EXAMPLE, ids:A,B or class:C"


def asked_target() -> Any:
    """The field of the target."""
    return option(TEST_LOSS, target(), _TARGET, link="target", always=True)


def asked_damping(default: float) -> Any:
    """The field of the damping."""
    said = "added to the curvature of the mean loss, >= 0 (default 0 for a linear model, 0.01 for a network)"
    return option(default, number(zero=True), said, link="damping", always=True)


def asked_validation() -> Any:
    """The field of the number of test rows."""
    said = "the test loss is that of the first M test rows (default: all)"
    return option(None, whole(), said, link="validation-size")


def asked_examples() -> Any:
    """The field that says how many examples are left out."""
    return option(None, whole(), "leave N examples out, drawn at random (default: each)", link="truth")


def asked_seed() -> Any:
    """The field of the seed of that draw."""
    return option(0, whole(least=0), "seed of all that is drawn (default 0)", link="truth-seed")


def asked_truth() -> Any:
    """The field that asks for the truth."""
    return option(False, switch(), "also leave examples out and train again", link="truth-too")


def settle_damping(request: Any) -> None:
    """Set the damping of a curvature that has none to the usual one, so that one answer has one request."""
    if request.curvature in UNDAMPED:
        usual = next(field.default for field in dataclasses.fields(request) if field.name == "damping")
        object.__setattr__(request, "damping", usual)


def no_damping(name: str, *curvatures: str) -> str:
    """Why the damping has no part in these curvatures; empty for another field, and where it has one in some.

    >>> no_damping("damping", "identity"), no_damping("damping", "identity", "hessian")
    ('it has no part in the curvature identity', '')
    """
    unused = name == "damping" and set(curvatures) <= set(UNDAMPED)
    return f"it has no part in the curvature {' or '.join(curvatures)}" if unused else ""


def check_truth(request: Any) -> None:
    """Refuse settings of the truth that contradict each other, of either kind of influence request.

    Raises:
        BadRequest: they do.
    """
    of_truth = {
        "examples": request.examples is not None, "subsets": request.subsets, "remove": request.remove,
        "draw-seed": request.draw_seed,
    }  # fmt: skip
    asked = [f"--{name}" for name, given in of_truth.items() if given]
    if asked and not request.truth:
        raise BadRequest(f"truth: expected --truth beside {' and '.join(asked)}, which is about it.")
    if request.share != _SHARE and not request.subsets:
        raise BadRequest(f"share: expected none without --subsets, whose share it is; got {request.share:g}.")
    if request.subsets and not (request.subsets >= _FEWEST and request.share < 1):
        raise BadRequest(
            f"subsets: expected none or at least {_FEWEST}, of a share below 1, so that ranks can be compared; got "
            f"{request.subsets} of {request.share:g}."
        )
    together = {
        "subsets": request.subsets, "remove": request.remove, "group": request.group,
        "sections": getattr(request, "sections", False),
    }  # fmt: skip
    if request.target == SELF and (several := [name for name, given in together.items() if given]):
        raise BadRequest(
            f"{several[0]}: expected none with --target self, since what is left out together has no loss of its own; "
            "take another target, such as test-loss."
        )
    if len(request.group) == 1:
        raise BadRequest("group: expected at least two examples to leave out together; got one.")


def without_truth(request: Any) -> Any:
    """The same prediction alone, which the comparison with the truth begins with."""
    return dataclasses.replace(request, truth=False, examples=None, subsets=0, remove=None, share=_SHARE, draw_seed=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class InfluenceRequest(ModelRequest):
    """What leaving each training example out would change of a loss, by influence functions.

    Attributes:
        curvature: which matrix stands for the curvature of the mean loss. A linear model has one layer, so the blocks
            of the empirical Fisher matrix are the whole of it; the Gauss-Newton matrix is the Hessian.
        damping: added to the curvature; of one that has none the default, whatever is given.
        target: whose loss.
        validation_size: test rows, from the first on, over which the test loss is a mean; None takes all.
        group: examples that are also left out together; empty for none.
        truth: whether examples are also really left out.
        examples: number of examples, drawn at random, that are left out one after the other; None takes all of them.
        subsets: number of random subsets on which the model is trained for the linear datamodelling score.
        share: of the examples that a subset has.
        remove: how many of the most helpful and of the most harmful examples are left out together, beside as many
            random ones; None for none.
        draw_seed: seed of all that is drawn.
    """

    curvature: str = option("hessian", choice(CURVATURES), "of the mean loss (default hessian)", link="curvature", always=True)  # noqa: E501 # fmt: skip
    damping: float = asked_damping(0.0)
    target: str = asked_target()
    validation_size: int | None = asked_validation()
    group: tuple[int, ...] = option((), examples(), "also leave these out together", link="group")
    truth: bool = asked_truth()
    examples: int | None = asked_examples()
    subsets: int = option(0, whole(least=0, most=_MOST), "random subsets for the linear datamodelling score (default 0)", link="subsets")  # noqa: E501 # fmt: skip
    share: float = option(_SHARE, number(most=1.0), "of the examples that a subset has (default 0.5)")
    remove: int | None = option(None, whole(), "also train without the K most helpful, most harmful, and random ones", link="remove")  # noqa: E501 # fmt: skip
    draw_seed: int = asked_seed()

    def _check(self) -> None:
        settle_damping(self)
        check_truth(self)

    def unused(self, name: str) -> str:
        """See `no_damping`."""
        return no_damping(name, self.curvature)

    @property
    def detail(self) -> str:
        """The curvature, the target and the truth."""
        return described(self)


def described(request: Any) -> str:
    """What an influence request asks besides data and model, in a few words."""
    damping = "" if request.curvature in UNDAMPED else f", damping {request.damping:g}"
    truth = ""
    if request.truth:
        truth = ", with the truth" if request.examples is None else f", {request.examples} left out"
    return f"{request.curvature}{damping}, on {request.target}{truth}"
