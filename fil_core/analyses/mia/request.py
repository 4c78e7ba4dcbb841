"""Membership attacks on an ensemble of models: what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fil_core.analyses.ensemble.request import asked_noise
from fil_core.errors import BadRequest
from fil_core.specs import AttackSpec, EnsembleSpec, ModelRequest
from fil_core.specs.options import part


@dataclass(frozen=True, slots=True, kw_only=True)
class MiaRequest(ModelRequest):
    """Membership attacks on models that are each trained on a random half of the examples.

    Attributes:
        ensemble: how many models, and who is in which.
        attack: the attacks, and how they are judged.
        release_sigma: standard deviation of Gaussian noise that is added to the parameters of every model; None for
            none.
    """

    ensemble: EnsembleSpec = part(EnsembleSpec)
    attack: AttackSpec = part(AttackSpec)
    release_sigma: float | None = asked_noise()

    def _check(self) -> None:
        check_target(self)

    @property
    def detail(self) -> str:
        """How many models, which attacks, and the noise."""
        noise = "" if self.release_sigma is None else f"σ = {self.release_sigma:g}"
        return ", ".join(filter(None, [described(self), noise]))


def check_target(request: Any) -> None:
    """Raises BadRequest for a target that the ensemble does not have."""
    target, models = request.attack.target_model, request.ensemble.models
    if target is not None and target >= models:
        raise BadRequest(f"target_model: expected a model from 0 to {models - 1}; got {target}.")


def described(request: Any) -> str:
    """How many models, which attacks, and which of the models is attacked."""
    target = "" if request.attack.target_model is None else f", on model {request.attack.target_model}"
    return f"{request.ensemble.models} models, {', '.join(request.attack.attacks)}{target}"
