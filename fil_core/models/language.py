"""A language model that only counts: trigrams, interpolated with bigrams and single tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_HELD_OUT = 10  # every tenth sequence decides how much each order counts
_ROUNDS = 500  # of expectation-maximisation, at most
_SETTLED = 1e-7  # change of both weights after which there are no more
_START = 0.5  # of both weights


@dataclass(frozen=True, slots=True)
class _Counts:
    """How often each pair of context and token occurs, and each context.

    Attributes:
        pairs, times: sorted codes of the pairs, and how often.
        contexts, seen: the same of the contexts.
        tokens: factor between the code of a context and of a pair.
    """

    pairs: np.ndarray
    times: np.ndarray
    contexts: np.ndarray
    seen: np.ndarray
    tokens: int

    def shares(self, contexts: np.ndarray, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Share of each token after its context, and whether the context was seen."""
        of_context = _looked_up(self.contexts, self.seen, contexts)
        of_pair = _looked_up(self.pairs, self.times, contexts * self.tokens + tokens)
        return of_pair / np.maximum(of_context, 1), of_context > 0


@dataclass(frozen=True, slots=True)
class Trigram:
    """p3(w | uv) = a c(uvw)/c(uv) + (1 - a) p2(w | v), p2 = b c(vw)/c(v) + (1 - b) p1, p1(w) = (c(w) + 1) / (N + V).

    Where a context was never seen, its share of the next lower order is all. A sequence begins after two marks that
    are no tokens.

    Attributes:
        weights: (a, b).
        tokens: V, size of the vocabulary.
        single: (V,) p1.
        two, three: counts of bigrams and trigrams.
    """

    weights: tuple[float, float]
    tokens: int
    single: np.ndarray
    two: _Counts
    three: _Counts

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Of each token of sequences X (n, T), padded with -1, after those before it, (tokens,) row by row."""
        p1, p2, seen2, p3, seen3 = _orders(self, X)
        a, b = self.weights
        lower = np.where(seen2, b * p2 + (1 - b) * p1, p1)
        return np.where(seen3, a * p3 + (1 - a) * lower, lower)

    def perplexity(self, X: np.ndarray) -> float:
        """exp of the mean of -log p over the tokens of sequences X (n, T); NaN of none."""
        p = self.probabilities(X)
        return math.exp(-float(np.log(p).mean())) if len(p) else math.nan


def trigram(X: np.ndarray, tokens: int) -> Trigram:
    """Count, with weights of the orders that make every tenth sequence likeliest by the counts of the others.

    Args:
        X: (n, T) codes of training sequences, padded at the right with -1.
        tokens: size of the vocabulary.

    Returns:
        The model of all n sequences.

    Source: Jelinek and Mercer (1980), interpolated estimation.
    """
    held_out = np.arange(len(X)) % _HELD_OUT == _HELD_OUT - 1
    if not held_out.any():
        return _counted(X, tokens, (_START, _START))
    weights = _fitted(_counted(X[~held_out], tokens, (_START, _START)), X[held_out])
    return _counted(X, tokens, weights)


def _fitted(model: Trigram, X: np.ndarray) -> tuple[float, float]:
    """The weights that make sequences X likeliest, by expectation-maximisation."""
    p1, p2, seen2, p3, seen3 = _orders(model, X)
    a, b = model.weights
    for _ in range(_ROUNDS):
        lower = np.where(seen2, b * p2 + (1 - b) * p1, p1)
        by_three = np.where(seen3, a * p3 / (a * p3 + (1 - a) * lower), 0.0)
        by_two = np.where(seen2, (1 - by_three) * b * p2 / (b * p2 + (1 - b) * p1), 0.0)
        before = a, b
        a = _share(by_three.sum(), seen3.sum(), a)
        b = _share(by_two.sum(), (1 - by_three)[seen2].sum(), b)
        if max(abs(a - before[0]), abs(b - before[1])) < _SETTLED:
            break
    return a, b


def _share(part: float, whole: float, otherwise: float) -> float:
    # Below one: what was never seen after its context must stay possible.
    return min(float(part / whole), 1 - 1e-6) if whole > 0 else otherwise


def _counted(X: np.ndarray, tokens: int, weights: tuple[float, float]) -> Trigram:
    w, v, u = _positions(X, tokens)
    single = np.bincount(w, minlength=tokens) + 1.0
    return Trigram(
        weights, tokens, single / single.sum(), _count(v, w, tokens), _count(u * (tokens + 1) + v, w, tokens)
    )


def _count(contexts: np.ndarray, w: np.ndarray, tokens: int) -> _Counts:
    return _Counts(
        *np.unique(contexts * tokens + w, return_counts=True), *np.unique(contexts, return_counts=True), tokens
    )


def _positions(X: np.ndarray, tokens: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each token, the one before it and the one before that; `tokens` stands for what is before the first."""
    codes = np.asarray(X).astype(np.int64)
    start = np.full((len(codes), 2), tokens)
    before = np.concatenate([start, codes], 1)
    real = codes >= 0
    return codes[real], before[:, 1:-1][real], before[:, :-2][real]


def _orders(model: Trigram, X: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of each token: p1, the share after one and after two tokens, and whether these contexts were seen."""
    w, v, u = _positions(X, model.tokens)
    p2, seen2 = model.two.shares(v, w)
    p3, seen3 = model.three.shares(u * (model.tokens + 1) + v, w)
    return model.single[w], p2, seen2, p3, seen3


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Values of sorted keys; 0 for those that are not there."""
    if not len(keys):
        return np.zeros(len(wanted))
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)
