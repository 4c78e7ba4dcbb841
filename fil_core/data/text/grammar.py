"""Sentences from a small seeded grammar, with planted secrets: made-up card numbers, said once or several times."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from fil_core.data.text.corpus import Corpus
from fil_core.data.text.lexicon import NAMES, PATTERNS, WEIGHTS, WORDS
from fil_core.data.text.words import END
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.progress import Progress
from fil_core.specs import DataSpec

DEFAULT = "grammar:400"
DIGITS = 8  # of a card
_LEAST, _MOST = 10, 100_000  # training lines
_SECRETS = (1, 3, 10, 1, 3, 10, 1, 1)  # how often each is said, as long as there is room
_SECRET_SHARE = 0.1  # of the training lines
_TENS = tuple("0123456789")
_SECRET_STREAM, _CANDIDATE_STREAM = 1, 2  # of the seed


def parse(name: str) -> int:
    """Training lines of `grammar:N`.

    Raises:
        BadRequest: not of that form, or too few or too many.
    """
    match = re.fullmatch(r"grammar:(\d{1,9})", name)
    n = int(match[1]) if match else 0
    if not _LEAST <= n <= _MOST:
        raise BadRequest(
            f"name: expected grammar:N with {_LEAST} to {_MOST:,} training lines, such as {DEFAULT}; got {name!r}."
        )
    return n


def read(spec: DataSpec, root: Path, progress: Progress | None = None) -> Corpus:
    """N training lines and N / 4 test lines; secrets are planted among the training lines only.

    A sentence follows from a pattern, drawn by its weight, whose places are filled with words drawn uniformly. A secret
    is `the card of NAME is D D D D D D D D`, eight random digits for a name of its own.

    Args:
        spec: `name` gives N, `seed` the random numbers.
        root: not used.
        progress: not used.
    """
    n = parse(spec.name)
    rng = np.random.default_rng(spec.seed)
    said = secret_counts(n)
    secrets = _secrets(np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=(_SECRET_STREAM,))), len(said))
    number = np.repeat(np.arange(1, len(said) + 1), said)
    planted = np.zeros(n + n // 4, dtype=np.int64)
    planted[rng.choice(n, len(number), replace=False)] = number
    lines = [secrets[k - 1] if k else sentence(rng) for k in planted]
    types: dict[str, int] = {}
    codes = [types.setdefault(token, len(types)) for line in lines for token in line]
    often = ", ".join(f"{said.count(times)} said {times} ×" for times in sorted(set(said)))
    note = (
        f"Made-up sentences with seed {spec.seed}. Of {n:,} training rows {len(number)} are planted secrets (card "
        f"numbers: {often}); no test row is."
    )
    return Corpus(
        codes=np.array(codes, dtype=np.int32), lengths=np.array([len(line) for line in lines], dtype=np.int64),
        lines=np.arange(1, len(lines) + 1), types=tuple(types), held_out=np.arange(len(lines)) >= n, secrets=planted,
        notes=(note,),
    )  # fmt: skip


def secret_counts(n: int) -> tuple[int, ...]:
    """How often each secret is said in n training lines, at most a tenth of them in all, but one at least once.

    >>> secret_counts(400), secret_counts(100), secret_counts(10)
    ((1, 3, 10, 1, 3, 10, 1, 1), (1, 3, 1, 3, 1, 1), (1,))
    """
    room, said = max(1, int(_SECRET_SHARE * n)), []
    for count in _SECRETS:
        if count <= room:
            said.append(count)
            room -= count
    return tuple(said)


def sentence(rng: np.random.Generator) -> list[str]:
    """One ordinary sentence as tokens."""
    pattern = PATTERNS[rng.choice(len(PATTERNS), p=WEIGHTS)]
    return [str(rng.choice(WORDS[place])) if place in WORDS else place for place in pattern]


def _secrets(rng: np.random.Generator, count: int) -> list[list[str]]:
    """Secrets for different names."""
    names = rng.choice(NAMES, count, replace=False)
    cards = rng.integers(10, size=(count, DIGITS))
    return [["the", "card", "of", str(name), "is", *map(str, card)] for name, card in zip(names, cards, strict=True)]


def candidates(dataset: Dataset, row: int, count: int, seed: int) -> np.ndarray:
    """What a planted secret might have been as well: its sentence with other cards, all different.

    The digits are drawn uniformly from those of the vocabulary, which are all ten unless few lines are drawn.

    Args:
        dataset: of the grammar; not modified.
        row: position of the secret in the training split.
        count: number of candidates, at least 1.
        seed: of the draw.

    Returns:
        (count, T) codes as in `Dataset.X`; the secret itself is not among them.

    Raises:
        BadRequest: the row is no secret, its digits are no tokens of the vocabulary, or there are too few cards.
    """
    if dataset.secrets is None or not 0 <= row < dataset.n or not dataset.secrets[row]:
        raise BadRequest(f"row: expected a planted secret of --data grammar; row {row} of {dataset.title} is none.")
    known = np.array([code for code, token in enumerate(dataset.vocabulary) if token in _TENS])
    end = int(np.flatnonzero(dataset.X[row] == dataset.vocabulary.index(END))[0])
    places = slice(end - DIGITS, end)
    secret = dataset.X[row, places]
    if not np.isin(secret, known).all():
        raise BadRequest("vocabulary: expected the digits of the cards among its tokens; take a larger --vocabulary.")
    most = len(known) ** DIGITS - 1
    if not 1 <= count <= most:
        raise BadRequest(f"count: expected 1 to {most:,} candidates; got {count:,}.")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_CANDIDATE_STREAM,)))
    own = int(np.searchsorted(known, secret) @ len(known) ** np.arange(DIGITS))
    # A card is a whole number below most + 1 in base len(known); the secret's own is left out of the count.
    cards = rng.choice(most, count, replace=False, shuffle=False) if count > most // 2 else _different(rng, most, count)
    cards = cards + (cards >= own)
    found = np.repeat(dataset.X[row][None], count, axis=0)
    found[:, places] = known[cards[:, None] // len(known) ** np.arange(DIGITS) % len(known)]
    return found


def _different(rng: np.random.Generator, most: int, count: int) -> np.ndarray:
    """Different whole numbers below `most`, (count,), at most half of all, in random order."""
    drawn = np.array([], dtype=np.int64)
    while len(drawn) < count:
        both = np.append(drawn, rng.integers(most, size=count))
        drawn = both[np.sort(np.unique(both, return_index=True)[1])]
    return drawn[:count]
