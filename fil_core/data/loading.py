"""From a `DataSpec` to a `Dataset`: read, select, check, preprocess."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from fil_core.data import magnitudes, preprocess
from fil_core.data.constants import without_constants
from fil_core.data.dependence import few
from fil_core.data.draws import draw, note_of_draw
from fil_core.data.label_noise import plant
from fil_core.data.raw import Raw
from fil_core.data.registry import resolve, source_of
from fil_core.data.text.corpus import Corpus
from fil_core.data.text.sequences import sequences
from fil_core.dataset import Dataset, Task, fingerprint
from fil_core.errors import BadData, BadRequest
from fil_core.progress import Progress
from fil_core.specs import DataSpec
from fil_core.specs.texts import write_names

_FAR = 0.1  # standard deviations from zero: a mean that a model without a constant term cannot ignore
_DROPPED = -np.inf  # target value that marks rows of classes not selected

_SCALING_NOTES = {
    "unit-ball": "Every row is divided by the largest Euclidean norm of a training row.",
    "standardise": "Continuous columns are standardised with mean and standard deviation of the training rows.",
    "none": "Features are not rescaled.",
}


def load(spec: DataSpec, progress: Progress | None = None) -> Dataset:
    """The data set of a request; missing files are downloaded where possible.

    Args:
        spec: which examples, with which preprocessing; need not be resolved.
        progress: progress(done, total or None, description), called with the bytes during a download.

    Returns:
        The data set, X (n, d) float64 in C order, rows in the order of the source, class codes in the order of
        `spec.classes` (of the source when empty).

    Raises:
        DataUnavailable: an unknown name, or files that are missing and could not be downloaded.
        BadData: damaged files, NaN, an unknown class, too few rows or classes.
        BadRequest: options that do not fit the data.
    """
    spec = resolve(spec)
    source = source_of(spec.name)
    raw = source.read(spec, Path(spec.data_dir or ""), progress)
    if isinstance(raw, Corpus):
        return sequences(raw, spec, title=source.title)
    return assemble(raw, spec, title=source.title, task=source.task)


def assemble(raw: Raw, spec: DataSpec, *, title: str, task: Task) -> Dataset:
    """Select, check and preprocess what a loader returned.

    Args:
        raw: all rows of the source; not modified.
        spec: resolved, so that `preprocess` is set.
        title: name of the data set on pages and in reports.
        task: classification or regression.

    Raises:
        BadData, BadRequest: as `load`.
    """
    raw, flipped = prepared(raw, spec, task)
    kind = spec.preprocess or "none"
    fitted = preprocess.fit(raw, kind=kind, pca=spec.pca)
    X, X_test = (np.ascontiguousarray(fitted.forward(X0)) for X0 in (raw.X, raw.X_test))
    names = raw.feature_names if spec.pca is None else tuple(f"pc{j + 1}" for j in range(spec.pca))
    # The fingerprint covers the source and the options that determine X, not X itself: PCA differs in the last bits
    # with the number of threads, and two processes must agree on the key under which a result is stored.
    options = repr((names, raw.image_shape, raw.pixel_max, raw.continuous, kind, spec.pca))
    return Dataset(
        X=X, y=raw.y, ids=raw.ids, X_test=X_test, y_test=raw.y_test, task=task, class_names=raw.class_names,
        feature_names=names, groups=raw.groups if spec.pca is None else {}, image_shape=raw.image_shape,
        pixel_max=raw.pixel_max or 255.0, source=raw.X, source_names=raw.feature_names, preprocessing=fitted,
        intercept=raw.intercept and _needs_intercept(raw), title=title, target_name=raw.target_name,
        id_names=raw.id_names, flipped=flipped,
        sensitive=raw.sensitive if spec.pca is None else (), notes=(*raw.notes, *_notes(kind, spec, raw)),
        fingerprint=fingerprint(raw.X, raw.y, raw.ids, raw.X_test, raw.y_test, options),
    )  # fmt: skip


def prepared(
    raw: Raw, spec: DataSpec, task: Task, *, further: np.ndarray | None = None
) -> tuple[Raw, np.ndarray | None]:
    """The rows that preprocessing is fitted on: selected, complete and checked, without constant columns.

    Args:
        raw: all rows of the source; not modified.
        spec: resolved.
        task: classification or regression.
        further: (m, d0) rows that are put behind the held-out ones, and whose targets nobody reads.

    Returns:
        The rows, and of the training rows whether label noise was planted; None where none was asked for.

    Raises:
        BadData, BadRequest: as `load`.
    """
    raw = _without_absent_classes(_select(raw, spec, task))
    if further is not None:
        raw = dataclasses.replace(
            raw, X_test=np.concatenate([raw.X_test, further]),
            y_test=np.concatenate([raw.y_test, np.zeros(len(further), dtype=raw.y_test.dtype)]),
        )  # fmt: skip
    raw = preprocess.fill(raw)
    _check(raw, task)
    raw, flipped = plant(raw, spec.label_noise, spec.seed)
    raw = without_constants(raw)
    _check_magnitudes(raw, spec.preprocess or "none", task)
    return _standardised_target(raw) if raw.standardise_target else raw, flipped


def as_rows(raw: Raw | Corpus, called: str = "data") -> Raw:
    """What a loader returned, where rows of features are needed.

    Raises:
        BadRequest: it is a text.
    """
    if isinstance(raw, Corpus):
        raise BadRequest(f"{called}: expected pictures or a table; got a text.")
    return raw


def class_codes(raw: Raw, classes: tuple[str, ...], *, called: str = "classes") -> list[int]:
    """Codes in the source of some classes, each by name or by code; all where none is named.

    Args:
        raw: the source.
        classes: names or codes.
        called: the option that names them.

    Raises:
        BadData: an unknown class.
        BadRequest: one of them twice.
    """
    return _selected_codes(raw.class_names, classes, called)


def _select(raw: Raw, spec: DataSpec, task: Task) -> Raw:
    """Keep the rows of the selected classes, recode them 0..C-1, draw the subset of the training rows.

    Rows are selected by their labels alone, so of a memory-mapped source only the selected rows are read.
    """
    if task == "regression" and spec.classes:
        raise BadRequest(f"classes: expected none for a regression; got {', '.join(spec.classes)}.")
    if task == "regression" and spec.label_noise is not None:
        raise BadRequest(
            f"label_noise: expected none for a regression, whose target has no classes; got {spec.label_noise:g}. "
            "Leave it out, or choose data with classes."
        )
    _check_no_text_options(spec)
    kept = _selected_codes(raw.class_names, spec.classes)
    y, y_test = (_targets(raw, values, kept) for values in (raw.y, raw.y_test))
    rows, rows_test = draw(np.flatnonzero(y != _DROPPED), spec), np.flatnonzero(y_test != _DROPPED)
    return dataclasses.replace(
        raw, X=_take(raw.X, rows), y=y[rows], ids=raw.ids[rows].astype(np.int64),
        id_names=None if raw.id_names is None else raw.id_names[rows],
        X_test=_take(raw.X_test, rows_test), y_test=y_test[rows_test],
        class_names=tuple(raw.class_names[k] for k in kept),
    )  # fmt: skip


def _check_no_text_options(spec: DataSpec) -> None:
    """Raise BadRequest for options of texts, which would be ignored."""
    for name in ("vocabulary", "group_lines", "longest"):
        if (value := getattr(spec, name)) is not None:
            raise BadRequest(
                f"{name}: expected none for data without text; got {value:,}. Leave it out, or choose a text such as "
                "--data grammar."
            )


def _without_absent_classes(raw: Raw) -> Raw:
    """Without the classes that no training row has, of which a model can learn nothing, and their test rows.

    A softmax model with an intercept has no optimum while there is one: its score falls without end.
    """
    if not raw.class_names:
        return raw
    present = np.unique(raw.y).astype(int)
    if len(present) == len(raw.class_names) or len(present) < 2:
        return raw  # a single class is refused later, by its name
    code = np.full(len(raw.class_names), _DROPPED)
    code[present] = np.arange(len(present))
    y, y_test = code[raw.y.astype(int)], code[raw.y_test.astype(int)]
    kept = np.flatnonzero(y_test != _DROPPED)
    absent = [name for c, name in enumerate(raw.class_names) if code[c] == _DROPPED]
    which = "Class" if len(absent) == 1 else "Classes"
    has = "has" if len(absent) == 1 else "have"
    note = f"{which} left out of the model: {few(absent, 12)}, which {has} no training row."
    gone = len(y_test) - len(kept)
    rows = f" Test rows of {'it' if len(absent) == 1 else 'them'} that are left out too: {gone:,}." if gone else ""
    return dataclasses.replace(
        raw, y=y, X_test=_take(raw.X_test, kept), y_test=y_test[kept],
        class_names=tuple(raw.class_names[c] for c in present), notes=(*raw.notes, note + rows),
    )  # fmt: skip


def _listed(names: Iterable[str]) -> str:
    """Names as options take them, so that one with a comma does not look like two."""
    return ", ".join(write_names((name,)) for name in names)


def _selected_codes(names: tuple[str, ...], classes: tuple[str, ...], called: str = "classes") -> list[int]:
    """Source codes of the selected classes, each specified by name or by code; all of them when none is specified."""
    if not classes:
        return list(range(len(names)))
    known = {str(code): code for code in range(len(names))} | {name: code for code, name in enumerate(names)}
    if unknown := [c for c in classes if c not in known]:
        raise BadData(f"{called}: expected some of {_listed(names)}; got {_listed(unknown)}.")
    kept = [known[c] for c in classes]
    if len(set(kept)) < len(kept):
        raise BadRequest(f"{called}: expected different classes; got {', '.join(classes)}, two of which are the same.")
    return kept


def _targets(raw: Raw, y: np.ndarray, kept: list[int]) -> np.ndarray:
    """(n,) float64 targets: new codes, -inf for classes not selected; or the values of a regression."""
    if not raw.class_names:
        return y.astype(np.float64)
    if len(y) and not 0 <= y.min() <= y.max() < len(raw.class_names):
        raise BadData(f"labels: expected codes 0 to {len(raw.class_names) - 1}; got {y.min()} to {y.max()}.")
    code = np.full(len(raw.class_names), _DROPPED)
    code[kept] = np.arange(len(kept))
    return code[y]


def _standardised_target(raw: Raw) -> Raw:
    """The target less its mean, over its standard deviation, both of the training rows that were selected.

    Raises:
        BadData: there is only one, or they all have the same target.
    """
    if len(raw.y) < 2:
        raise BadData(f"training rows: expected at least two that differ; got {len(raw.y)}.")
    mean, std = float(raw.y.mean()), float(raw.y.std())
    if std == 0:
        raise BadData(f"target {raw.target_name!r}: expected values that differ; all training rows have {mean:g}.")
    formula = f"({raw.target_name} - {mean:.4g}) / {std:.4g}"
    note = f"The target is {formula}: mean and standard deviation of the training rows."
    return dataclasses.replace(raw, y=(raw.y - mean) / std, y_test=(raw.y_test - mean) / std, notes=(*raw.notes, note))


def _needs_intercept(raw: Raw) -> bool:
    """Classes, whose shares differ in general, or a target whose mean is far from zero."""
    return bool(raw.class_names) or abs(float(raw.y.mean())) > _FAR * float(raw.y.std())


def _take(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rows of X in memory; X itself when it is in memory and all rows are selected."""
    whole = len(rows) == len(X) and not isinstance(X, np.memmap)
    return X if whole else np.ascontiguousarray(X[rows])


