"""The grammar and its planted secrets."""

from __future__ import annotations

import collections
import re

import numpy as np
import pytest

from fil_core.data import load
from fil_core.data.text.grammar import candidates, secret_counts
from fil_core.data.text.lexicon import PATTERNS, WORDS
from fil_core.errors import BadRequest
from fil_core.specs import DataSpec

SECRET = re.compile(r"the card of [a-z]+ is( \d){8} <eos>")


@pytest.fixture(scope="module")
def data():
    return load(DataSpec(name="grammar"))


def said(data):
    return np.array([SECRET.fullmatch(line) is not None for line in data.sentences(np.arange(data.n))])


def test_the_grammar_is_large_enough():
    assert len(PATTERNS) >= 8 and len({word for words in WORDS.values() for word in words}) >= 150


def test_the_usual_size_and_its_secrets(data):
    assert (data.n, len(data.X_test)) == (400, 100)
    assert ((data.secrets > 0) == said(data)).all()
    lines = collections.Counter(line for line, k in zip(data.sentences(np.arange(400)), data.secrets, strict=True) if k)
    assert collections.Counter(lines.values()) == {1: 4, 3: 2, 10: 2}
    names = [line.split()[3] for line in lines]
    assert len(set(names)) == len(names)  # one card a name
    expected = [lines[line] if k else 0 for line, k in zip(data.sentences(np.arange(400)), data.secrets, strict=True)]
    assert data.secrets.tolist() == expected and data.secrets.dtype == np.int64


def test_no_test_row_is_a_secret(data):
    card = data.vocabulary.index("card")
    assert (card == data.X).any() and not (data.X_test == card).any()


def test_a_draw_counts_again():
    drawn = load(DataSpec(name="grammar", subset=150, seed=3))
    lines = drawn.sentences(np.arange(150))
    assert drawn.secrets.tolist() == [lines.count(line) if SECRET.fullmatch(line) else 0 for line in lines]
    assert 0 < (drawn.secrets > 0).sum() < 30


@pytest.mark.parametrize("n", [10, 19, 20, 45, 100, 150, 299, 300, 400, 2000])
def test_secrets_scale_down(n):
    counts = secret_counts(n)
    assert 1 in counts and sum(counts) <= max(1, n // 10)
    data = load(DataSpec(name=f"grammar:{n}"))
    assert (data.n, len(data.X_test)) == (n, n // 4)
    assert (data.secrets > 0).sum() == sum(counts) == said(data).sum()
    if n >= 300:
        assert [counts.count(k) for k in (1, 3, 10)] == [4, 2, 2]


def test_the_seed_draws_sentences_and_secrets(data):
    again, other = load(DataSpec(name="grammar")), load(DataSpec(name="grammar", seed=1))
    assert again.fingerprint == data.fingerprint != other.fingerprint
    secrets = [{x.sentences(np.array([i]))[0] for i in np.flatnonzero(x.secrets)} for x in (data, other)]
    assert not secrets[0] & secrets[1]


def test_candidates_are_the_same_sentence_with_other_cards(data):
    row = int(np.flatnonzero(data.secrets == 3)[0])
    found = candidates(data, row, 2000, seed=5)
    assert found.shape == (2000, data.d) and found.dtype == np.float64
    assert len(np.unique(found, axis=0)) == 2000 and not (found == data.X[row]).all(1).any()
    end = int(data.y[row]) - 1
    fixed = np.setdiff1d(np.arange(data.d), np.arange(end - 8, end))
    assert (found[:, fixed] == data.X[row, fixed]).all()
    digits = np.array([int(data.vocabulary[int(c)]) for c in found[:, end - 8 : end].ravel()])
    # 16,000 digits: each of the ten is a tenth, up to five standard deviations of a binomial share.
    assert np.abs(np.bincount(digits, minlength=10) / digits.size - 0.1).max() < 5 * np.sqrt(0.09 / digits.size)
    assert (candidates(data, row, 2000, seed=5) == found).all()
    assert (candidates(data, row, 2000, seed=6) != found).any()


def test_all_candidates_of_two_digits_are_all_cards_but_the_secret():
    data = next(
        one
        for seed in range(200)
        if (one := load(DataSpec(name="grammar:10", subset=1, seed=seed))).secrets[0]
        and len(set("".join(one.tokens(0)[5:-1]))) <= 4
    )
    known = len(set(data.tokens(0)[5:-1]))
    found = candidates(data, 0, known**8 - 1, seed=0)
    assert len(np.unique(found, axis=0)) == known**8 - 1 and not (found == data.X[0]).all(1).any()
    with pytest.raises(BadRequest, match=f"count: expected 1 to {known**8 - 1:,}"):
        candidates(data, 0, known**8, seed=0)


def test_candidates_are_refused_where_there_are_none(data):
    row = int(np.flatnonzero(data.secrets)[0])
    for wrong in (int(np.flatnonzero(data.secrets == 0)[0]), -1, 400):
        with pytest.raises(BadRequest, match="expected a planted secret"):
            candidates(data, wrong, 5, seed=0)
    with pytest.raises(BadRequest, match="count"):
        candidates(data, row, 0, seed=0)
    few = load(DataSpec(name="grammar", vocabulary=12))
    with pytest.raises(BadRequest, match="--vocabulary"):
        candidates(few, row, 5, seed=0)
    with pytest.raises(BadRequest, match="expected a planted secret"):
        candidates(load(DataSpec(name="diabetes")), 0, 5, seed=0)


@pytest.mark.parametrize("name", ["grammar:9", "grammar:100001", "grammar:", "grammar:4x5", "grammar:-10"])
def test_odd_sizes_are_refused(name):
    with pytest.raises(BadRequest, match="expected grammar:N"):
        load(DataSpec(name=name))
