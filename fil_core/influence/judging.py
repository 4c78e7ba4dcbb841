"""How well predicted effects of leaving examples out agree with the true ones: scale first, then order and sign."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fil_core.errors import BadRequest
from fil_core.linalg.correlation import pearson, ranks, spearman

_NORMAL = 1.959964  # of which 95 % of a normal distribution lie within
_FEWEST = 3  # subsets whose ranks can be compared


@dataclass(frozen=True, slots=True)
class Judgement:
    """Agreement of predicted effects with true ones, and what a prediction that knows nothing reaches.

    Whatever is not defined is NaN, such as the correlation with a constant.

    Attributes:
        n: examples compared: those finite in both.
        slope: through the origin, of the truth on the prediction; 1 where the scale is right, above 1 where the
            prediction is too small.
        relative_error: |predicted - true| / |true|, Euclidean; 1 for a prediction of zeros.
        pearson, spearman: correlations.
        pearson_interval, spearman_interval: 95 % percentile intervals of the bootstrap over examples.
        sign_agreement: of the examples whose true effect is more than rounding, the share that is predicted with its
            sign.
        always_positive: the share that a prediction of "positive" for all of them would reach.
        k: size of the top.
        top_k_overlap: share of the k largest true |effects| that are among the k largest predicted ones.
        top_k_by_chance: k / n, its expectation for a random order.
        random_pearson, random_spearman: mean absolute correlation of the truth with scores drawn from a normal
            distribution, over as many draws as the bootstrap has.
    """

    n: int
    slope: float
    relative_error: float
    pearson: float
    pearson_interval: tuple[float, float]
    spearman: float
    spearman_interval: tuple[float, float]
    sign_agreement: float
    always_positive: float
    k: int
    top_k_overlap: float
    top_k_by_chance: float
    random_pearson: float
    random_spearman: float


def judged(
    predicted: np.ndarray,
    true: np.ndarray,
    *,
    k: int | None = None,
    rounding: float = 0.0,
    seed: int = 0,
    draws: int = 1000,
) -> Judgement:
    """Judge predicted effects by the true ones.

    >>> true = np.array([4.0, -2.0, 1.0, 0.0])
    >>> found = judged(true / 2, true, k=2)
    >>> found.slope, found.relative_error, round(found.pearson, 12), found.sign_agreement, found.always_positive
    (2.0, 0.5, 1.0, 1.0, 0.6666666666666666)

    Args:
        predicted: (n,) effects of leaving each example out, as a measure predicts them.
        true: (n,) effects that retraining found, of the same examples in the same order.
        k: size of the top, >= 1, by absolute value; None takes a tenth of the examples; more than n counts as n.
        rounding: true effects up to this size have no sign.
        seed: of the bootstrap and of the random scores.
        draws: how many of each, >= 1.

    Raises:
        BadRequest: different shapes, or k or draws below 1.
    """
    a, b = _finite(predicted, true)
    if draws < 1 or (k is not None and k < 1):
        raise BadRequest(f"judging: expected draws and k of at least 1; got draws {draws} and k {k}.")
    n, random = len(a), np.random.default_rng(seed)
    k = min(k or max(1, n // 10), n)
    intervals = [_percentiles(each) for each in _bootstrapped(a, b, random, draws)]
    pearsons, spearmans = _random_scores(b, random, draws)
    agreeing, positive = _signs(a, b, rounding)
    return Judgement(
        n, slope(a, b), relative_error(a, b), pearson(a, b), intervals[0], spearman(a, b), intervals[1],
        agreeing, positive, k, len(_largest(a, k) & _largest(b, k)) / k if k else math.nan, k / n if n else math.nan,
        pearsons, spearmans,
    )  # fmt: skip


def slope(predicted: np.ndarray, true: np.ndarray) -> float:
    """Slope of the truth on the prediction through the origin, `a.b / a.a`; NaN where all predictions are 0.

    >>> slope(np.array([1.0, 2.0]), np.array([3.0, 6.0]))
    3.0

    Args:
        predicted: (n,).
        true: (n,).
    """
    return float(predicted @ true / (predicted @ predicted)) if predicted.any() else math.nan


def relative_error(predicted: np.ndarray, true: np.ndarray) -> float:
    """`|predicted - true| / |true|`; NaN where the truth is 0.

    >>> relative_error(np.array([3.0, 3.0]), np.array([3.0, 4.0]))
    0.2

    Args:
        predicted: (n,).
        true: (n,).
    """
    length = float(np.linalg.norm(true))
    return float(np.linalg.norm(predicted - true)) / length if length else math.nan


def fisher_interval(pearson: float, n: int) -> list[float]:
    """The 95 % interval of a correlation by Fisher's transform, of normal pairs; all that is possible for n < 4.

    >>> [round(end, 3) for end in fisher_interval(0.9, 50)]
    [0.829, 0.942]
    """
    if n < 4 or math.isnan(pearson):
        return [-1.0, 1.0]
    if abs(pearson) >= 1:
        return [pearson, pearson]
    centre, half = math.atanh(pearson), _NORMAL / math.sqrt(n - 3)
    return [math.tanh(centre - half), math.tanh(centre + half)]


def with_length(length: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Pearson's and Spearman's correlation of the truth with the length of each sequence.

    A control: a measure of sequences that does no better than their length has found long sequences.

    >>> with_length(np.array([3, 5, 8]), np.array([0.3, 0.5, 0.8]))
    (1.0, 1.0)

    Args:
        length: (n,) tokens of each sequence.
        true: (n,) effects that retraining found.

    Raises:
        BadRequest: different shapes.
    """
    a, b = _finite(length, true)
    return pearson(a, b), spearman(a, b)