def _check(raw: Raw, task: Task) -> None:
    """Raise BadData for data that no model can be trained on."""
    if len(raw.X) == 0:
        raise BadData("training rows: expected at least one; got none.")
    _check_finite(raw.X, raw.y, raw.feature_names, raw.ids, "id")
    _check_finite(raw.X_test, raw.y_test, raw.feature_names, np.arange(len(raw.X_test)), "test row")
    if task == "classification" and len(np.unique(raw.y)) < 2:
        raise BadData(f"training rows: expected at least two classes; got only {raw.class_names[int(raw.y[0])]!r}.")


def _check_finite(X: np.ndarray, y: np.ndarray, names: tuple[str, ...], ids: np.ndarray, row: str) -> None:
    """Raise BadData for NaN or an infinity, with the first such column and row; `row` says what `ids` count."""
    if not np.isfinite(y).all():
        i = int(np.isfinite(y).argmin())
        raise BadData(f"target: expected finite numbers; got {y[i]} at {row} {ids[i]}. Fill in or remove such rows.")
    if X.dtype == np.uint8 or np.isfinite(X).all():
        return
    column, i = np.argwhere(~np.isfinite(X).T)[0]
    raise BadData(
        f"column {names[column]!r}: expected finite numbers; got {X[i, column]} at {row} {ids[i]}. "
        "Fill in or remove such rows."
    )


