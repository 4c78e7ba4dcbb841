"""The trigram model against counting by hand."""

from __future__ import annotations

import collections
import math

import numpy as np
import pytest

from fil_core.models.language import trigram

V = 5


def corpus(n=40, T=7, seed=0):
    random = np.random.default_rng(seed)
    X = np.full((n, T), -1.0)
    for row in X:
        length = random.integers(2, T + 1)
        row[:length] = np.minimum(random.geometric(0.4, length) - 1, V - 1)
    return X


def written_out(X, held, a, b):
    """p of each token of `held` by counts of X, in dictionaries."""
    one, two, three, after1, after2 = (collections.Counter() for _ in range(5))
    for row in X:
        codes = [V, V, *row[row >= 0].astype(int)]
        for u, v, w in zip(codes, codes[1:], codes[2:], strict=False):
            one[w] += 1
            two[v, w] += 1
            after1[v] += 1
            three[u, v, w] += 1
            after2[u, v] += 1
    found = []
    for row in held:
        codes = [V, V, *row[row >= 0].astype(int)]
        for u, v, w in zip(codes, codes[1:], codes[2:], strict=False):
            p = (one[w] + 1) / (sum(one.values()) + V)
            p = b * two[v, w] / after1[v] + (1 - b) * p if after1[v] else p
            p = a * three[u, v, w] / after2[u, v] + (1 - a) * p if after2[u, v] else p
            found.append(p)
    return np.array(found)


def test_probabilities_are_those_of_counts():
    X, other = corpus(), corpus(20, 9, seed=1)
    model = trigram(X, V)
    expected = written_out(X, other, *model.weights)
    assert model.probabilities(other) == pytest.approx(expected, rel=1e-12)
    assert model.perplexity(other) == pytest.approx(math.exp(-np.log(expected).mean()), rel=1e-12)


def test_probabilities_of_all_tokens_add_up_to_one():
    X = corpus()
    model = trigram(X, V)
    for context in ([], [0.0], [0.0, 1.0], [4.0, 4.0], [3.0, 0.0, 4.0]):
        next_ones = np.array([[*context, w] for w in range(V)], dtype=float)
        total = model.probabilities(next_ones).reshape(V, -1)[:, -1].sum()
        assert total == pytest.approx(1.0, rel=1e-12)


def test_the_weights_make_every_tenth_sequence_likeliest():
    X = corpus(200)
    for row in X:  # what follows depends on the two before
        for i in range(2, int((row >= 0).sum())):
            row[i] = (row[i - 1] + row[i - 2]) % V if (i + row[0]) % 3 else row[i]
    a, b = trigram(X, V).weights
    held = np.arange(200) % 10 == 9

    def likelihood(a, b):
        return np.log(written_out(X[~held], X[held], a, b)).sum()

    best = likelihood(a, b)
    assert 0 < a < 1 and 0 < b < 1
    for d in (-0.1, 0.1):
        for da, db in ((d, 0), (0, d)):
            # Near an end of the interval expectation-maximisation creeps: 1e-5 of a likelihood of -100.
            assert likelihood(np.clip(a + da, 0, 1), np.clip(b + db, 0, 1)) <= best + 1e-4
    assert likelihood(0.5, 0.5) < best - 1


def test_a_text_that_repeats_itself_is_told_by_its_contexts():
    X = np.tile([0.0, 1.0, 2.0, 3.0, 4.0], (40, 1))
    model = trigram(X, V)
    assert model.perplexity(X) == pytest.approx(1.0, abs=1e-4) and min(model.weights) > 0.4


def test_few_sequences_have_weights_of_a_half_and_no_tokens_no_perplexity():
    X = corpus(9)
    assert trigram(X, V).weights == (0.5, 0.5)
    assert math.isnan(trigram(X, V).perplexity(np.empty((0, 7))))