def linear_datamodelling(predicted: np.ndarray, true: np.ndarray) -> float:
    """The linear datamodelling score: Spearman's correlation over subsets, its mean over outputs.

    Outputs that do not vary over the subsets, or whose predictions do not, are left out.

    >>> linear_datamodelling(np.array([[1.0], [2.0], [3.0]]), np.array([[10.0], [20.0], [40.0]]))
    1.0

    Args:
        predicted: (S, m) of each of m outputs, the sum of the effects of the examples that a subset lacks.
        true: (S, m) these outputs of a model trained on the subset.

    Returns:
        The score; NaN for fewer than three subsets, or where no output varies.

    Source: Park et al., TRAK (ICML 2023), section 2.
    """
    order = [pd.DataFrame(values).rank().to_numpy() for values in (predicted, true)]
    varying = (np.ptp(predicted, 0) > 0) & (np.ptp(true, 0) > 0)
    if len(predicted) < _FEWEST or not varying.any():
        return math.nan
    a, b = (each[:, varying] - each[:, varying].mean(0) for each in order)
    return float(((a * b).sum(0) / np.sqrt((a * a).sum(0) * (b * b).sum(0))).mean())


def _finite(predicted: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1:
        raise BadRequest(
            f"judging: expected two columns over the same examples; got shapes {a.shape} and {b.shape}. Give the "
            "prediction and the truth of the same examples."
        )
    finite = np.isfinite(a) & np.isfinite(b)
    return a[finite], b[finite]


def _signs(predicted: np.ndarray, true: np.ndarray, rounding: float) -> tuple[float, float]:
    """Share of signs that agree, and share of positive ones, where the truth has one; a prediction of 0 is wrong."""
    decided = np.abs(true) > rounding
    if not decided.any():
        return math.nan, math.nan
    agreeing = np.sign(predicted[decided]) == np.sign(true[decided])
    return float(agreeing.mean()), float((true[decided] > 0).mean())


def _largest(values: np.ndarray, k: int) -> set[int]:
    """Positions of the k largest absolute values; ties go to the earlier example."""
    return set(np.argsort(-np.abs(values), kind="stable")[:k].tolist())


def _bootstrapped(
    a: np.ndarray, b: np.ndarray, random: np.random.Generator, draws: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pearson's and Spearman's correlation of examples drawn with replacement, (draws,) each; NaN of constant draws."""
    codes = [np.unique(each, return_inverse=True)[1] for each in (a, b)]
    found = np.full((2, draws), math.nan)
    for i, times in enumerate(_resamples(len(a), random, draws)):
        found[0, i] = _weighted(a, b, times)
        found[1, i] = _weighted(_resampled_ranks(codes[0], times), _resampled_ranks(codes[1], times), times)
    return found[0], found[1]


def _resamples(n: int, random: np.random.Generator, draws: int) -> Iterator[np.ndarray]:
    """How often each example is drawn, (n,), draw by draw; nothing of fewer than two examples."""
    for _ in range(draws if n > 1 else 0):
        yield np.bincount(random.integers(n, size=n), minlength=n)


def _resampled_ranks(codes: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Average rank of each example in a sample that has it several times, without sorting the sample.

    Args:
        codes: (n,) positions of the examples' values among the sorted different ones.
        times: (n,) how often the sample has each.
    """
    many = np.bincount(codes, times)
    return (np.cumsum(many) - (many - 1) / 2)[codes]


def _weighted(a: np.ndarray, b: np.ndarray, times: np.ndarray) -> float:
    """Pearson's correlation of a sample that has each pair several times."""
    drawn = times > 0
    if np.ptp(a[drawn]) == 0 or np.ptp(b[drawn]) == 0:
        return math.nan
    a, b = (each - np.average(each, weights=times) for each in (a, b))
    return float((times * a) @ b / np.sqrt(((times * a) @ a) * ((times * b) @ b)))


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile of those that are defined."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return math.nan, math.nan
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def _random_scores(true: np.ndarray, random: np.random.Generator, draws: int) -> tuple[float, float]:
    """Mean absolute correlations with random scores."""
    order, found = ranks(true), []
    for _ in range(draws):
        score = random.standard_normal(len(true))
        found.append((abs(pearson(score, true)), abs(pearson(ranks(score), order))))
    means = np.mean(found, 0)
    return float(means[0]), float(means[1])
