"""What a person should know about their data before a model is trained on it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from fil_core.data.own.frames import NAMELESS
from fil_core.data.own.reading import Form
from fil_core.data.raw import Raw

_MOST_COLUMNS = 2_000  # for which an eigendecomposition takes seconds
_MOST_ENTRIES = 2 * 10**8  # of rows times squared columns, in thousands: a minute
_RARE = 5
_NAMED = 5
_TELLS = 0.999  # correlation with the target
_ID = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|no|nr|number|ssn|mrn)$", re.IGNORECASE)


def health(raw: Raw, form: Form) -> dict[str, Any]:
    """Sizes, classes, columns that carry nothing, the condition number, and what matters for leakage; JSON values.

    Args:
        raw: the rows as chosen, training and test.
        form: table or image.

    Returns:
        `rows`, `test_rows`, `features`, `classes` (name, train, test), `constant`, `duplicates` (pairs), `condition` of
        the standardised training features (None where it would take long), `groups`, `warnings`, `notes`.
    """
    X = raw.X
    constant = np.flatnonzero((X.min(axis=0) == X.max(axis=0)) if len(X) else np.ones(X.shape[1], bool))
    duplicates = _duplicates(X, constant)
    found = {
        "form": form,
        "rows": len(X),
        "test_rows": len(raw.X_test),
        "features": X.shape[1],
        "target": raw.target_name,
        "classes": _classes(raw),
        "constant": [raw.feature_names[j] for j in constant],
        "duplicates": [[raw.feature_names[i], raw.feature_names[j]] for i, j in duplicates],
        "condition": _condition(np.delete(X, constant, axis=1)),
        "groups": [{"name": g.name, "levels": len(g.levels) + 1, "dropped": g.dropped} for g in raw.groups.values()],
        "notes": list(raw.notes),
    }
    return found | {"warnings": _warnings(raw, form, found)}


def _classes(raw: Raw) -> list[dict[str, Any]]:
    if not raw.class_names:
        return []
    train, test = (np.bincount(y.astype(int), minlength=len(raw.class_names)) for y in (raw.y, raw.y_test))
    return [{"class": c, "train": int(a), "test": int(b)} for c, a, b in zip(raw.class_names, train, test, strict=True)]


def _duplicates(X: np.ndarray, constant: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of equal columns, each with the first of its kind."""
    seen: dict[bytes, int] = {}
    pairs = []
    dull = set(constant.tolist())
    for j in range(X.shape[1]):
        if j in dull:
            continue
        content = np.ascontiguousarray(X[:, j]).tobytes()
        if (first := seen.setdefault(content, j)) != j:
            pairs.append((first, j))
    return pairs


def _condition(X: np.ndarray) -> float | None:
    n, d = X.shape
    if d == 0 or d > _MOST_COLUMNS or n * d * d / 1e3 > _MOST_ENTRIES:
        return None
    Z = X - X.mean(axis=0)
    Z = Z / Z.std(axis=0)
    h = np.linalg.eigvalsh(Z.T @ Z)
    return float(h[-1] / h[0]) if h[0] > h[-1] * 1e-15 * d else float("inf")


def _warnings(raw: Raw, form: Form, found: dict[str, Any]) -> list[str]:
    warnings = _about_rows(raw, found)
    if form == "table":
        warnings += _about_columns(raw)
    if found["constant"] and form == "table":
        warnings.append(f"Constant columns carry nothing: {_some(found['constant'])}. Leave them out.")
    if found["duplicates"] and form == "table":
        pairs = [f"{b} = {a}" for a, b in found["duplicates"]]
        warnings.append(
            f"Columns that repeat others: {_some(pairs)}. Without a penalty the model has no single optimum."
        )
    if found["condition"] is not None and found["condition"] > 1e8:
        warnings.append(
            "The features are nearly dependent (condition number "
            f"{found['condition']:.1e}): eta loses digits without a penalty λ > 0."
        )
    return warnings


def _about_rows(raw: Raw, found: dict[str, Any]) -> list[str]:
    warnings = []
    if not found["test_rows"]:
        warnings.append("No rows are held out: what a model is worth cannot be measured, only what it leaks.")
    if found["rows"] < found["features"]:
        warnings.append(
            f"There are fewer training rows ({found['rows']:,}) than features ({found['features']:,}): a "
            "penalty λ > 0 is needed, "
            "and every example leaks a lot."
        )
    rare = [c["class"] for c in found["classes"] if 0 < c["train"] < _RARE]
    if rare:
        warnings.append(f"Classes with fewer than {_RARE} training rows, who will leak most: {_some(rare)}.")
    gone = [c["class"] for c in found["classes"] if c["train"] == 0]
    if gone:
        warnings.append(f"Classes without any training row: {_some(gone)}.")
    return warnings


def _about_columns(raw: Raw) -> list[str]:
    plain = range(raw.X.shape[1]) if raw.continuous is None else raw.continuous
    ids = [raw.feature_names[j] for j in plain if _looks_like_an_id(raw.feature_names[j], raw.X[:, j])]
    telling = [raw.feature_names[j] for j in plain if _tells(raw.X[:, j], raw.y)]
    levels = [raw.feature_names[j] for g in raw.groups.values() for j in g.columns if 0 < raw.X[:, j].sum() < _RARE]
    warnings = []
    if ids:
        warnings.append(
            f"Looks like an id left among the features: {_some(ids)}. It names every row, so the model can give rows "
            "away by it; make it the id, or leave it out."
        )
    if telling:
        warnings.append(
            f"Tells the target by itself (correlation above {_TELLS}): {_some(telling)}. Is it the target again?"
        )
    if levels:
        warnings.append(f"Categories with fewer than {_RARE} training rows, who will leak most: {_some(levels)}.")
    return warnings


def _looks_like_an_id(name: str, values: np.ndarray) -> bool:
    """A column that differs in every row and is whole: counted up, or called so."""
    if len(values) < 10 or not (values % 1 == 0).all() or len(np.unique(values)) < len(values):
        return False
    counted = np.ptp(values) < 2 * len(values) and bool((np.diff(values) > 0).all())
    return counted or bool(_ID.search(name)) or name.startswith(NAMELESS)


def _tells(values: np.ndarray, y: np.ndarray) -> bool:
    if np.ptp(values) == 0 or np.ptp(y) == 0:
        return False
    return bool(abs(np.corrcoef(values, y)[0, 1]) > _TELLS)


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
