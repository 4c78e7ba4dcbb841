"""A small text as data: sequences of codes with a vocabulary."""

from __future__ import annotations

import numpy as np

from fil_core.dataset import Dataset, Preprocessing

TOKENS = ("<unk>", "<eos>", *"abcdefgh")


def text_data(n: int = 30, test: int = 12, T: int = 6, seed: int = 0) -> Dataset:
    """Sequences of random lengths in which a token often follows the one before it in the alphabet."""
    random = np.random.default_rng(seed)
    X = np.full((n + test, T), -1.0)
    for row in X:
        length = int(random.integers(2, T + 1))
        row[: length - 1] = 2 + (random.integers(8) + np.arange(length - 1) * random.integers(1, 3)) % 8
        row[length - 1] = 1
    lengths = (X >= 0).sum(1).astype(np.float64)
    names = tuple(f"token {i + 1}" for i in range(T))
    return Dataset(
        X=X[:n], y=lengths[:n], ids=np.arange(n), X_test=X[n:], y_test=lengths[n:], task="sequences", class_names=(),
        feature_names=names, source=X[:n].astype(np.int32), source_names=names,
        preprocessing=Preprocessing(np.array(1.0), np.array(0.0)), title="A text of letters", target_name="tokens",
        vocabulary=TOKENS,
    )  # fmt: skip
