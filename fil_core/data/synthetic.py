"""A random two-class table of any size, for tests, benchmarks and first experiments."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from fil_core.data.raw import Raw
from fil_core.dataset import AttributeGroup
from fil_core.errors import BadRequest
from fil_core.progress import Progress
from fil_core.specs import DataSpec

DEFAULT = "synthetic:2000x20"
_MAX_ENTRIES = 2**29  # float64, test rows included: 4 GiB
_LEVELS = ("a", "b", "c", "d")
_LEVEL_CODES = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 3])  # levels in 40, 30, 20 and 10 % of the rows
_MIN_COLUMNS_FOR_GROUP = 8


def parse(name: str) -> tuple[int, int]:
    """Rows and columns of `synthetic:ROWSxCOLUMNS`.

    Raises:
        BadRequest: not of that form, fewer than 10 rows, or too large for memory.
    """
    match = re.fullmatch(r"synthetic:(\d{1,12})x(\d{1,12})", name)
    n, d = (int(match[1]), int(match[2])) if match else (0, 0)
    if n < 10 or d < 1 or (n + held_out(n)) * d > _MAX_ENTRIES:
        raise BadRequest(
            f"name: expected synthetic:ROWSxCOLUMNS with at least 10 rows, one column and at most {_MAX_ENTRIES:,} "
            f"entries including the test rows, such as {DEFAULT}; got {name!r}."
        )
    return n, d


def held_out(n: int) -> int:
    """Number of test rows for n training rows."""
    return max(200, n // 5)


def read(spec: DataSpec, root: Path, progress: Progress | None = None) -> Raw:
    """Correlated Gaussian columns of unequal variance, an attribute of four levels when d >= 8, a noisy linear label.

    The label is 1 where `x0 @ w + logistic noise` exceeds its median over the training rows, so both classes are
    always present, about equally frequent, and not separable. The same seed and size give the same table.

    Args:
        spec: `name` gives the size, `seed` the random numbers.
        root: not used.
        progress: not used.
    """
    n, d = parse(spec.name)
    rng = np.random.default_rng(spec.seed)
    wide = d >= _MIN_COLUMNS_FOR_GROUP
    X, groups = _features(rng, n + held_out(n), d, n if wide else 0)
    w = 2.0 * rng.standard_normal(d) / (np.sqrt(d) * X[:n].std(axis=0))
    score = X @ w + rng.logistic(size=len(X))
    y = (score > np.median(score[:n])).astype(np.int64)
    return Raw(
        X=X[:n], y=y[:n], ids=np.arange(n), X_test=X[n:], y_test=y[n:],
        class_names=("no", "yes"), feature_names=_names(d, groups), groups=groups,
        continuous=tuple(range(d - 3 if wide else d)), notes=(f"Random data generated with seed {spec.seed}.",),
    )  # fmt: skip


def _features(rng: np.random.Generator, rows: int, d: int, n: int) -> tuple[np.ndarray, dict[str, AttributeGroup]]:
    """(rows, d) entries; with n > 0 the last three columns encode an attribute, all its levels in the first n rows."""
    X = rng.standard_normal((rows, d))
    X += 0.5 * rng.standard_normal((rows, 1))  # a common factor makes the columns correlated
    X *= rng.uniform(0.5, 1.5, d)
    if n == 0:
        return X, {}
    level = np.concatenate([_LEVEL_CODES[rng.permutation(n) % 10], _LEVEL_CODES[rng.permutation(rows - n) % 10]])
    X[:, -3:] = np.eye(len(_LEVELS))[level][:, :-1]
    kept = tuple(range(d - 3, d))
    return X, {"attribute": AttributeGroup("attribute", kept, _LEVELS[:-1], dropped=_LEVELS[-1])}


def _names(d: int, groups: dict[str, AttributeGroup]) -> tuple[str, ...]:
    coded = tuple(f"{g.name}={level}" for g in groups.values() for level in g.levels)
    return tuple(f"x{j}" for j in range(d - len(coded))) + coded