def _check_magnitudes(raw: Raw, kind: str, task: Task) -> None:
    """Raise BadData for a column or a target of numbers beyond what float64 can square and multiply."""
    if raw.X.dtype != np.uint8:
        rows = [part for part in (raw.X, raw.X_test) if len(part)]
        least, most = (np.array([find(part, axis=0) for part in rows]) for find in (np.min, np.max))
        magnitudes.check_features(raw.feature_names, least.min(0), most.max(0), scaled=kind != "none")
    if task == "regression":
        magnitudes.check_target(raw.target_name, np.append(raw.y, raw.y_test), scaled=raw.standardise_target)


def _notes(kind: str, spec: DataSpec, raw: Raw) -> list[str]:
    """Sentences on selection and preprocessing."""
    notes = [_SCALING_NOTES[kind]] if kind != "standardise" or raw.continuous is None or raw.continuous else []
    if kind == "none" and raw.pixel_max:
        notes = [f"Pixels are divided by {raw.pixel_max:g}."]
    if spec.pca is not None:
        notes.append(f"Projected on the first {spec.pca} principal components of the training rows.")
    if spec.subset is not None:
        notes.append(note_of_draw(spec))
    if len(raw.X_test) == 0:
        notes.append("No held-out rows: the utility of a model cannot be measured.")
    return notes
