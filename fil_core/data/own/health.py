"""Checks of own data before a model is trained: sizes, classes, condition number and warnings."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from fil_core.data.dependence import dependences, few, to_leave_out
from fil_core.data.own.copies import MAX_CORRELATION, spellings, tell_the_target
from fil_core.data.own.frames import NAMELESS
from fil_core.data.own.reading import Form
from fil_core.data.raw import Raw
from fil_core.dataset import AttributeGroup

_MAX_COLUMNS = 2_000  # for the condition number; their eigendecomposition takes seconds
_MAX_PRODUCT = 2 * 10**11  # of n d^2 for the condition number: a minute
_ILL_CONDITIONED = 1e8  # a condition number above which eta has lost more than half of float64's digits
_RARE = 5  # training rows of a class or category, below which it is rare
_LISTED = 5  # names in a warning
_ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|no|nr|number|ssn|mrn)$", re.IGNORECASE)


def health(raw: Raw, form: Form) -> dict[str, Any]:
    """Sizes, classes, constant and duplicate columns, condition number and warnings, as JSON values.

    Args:
        raw: training and test rows.
        form: table or image.

    Returns:
        `form`, `rows`, `test_rows`, `features`, `target`, `classes` (name, number of training and test rows),
        `constant` (names of columns), `duplicates` (pairs of names), `condition` (number of `Z.T @ Z` for the
        standardised training features Z; None where it would take long), `dependent` (the fewest columns without which
        it would not be too large, and those that each depends on), `left_out` (columns of the source without which none
        does), `groups`, `warnings`, `notes`.
    """
    X = raw.X
    constant = np.flatnonzero((X.min(axis=0) == X.max(axis=0)) if len(X) else np.ones(X.shape[1], bool))
    duplicates = _duplicates(X, constant)
    varying = np.setdiff1d(np.arange(X.shape[1]), constant)
    condition = _condition(X[:, varying])
    ill = form == "table" and condition is not None and condition > _ILL_CONDITIONED
    names = [raw.feature_names[j] for j in varying]
    trained = _as_trained(raw)[:, varying]
    dependent = dependences(trained, condition=_ILL_CONDITIONED) if ill else []
    of_column = {j: group.name for group in raw.groups.values() for j in group.columns}
    sources = [of_column.get(int(j), name) for j, name in zip(varying, names, strict=True)]
    checks = {
        "form": form,
        "rows": len(X),
        "test_rows": len(raw.X_test),
        "features": X.shape[1],
        "target": raw.target_name,
        "classes": _classes(raw),
        "constant": [raw.feature_names[j] for j in constant],
        "duplicates": [[raw.feature_names[i], raw.feature_names[j]] for i, j in duplicates],
        "condition": condition,
        "dependent": [{"column": names[one.column], "on": [names[j] for j in one.on]} for one in dependent],
        "left_out": to_leave_out(trained, dependent, sources, condition=_ILL_CONDITIONED),
        "groups": [{"name": g.name, "levels": len(g.levels) + 1, "dropped": g.dropped} for g in raw.groups.values()],
        "notes": list(raw.notes),
    }
    return checks | {"warnings": _warnings(raw, form, checks)}


def _classes(raw: Raw) -> list[dict[str, Any]]:
    if not raw.class_names:
        return []
    train, test = (np.bincount(y.astype(int), minlength=len(raw.class_names)) for y in (raw.y, raw.y_test))
    return [{"class": c, "train": int(a), "test": int(b)} for c, a, b in zip(raw.class_names, train, test, strict=True)]


def _duplicates(X: np.ndarray, constant: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of equal columns that are not constant; the first of a pair is the first column with these values."""
    seen: dict[bytes, int] = {}
    pairs = []
    ignored = set(constant.tolist())
    for j in range(X.shape[1]):
        if j in ignored:
            continue
        content = np.ascontiguousarray(X[:, j]).tobytes()
        if (first := seen.setdefault(content, j)) != j:
            pairs.append((first, j))
    return pairs


def _condition(X: np.ndarray) -> float | None:
    """Condition number of `Z.T @ Z` for the standardised columns Z; None where it would take long or fails."""
    n, d = X.shape
    if d == 0 or d > _MAX_COLUMNS or n * d * d > _MAX_PRODUCT:
        return None
    Z = X / np.abs(X).max(axis=0)  # first, or squares of tiny numbers would all be zero
    Z = Z - Z.mean(axis=0)
    deviation = Z.std(axis=0)
    if not deviation.all():  # columns that vary by less than their last digit
        return float("inf")
    Z = Z / deviation
    try:
        h = np.linalg.eigvalsh(Z.T @ Z)
    except np.linalg.LinAlgError:
        return None
    return float(h[-1] / h[0]) if h[0] > h[-1] * 1e-15 * d else float("inf")


