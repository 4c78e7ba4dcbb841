"""The quantile-regression attack: is the score above what most outsiders like the record have? No shadow models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fil_core.errors import BadData
from fil_core.membership.signals import Signals

_TREES, _LEAVES = 60, 8
_COMPONENTS = 16


@dataclass(frozen=True, slots=True)
class Features:
    """What the quantile is predicted from.

    Attributes:
        records: (n, q) of the records.
        population: (m, q) of the test rows.
    """

    records: np.ndarray
    population: np.ndarray


def reduced(
    records: np.ndarray, population: np.ndarray, labels: tuple[np.ndarray, np.ndarray], components: int = _COMPONENTS
) -> Features:
    """Leading principal components of standardised features, and the label one-hot.

    Mean, standard deviation and axes are those of the test rows; at most m - 1 axes, and none along which they do not
    vary.

    Args:
        records: (n, d).
        population: (m, d) test rows.
        labels: codes of the classes of records (n,) and test rows (m,), or targets of a regression as one code.
        components: at most this many.
    """
    spread = population.std(0)
    scale, mean = np.where(spread > 0, spread, 1.0), population.mean(0)
    Z, R = (population - mean) / scale, (records - mean) / scale
    axes = _axes(Z, min(components, len(Z) - 1))
    classes = np.unique(np.concatenate(labels))
    return Features(
        *(np.hstack([X @ axes, y[:, None] == classes]) for X, y in zip((R, Z), labels, strict=True)),
    )


def quantile(signals: Signals, target: int, features: Features | None, *, level: float = 0.95) -> np.ndarray:
    """`s - q(x, y)` with q the quantile of outsiders' scores under the target, (n,) in units of the score.

    q is predicted by gradient-boosted trees (60 of 8 leaves, pinball loss) from the test rows and the target's scores
    of them. The paper's regression returns a whole normal distribution, or several quantiles of a network.

    Args:
        signals: of the ensemble; only the target's scores are looked at.
        target: the model that is attacked, 0 to M - 1.
        features: of records and test rows.
        level: of the quantile, > 0 and < 1: 1 - level is the false-positive rate at a threshold of 0.

    Raises:
        BadData: there are no test rows.

    Source: Bertran et al. (NeurIPS 2023), Sec. 3.
    """
    if signals.population is None or features is None or not len(signals.population):
        raise BadData(
            "quantile: expected test rows, in which no model was trained, to learn outsiders' scores from; got none. "
            "Take another attack, or data with test rows."
        )
    from sklearn.ensemble import HistGradientBoostingRegressor

    trees = HistGradientBoostingRegressor(
        loss="quantile", quantile=level, max_iter=_TREES, max_leaf_nodes=_LEAVES, early_stopping=False, random_state=0
    )
    trees.fit(features.population, signals.population[:, target])
    return signals.scores[:, target] - trees.predict(features.records)


def _axes(Z: np.ndarray, components: int) -> np.ndarray:
    """(d, k) leading directions of centred rows, from the smaller of their two Gram matrices.

    A singular-value decomposition of 10,000 images would take minutes for the 16 directions that are wanted.
    """
    wide = Z.shape[1] > len(Z)
    squares, vectors = np.linalg.eigh(Z @ Z.T if wide else Z.T @ Z)
    squares, vectors = squares[::-1][:components], vectors[:, ::-1][:, :components]
    vectors = vectors[:, squares > max(Z.shape) * np.finfo(np.float64).eps * squares.max(initial=0.0)]
    axes = Z.T @ vectors if wide else vectors
    return axes / np.linalg.norm(axes, axis=0)
