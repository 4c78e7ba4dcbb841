"""What an attacker sees: the score of every record under every model of an ensemble, and who was in which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fil_core.errors import BadData

_LEAST_MODELS = 2
_LARGEST = 1e100  # beyond it squares are no numbers
_OPTIONAL = ("losses", "gradients", "population")


@dataclass(frozen=True, slots=True)
class Signals:
    """Scores of n records under M models. A larger score is what a model that had the record rather shows.

    Attributes:
        scores: (n, M) float64; of classifiers the logit-scaled confidence log p - log(1 - p) in the true label.
        inclusion: (n, M) bool: whether the model was trained with the record.
        losses: (n, M) loss of the record under the model; None where it is not known.
        gradients: (n, M) norm of its gradient in the model's weights; None where it is not known.
        population: (m, M) scores of rows that no model was trained with; None where there are none.
    """

    scores: np.ndarray
    inclusion: np.ndarray
    losses: np.ndarray | None = None
    gradients: np.ndarray | None = None
    population: np.ndarray | None = None

    @property
    def models(self) -> int:
        """M."""
        return int(self.scores.shape[1])

    @property
    def paired(self) -> bool:
        """Whether models 2p and 2p + 1 have complementary halves, but for at most one record that is in neither."""
        first, second = self.inclusion[:, : self.models // 2 * 2 : 2], self.inclusion[:, 1::2]
        return self.models > 1 and not (first & second).any() and bool(((~first & ~second).sum(0) <= 1).all())

    def shadows(self, target: int) -> np.ndarray:
        """The models that an attack on one may use, (M,) bool: the others, but for the one with its other half.

        Either of two complementary halves tells who is in the other. Without both, the numbers of models with a record
        and without it say nothing of whether it was in the target; with one of them they would, since statistics of
        fewer models vary more.

        >>> halves = np.array([[True, False, True, False], [False, True, True, False], [False, True, False, True]])
        >>> Signals(np.zeros((3, 4)), halves).shadows(0).tolist()
        [False, False, True, True]

        Args:
            target: the model that is attacked, 0 to M - 1.
        """
        kept = np.ones(self.models, dtype=bool)
        kept[target] = False
        if self.paired and target ^ 1 < self.models:
            kept[target ^ 1] = False
        return kept


def check_signals(signals: Signals, *, called: np.ndarray | None = None) -> None:
    """Refuse signals that no attack can use.

    Args:
        signals: any.
        called: (n,) what the records are called in messages; None for their numbers, from 1.

    Raises:
        BadData: shapes differ, there are fewer than two models, the inclusion is not of booleans, a number is not
            finite, a score is beyond 1e100, or a norm is negative.
    """
    _check_shapes(signals)
    if signals.models < _LEAST_MODELS:
        raise BadData(
            f"signals: expected at least 2 models, one to attack and others to compare it with; got {signals.models}."
        )
    if signals.inclusion.dtype != np.bool_:
        raise BadData(f"signals: expected an inclusion of booleans; got {signals.inclusion.dtype}.")
    for name in ("scores", *_OPTIONAL):
        if (array := getattr(signals, name)) is not None:
            who = None if name == "population" else called
            _check_all(f"finite {name}", array, np.isfinite(array), who)
            if name in ("scores", "population"):
                expected = f"{name} between -{_LARGEST:g} and {_LARGEST:g}"
                _check_all(expected, array, np.abs(array) <= _LARGEST, who)
    if signals.gradients is not None:
        _check_all("no negative gradients", signals.gradients, signals.gradients >= 0, called)


def _check_shapes(signals: Signals) -> None:
    scores = signals.scores.shape
    if len(scores) != 2 or scores != signals.inclusion.shape:
        raise BadData(
            f"signals: expected scores and inclusion of the same shape, (records, models); got {scores} and "
            f"{signals.inclusion.shape}."
        )
    for name in _OPTIONAL:
        if (array := getattr(signals, name)) is None:
            continue
        rows = len(array) if name == "population" and array.ndim else scores[0]  # of the population any number
        if array.shape != (rows, scores[1]):
            raise BadData(f"signals: expected {name} of shape ({rows}, {scores[1]}); got {array.shape}.")


def _check_all(expected: str, array: np.ndarray, good: np.ndarray, called: np.ndarray | None) -> None:
    """Refuse an array by the first number that is not good, with its record and model."""
    if not good.all():
        row, model = np.argwhere(~good)[0]
        who = f"row {row + 1:,}" if called is None else f"id {called[row]}"
        raise BadData(f"signals: expected {expected}; got {array[row, model]} for {who}, model {model}.")