def _warnings(raw: Raw, form: Form, checks: dict[str, Any]) -> list[str]:
    warnings = _row_warnings(checks)
    if form == "table":
        warnings += _column_warnings(raw)
    if checks["constant"] and form == "table":
        warnings.append(f"Constant columns have no information: {_first_few(checks['constant'])}. Leave them out.")
    if checks["duplicates"] and form == "table":
        pairs = [f"{b} = {a}" for a, b in checks["duplicates"]]
        warnings.append(
            f"Duplicate columns: {_first_few(pairs)}. Without a penalty λ > 0 the optimum of a linear "
            "model is not unique."
        )
    if checks["condition"] is not None and checks["condition"] > _ILL_CONDITIONED:
        warnings.append(
            f"The features are nearly linearly dependent (condition number {checks['condition']:.1e}): in linear "
            f"models without a penalty λ > 0, eta has few correct digits.{_which(checks)}"
        )
    return warnings


def _which(checks: dict[str, Any]) -> str:
    """Which columns depend on others, and what to leave out, in two sentences; empty for none."""
    dependent = checks["dependent"]
    if not dependent:
        return ""
    each = few([f"{one['column']} (on {few(one['on'])})" for one in dependent])
    return f" These depend on others: {each}. Leave out {few(checks['left_out'])} to end that."


def _as_trained(raw: Raw) -> np.ndarray:
    """The training features as a model has them by default, but for their units, and less what an intercept explains.

    Without an intercept a category's columns are not centred, as they are 0 or 1.
    """
    X = raw.X.astype(np.float64)
    every = raw.intercept or raw.continuous is None
    centred = np.arange(X.shape[1]) if every else np.asarray(raw.continuous, dtype=int)
    X[:, centred] -= X[:, centred].mean(axis=0)
    return X


def _row_warnings(checks: dict[str, Any]) -> list[str]:
    warnings = []
    if not checks["test_rows"]:
        warnings.append("No rows are held out: the leakage of a model can be measured, but not its test score.")
    if checks["rows"] < checks["features"]:
        warnings.append(
            f"There are fewer training rows ({checks['rows']:,}) than features ({checks['features']:,}): linear "
            "models need a penalty λ > 0, and every example leaks a lot."
        )
    rare = [c["class"] for c in checks["classes"] if 0 < c["train"] < _RARE]
    if rare:
        warnings.append(f"Classes with fewer than {_RARE} training rows, which may leak more: {_first_few(rare)}.")
    empty = [c["class"] for c in checks["classes"] if c["train"] == 0]
    if empty:
        warnings.append(f"Classes without any training row: {_first_few(empty)}.")
    return warnings


def _column_warnings(raw: Raw) -> list[str]:
    continuous = range(raw.X.shape[1]) if raw.continuous is None else raw.continuous
    ids = [raw.feature_names[j] for j in continuous if _looks_like_id(raw.feature_names[j], raw.X[:, j])]
    copies = tell_the_target(raw)
    rare = [level for group in raw.groups.values() for level in _rare_levels(raw.X, group)]
    warnings = []
    if ids:
        warnings.append(
            f"Looks like an id left among the features: {_first_few(ids)}. Its values are unique, so they can identify "
            "rows; choose it as the id, or leave it out."
        )
    if copies:
        warnings.append(
            f"Predicts the target alone (correlation above {MAX_CORRELATION}): {_first_few(copies)}. Check that it is "
            "not a copy of the target."
        )
    for name, levels in _level_names(raw).items():
        if same := spellings(levels):
            warnings.append(
                f"Levels of {name} that differ in spelling only, but count as different: "
                f"{_first_few([' and '.join(map(repr, several)) for several in same])}. Correct the file if "
                "they are one."
            )
    if rare:
        warnings.append(f"Categories with fewer than {_RARE} training rows, which may leak more: {_first_few(rare)}.")
    return warnings


def _rare_levels(X: np.ndarray, group: AttributeGroup) -> list[str]:
    """Levels of a category that few training rows have, also the one without a column."""
    block = X[:, list(group.columns)]
    counts = dict(zip(group.levels, block.sum(axis=0), strict=True))
    if group.dropped is not None:
        counts[group.dropped] = (block == 0).all(axis=1).sum()
    return [f"{group.name}={level}" for level, rows in counts.items() if 0 < rows < _RARE]


def _level_names(raw: Raw) -> dict[str, tuple[str, ...]]:
    """The classes, and the levels of each category."""
    groups = {g.name: (*g.levels, *([] if g.dropped is None else [g.dropped])) for g in raw.groups.values()}
    return {raw.target_name: raw.class_names} | groups


def _looks_like_id(name: str, values: np.ndarray) -> bool:
    """Whether a column has unique whole numbers and either increases like a row number or has the name of an id."""
    if len(values) < 10 or not (values % 1 == 0).all() or len(np.unique(values)) < len(values):
        return False
    row_number = np.ptp(values) < 2 * len(values) and bool((np.diff(values) > 0).all())
    return row_number or bool(_ID_NAME.search(name)) or name.startswith(NAMELESS)


def _first_few(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
