"""The membership attacks by name: one entry says what each is, from where, and how it scores a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fil_core.errors import BadRequest
from fil_core.membership import lira, thresholds
from fil_core.membership.quantile import Features, quantile
from fil_core.membership.rmia import rmia
from fil_core.membership.signals import Signals
from fil_core.progress import Progress
from fil_core.specs.attack import AttackSpec


@dataclass(frozen=True, slots=True)
class Attack:
    """One membership attack.

    Attributes:
        name: as in `specs.attack.ATTACKS`.
        title: what it is called.
        says: which variant, and its source, in one sentence.
        unit: of its scores; empty for none, or for the unit of what the target shows.
        score: (signals, target, spec, features) to (n,) scores, larger the likelier a record is in; NaN where a record
            lacks the shadow models.
    """

    name: str
    title: str
    says: str
    unit: str
    score: Callable[[Signals, int, AttackSpec, Features | None], np.ndarray]


def _rmia(signals: Signals, target: int, spec: AttackSpec, online: bool) -> np.ndarray:
    return rmia(signals, target, online=online, gamma=spec.gamma, a=spec.a, population=spec.population)


_ENTRIES = (
    Attack(
        "lira",
        "LiRA",
        "Log-likelihood ratio of the score between normal distributions over the shadow models with the record and "
        "over those without it (Carlini et al., S&P 2022, online).",
        "nats",
        lambda signals, target, spec, _: lira.online(signals, target, variance=spec.variance),
    ),
    Attack(
        "lira-offline",
        "LiRA offline",
        "Minus the log of the score's one-sided p-value under a normal distribution over the shadow models without the "
        "record (Carlini et al., S&P 2022, offline).",
        "nats",
        lambda signals, target, spec, _: lira.offline(signals, target, variance=spec.variance),
    ),
    Attack(
        "rmia",
        "RMIA",
        "Share of a population whose likelihood under the target, against its mean over shadow models with and without "
        "it, is lower by a factor gamma (Zarifzadeh et al., ICML 2024, online).",
        "",
        lambda signals, target, spec, _: _rmia(signals, target, spec, online=True),
    ),
    Attack(
        "rmia-offline",
        "RMIA offline",
        "RMIA with shadow models without the record alone; the likelihood under those with it is guessed by the "
        "constant a (Zarifzadeh et al., ICML 2024, offline).",
        "",
        lambda signals, target, spec, _: _rmia(signals, target, spec, online=False),
    ),
    Attack(
        "quantile",
        "Quantile regression",
        "Score less the quantile of outsiders' scores that gradient-boosted trees predict from features and label of "
        "test rows (Bertran et al., NeurIPS 2023, one quantile, trees in place of a network).",
        "",
        lambda signals, target, spec, features: quantile(signals, target, features, level=spec.level),
    ),
    Attack(
        "loss",
        "Loss threshold",
        "Minus the record's loss under the target (Yeom et al., CSF 2018, one threshold for all records).",
        "",
        lambda signals, target, _, __: thresholds.loss(signals, target),
    ),
    Attack(
        "gradient",
        "Gradient-norm threshold",
        "Minus the norm of the loss's gradient in the target's weights (white box, after Nasr et al., S&P 2019, one "
        "threshold for all records).",
        "",
        lambda signals, target, _, __: thresholds.gradient(signals, target),
    ),
)
TABLE = {attack.name: attack for attack in _ENTRIES}


def scores_of(name: str, signals: Signals, target: int, spec: AttackSpec, features: Features | None) -> np.ndarray:
    """Scores of all records under one model, (n,), larger the likelier a record is in; NaN where it cannot be told.

    Args:
        name: of the attack.
        signals: of the ensemble.
        target: the model that is attacked, 0 to M - 1.
        spec: the constants of the attacks.
        features: of records and test rows, for the quantile attack.

    Raises:
        BadData: the attack needs test rows or gradients that are not there.
    """
    return TABLE[name].score(signals, target, spec, features)


def targets(signals: Signals, spec: AttackSpec) -> list[int]:
    """The models that are attacked.

    Args:
        signals: of the ensemble.
        spec: whose `target_model` is one of them, or None for all.

    Raises:
        BadRequest: there is no such model.
    """
    if spec.target_model is None:
        return list(range(signals.models))
    if not 0 <= spec.target_model < signals.models:
        raise BadRequest(
            f"target_model: expected a model of the ensemble, 0 to {signals.models - 1}; got {spec.target_model}."
        )
    return [spec.target_model]


def all_scores(
    signals: Signals, spec: AttackSpec, name: str, features: Features | None = None, progress: Progress | None = None
) -> np.ndarray:
    """Scores of all records under every model that is attacked, (n, T): each of the M in turn, or the one asked for.

    Args:
        signals: of the ensemble.
        spec: the constants of the attacks, and which model is attacked.
        name: of the attack.
        features: of records and test rows, for the quantile attack.
        progress: told (models done, T, what).

    Raises:
        BadData: the attack needs test rows or gradients that are not there.
        BadRequest: there is no such model.
    """
    attacked = targets(signals, spec)
    found = np.empty((len(signals.scores), len(attacked)))
    for column, target in enumerate(attacked):
        if progress:
            progress(column, len(attacked), f"attacking models: {TABLE[name].title}")
        found[:, column] = scores_of(name, signals, target, spec, features)
    return found
