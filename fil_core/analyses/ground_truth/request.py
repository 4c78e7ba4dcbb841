"""Unique information beside true retraining: what is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.errors import BadRequest
from fil_core.specs.options import number, option, whole

_FEWEST = 3  # subsets whose ranks can be compared
_MOST = 10_000
_OF_UNIQUE = {field.name for field in dataclasses.fields(UniqueInfoRequest)}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTruthRequest(UniqueInfoRequest):
    """Unique information beside the truth: the real network trained again without each example.

    Attributes:
        examples: number of examples, drawn at random, that are left out one after the other; None takes all of them.
        draw_seed: seed of that draw, and of the random subsets.
        subsets: number of random subsets on which the network is trained for the linear datamodelling score.
        share: of the examples that a subset has.
    """

    examples: int | None = option(None, whole(), "leave N examples out, drawn at random (default: each)", link="truth")
    draw_seed: int = option(0, whole(least=0), "seed of --examples and --subsets (default 0)", link="truth-seed")
    subsets: int = option(0, whole(least=0, most=_MOST), "random subsets for the linear datamodelling score (default 0)", link="subsets")  # noqa: E501 # fmt: skip
    share: float = option(0.5, number(most=1.0), "of the examples that a subset has (default 0.5)")

    def _check(self) -> None:
        UniqueInfoRequest._check(self)
        if self.pairs_with is not None:
            raise BadRequest("pairs-with: expected none beside true retraining; unique-info tells interactions.")
        if self.subsets and not (self.subsets >= _FEWEST and self.share < 1):
            raise BadRequest(
                f"subsets: expected none or at least {_FEWEST}, of a share below 1, so that ranks can be compared; "
                f"got {self.subsets} of {self.share:g}."
            )
        if self.network.steps is None:
            raise BadRequest("time: expected a number of steps, which a real network can be trained for; got inf.")

    @property
    def unique(self) -> UniqueInfoRequest:
        """The measures that are compared with the truth."""
        return UniqueInfoRequest(**{name: getattr(self, name) for name in _OF_UNIQUE})

    @property
    def detail(self) -> str:
        """How many examples and subsets."""
        examples = "" if self.examples is None else f"{self.examples} examples"
        subsets = f"{self.subsets} subsets" if self.subsets else ""
        return ", ".join(filter(None, [UniqueInfoRequest.detail.fget(self), examples, subsets]))  # type: ignore[attr-defined]
