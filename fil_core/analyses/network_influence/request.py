"""Influence of every training example of a network on a target: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.analyses.influence.request import (
    CURVATURES,
    asked_damping,
    asked_examples,
    asked_seed,
    asked_target,
    asked_truth,
    check_truth,
    described,
    no_damping,
    settle_damping,
)
from fil_core.errors import BadRequest
from fil_core.specs import EffectRequest
from fil_core.specs.options import choice, examples, number, option, switch, whole

NETWORK_CURVATURES = (*CURVATURES, "metagradient", "tracin")
SOLVED = ("hessian", "ggn")  # curvatures whose equations can be solved in several ways
SOLVERS = ("auto", "direct", "sample-space", "krylov")
_CHECKPOINTS = 10
_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInfluenceRequest(EffectRequest):
    """What leaving each training example of a network out would change of a loss.

    By influence functions at the end of training, by the derivative of the whole run of training (metagradient), or by
    TracIn.

    Attributes:
        curvature: which matrix stands for the curvature of the mean loss, or `metagradient` or `tracin`.
        damping: added to the curvature; of one that has none the default, whatever is given.
        target: whose loss.
        solver: how equations with the curvature are solved; `auto` takes what fits.
        checkpoints: of TracIn, evenly over the run.
        group: examples that are also left out together; empty for none.
        sections: whether the influence of whole groups of sequences, such as poems, is told, too; only of text.
        truth: whether the network is also trained without examples.
        examples: number of examples, drawn at random, that are left out one after the other; None takes all of them.
        subsets: number of random subsets on which the network is trained for the linear datamodelling score.
        share: of the examples that a subset has.
        remove: how many of the most helpful and of the most harmful examples are left out together, beside as many
            random ones; None for none.
        draw_seed: seed of all that is drawn.
    """

    curvature: str = option("metagradient", choice(NETWORK_CURVATURES), "of the mean loss; or metagradient (default for networks) or tracin", link="curvature", always=True)  # noqa: E501 # fmt: skip
    damping: float = asked_damping(0.01)
    target: str = asked_target()
    solver: str = option("auto", choice(SOLVERS), "of equations with the curvature (default auto)", link="solver")
    checkpoints: int = option(_CHECKPOINTS, whole(most=1000), "of tracin, evenly over the run (default 10)")
    group: tuple[int, ...] = option((), examples(), "also leave these out together", link="group")
    sections: bool = option(
        False, switch(), "also the influence of groups of lines, see --group-lines", link="sections"
    )
    truth: bool = asked_truth()
    examples: int | None = asked_examples()
    subsets: int = option(0, whole(least=0, most=_MOST), "random subsets for the linear datamodelling score (default 0)", link="subsets")  # noqa: E501 # fmt: skip
    share: float = option(0.5, number(most=1.0), "of the examples that a subset has (default 0.5)")
    remove: int | None = option(None, whole(), "also train without the K most helpful, most harmful, and random ones", link="remove")  # noqa: E501 # fmt: skip
    draw_seed: int = asked_seed()

    def _check(self) -> None:
        settle_damping(self)
        check_truth(self)
        if self.network.steps is None:
            raise BadRequest("time: expected a number of steps, since influence is about a run of training; got inf.")
        if self.solver != "auto" and self.curvature not in SOLVED:
            raise BadRequest(
                f"solver: expected none for the curvature {self.curvature}, which has one way; got {self.solver}. "
                f"--solver is for {' and '.join(SOLVED)}."
            )
        if self.checkpoints != _CHECKPOINTS and self.curvature != "tracin":
            raise BadRequest(
                f"checkpoints: expected none for the curvature {self.curvature}, since they are of tracin; got "
                f"{self.checkpoints}."
            )

    def unused(self, name: str) -> str:
        """See `no_damping`."""
        return no_damping(name, self.curvature)

    @property
    def detail(self) -> str:
        """The curvature, the target and the truth."""
        return described(self)
