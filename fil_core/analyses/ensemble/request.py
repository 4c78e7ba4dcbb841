"""Models of an ensemble, each trained on a random half: what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fil_core.errors import BadRequest
from fil_core.specs import ModelRequest
from fil_core.specs.options import number, option, whole, wholes


def asked_members() -> Any:
    """The field of the models' numbers."""
    return option((0, 1), wholes(), "numbers of the models: 2p and 2p + 1 have complementary halves (default 0,1)")


def asked_ensemble_seed() -> Any:
    """The field of the seed."""
    return option(0, whole(least=0), "seed of halves, starts and orders (default 0)", flag="ensemble-seed")


def asked_noise() -> Any:
    """The field of the output noise of every model."""
    return option(
        None, number(), "output noise of every model of the ensemble (default: none)", flag="sigma", called="sigma",
        link="release-noise",
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRequest(ModelRequest):
    """Some models of an ensemble, each trained on a random half of the examples, and the signals of all examples.

    Attributes:
        members: their numbers.
        ensemble_seed: seed of the halves and of the noise.
        release_sigma: standard deviation of Gaussian noise that is added to the parameters of every model; None for
            none.
    """

    members: tuple[int, ...] = asked_members()
    ensemble_seed: int = asked_ensemble_seed()
    release_sigma: float | None = asked_noise()

    def _check(self) -> None:
        check_members(self.members)

    @property
    def detail(self) -> str:
        """Which models."""
        return described(self.members)


def check_members(members: tuple[int, ...]) -> None:
    """Raises BadRequest where there are none."""
    if not members:
        raise BadRequest("members: expected numbers of models, such as 0,1; got none.")


def described(members: tuple[int, ...]) -> str:
    """Which models, in a few words.

    >>> described((0, 1, 2)), described((4,))
    ('models 0 to 2', 'model 4')
    """
    return f"models {min(members)} to {max(members)}" if len(members) > 1 else f"model {members[0]}"
