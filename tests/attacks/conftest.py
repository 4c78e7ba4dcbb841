"""A table with a categorical attribute among its columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from fil_core.dataset import AttributeGroup, Dataset


@pytest.fixture
def with_attribute(make_dataset: Callable[..., Dataset]) -> Callable[..., Dataset]:
    """Makes a data set of which the first columns are a one-hot attribute `kind` of k values, the last all zeros."""

    def make(*, classes: int = 0, k: int = 3, n: int = 40, d: int = 4, seed: int = 0) -> Dataset:
        data = make_dataset(classes=classes, n=n, d=d, seed=seed)
        codes = np.random.default_rng(seed + 1).integers(0, k, n)
        codes[:k] = np.arange(k)
        X = np.ascontiguousarray(np.hstack([np.eye(k)[:, : k - 1][codes], data.X]))
        names = tuple(f"kind={c}" for c in range(k - 1)) + data.feature_names
        group = AttributeGroup("kind", tuple(range(k - 1)), tuple(map(str, range(k - 1))), str(k - 1))
        return dataclasses.replace(
            data, X=X, X_test=X[: n // 2], source=X, feature_names=names, source_names=names, groups={"kind": group}
        )

    return make
