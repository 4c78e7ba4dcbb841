"""Examples that a model was not trained on: held-out rows of its own classes, and rows out of their distribution."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fil_core.data import preprocess
from fil_core.data.dependence import few
from fil_core.data.loading import as_rows, class_codes, prepared
from fil_core.data.raw import Raw
from fil_core.data.registry import resolve, source_of
from fil_core.data.scaling import scaled
from fil_core.dataset import AttributeGroup, Preprocessing, fingerprint
from fil_core.errors import BadData, BadRequest, FilError
from fil_core.progress import Progress
from fil_core.specs import DataSpec
from fil_core.specs.outside import OutsideSpec

_NAMED = 4  # columns that a message names


@dataclass(frozen=True, slots=True)
class Outside:
    """Examples that a model was not trained on, preprocessed as those that it was trained on.

    Attributes:
        X: (m, d) features.
        outside: (m,) bool, whether a row is out of the training distribution; the others are of the model's classes.
        labels: (m,) texts, names of their classes, or values of a regression.
        ids: (m,) texts, what their sources call them; where a source does not say, their numbers among its held-out
            rows, from 0.
        source: (m, d0) features before preprocessing, as `Dataset.source`.
        title: of the data set that is out of the distribution.
        notes: what was done to its rows.
        fingerprint: sha-256 of all that.
    """

    X: np.ndarray
    outside: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    source: np.ndarray
    title: str
    notes: tuple[str, ...]
    fingerprint: str

    @property
    def nbytes(self) -> int:
        """Bytes of the examples, before and after preprocessing."""
        return self.X.nbytes + self.source.nbytes


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a source: features, names of their labels, and their numbers."""

    X: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    title: str
    notes: tuple[str, ...] = ()


def resolve_outside(outside: OutsideSpec, data: DataSpec) -> OutsideSpec:
    """The canonical form: aliases replaced, and no name for the data set that the model is trained on.

    Args:
        outside: which examples.
        data: resolved, those that the model is trained on.

    Raises:
        DataUnavailable: an unknown name.
    """
    if outside.name is None:
        return outside
    try:
        name = resolve(DataSpec(name=outside.name, data_dir=data.data_dir)).name
    except FilError as error:
        raise type(error)(re.sub("^(name|--data):", "ood_data:", str(error))) from error
    return dataclasses.replace(outside, name=None if name == data.name else name)


def load_outside(
    spec: DataSpec, outside: OutsideSpec, progress: Progress | None = None, *, fitted: Preprocessing | None = None
) -> Outside:
    """Held-out rows of a model's classes, and rows out of their distribution.

    The rows out of the distribution are held-out rows of other classes, or of another data set; all its rows where it
    holds none out, since a model of this one was trained on none of them. The preprocessing is the one that was fitted
    on the training rows.

    Args:
        spec: what the model is trained on.
        outside: which rows are out of its distribution.
        progress: progress(done, total or None, description), called with the bytes during a download.
        fitted: the preprocessing of the training rows, where it is at hand; None fits it again.

    Raises:
        BadRequest: a class that the model is trained on too, or options that do not fit the data.
        BadData: no held-out rows, other columns or sizes of pictures than the training rows have, an unknown class.
        DataUnavailable: an unknown name, or missing files.
    """
    spec = resolve(spec)
    outside = resolve_outside(outside, spec)
    source = source_of(spec.name)
    raw = as_rows(source.read(spec, Path(spec.data_dir or ""), progress))
    own = [code for code in class_codes(raw, spec.classes) if not raw.class_names or (raw.y == code).any()]
    inside = _held_out(raw, own, source.title)
    if not len(inside.ids):
        raise BadData(
            f"held-out rows: expected some of the model's classes, to compare with; {source.title} has none. Hold rows "
            "out: --test-fraction for a file of your own, points after | for points."
        )
    if outside.resize and raw.image_shape is None:
        raise BadRequest("resize: expected nothing, since the data are no pictures; leave it out.")
    others = _other_classes(raw, own, outside, source.title) if outside.name is None else None
    others = others or _of_another(raw, own, spec, outside, progress)
    made, _ = prepared(raw, spec, source.task, further=others.X)
    fitted = fitted or preprocess.fit(made, kind=spec.preprocess or "none", pca=spec.pca)
    return _outside(made, fitted, inside, others)


def _outside(raw: Raw, fitted: Preprocessing, inside: _Rows, others: _Rows) -> Outside:
    # Held-out rows of classes without a training row left the data with those classes.
    known = np.isin(inside.labels, np.array(raw.class_names)) if raw.class_names else np.ones(len(inside.ids), bool)
    labels = np.concatenate([inside.labels[known], others.labels])
    ids = np.concatenate([inside.ids[known], others.ids])
    out = np.arange(len(ids)) >= known.sum()
    X = np.ascontiguousarray(fitted.forward(raw.X_test))
    name = fingerprint(raw.X_test, "\n".join(labels.tolist()), "\n".join(ids.tolist()), repr(int(known.sum())))
    return Outside(X, out, labels, ids, raw.X_test, others.title, others.notes, name)


def _held_out(raw: Raw, codes: list[int], title: str) -> _Rows:
    """The held-out rows of some classes; all of a regression."""
    return _rows(raw.X_test, raw.y_test, raw, codes, title, raw.test_names)


def _rows(X: np.ndarray, y: np.ndarray, raw: Raw, codes: list[int], title: str, called: np.ndarray | None) -> _Rows:
    called = np.arange(len(y)) if called is None else called
    if not raw.class_names:
        return _Rows(X, np.array([f"{value:.6g}" for value in y], dtype=str), called.astype(str), title)
    rows = np.flatnonzero(np.isin(y, codes))
    names = np.array(raw.class_names)
    return _Rows(np.ascontiguousarray(X[rows]), names[y[rows].astype(int)], called[rows].astype(str), title)


def _other_classes(raw: Raw, own: list[int], outside: OutsideSpec, title: str) -> _Rows:
    """The held-out rows of classes of the same data set that the model does not have."""
    if not raw.class_names:
        raise BadRequest(
            f"ood_data: expected another data set, since {title} has no classes to hold out. Name one with --ood-data."
        )
    chosen = class_codes(raw, outside.classes, called="ood_classes") if outside.classes else None
    if chosen is not None and (both := [raw.class_names[code] for code in chosen if code in own]):
        raise BadRequest(
            f"ood_classes: expected classes that the model is not trained on; got {', '.join(both)}, which it has. "
            "Leave them out of one of the two."
        )
    left = [code for code in range(len(raw.class_names)) if code not in own] if chosen is None else chosen
    if not left:
        raise BadRequest(
            "ood_classes: expected classes that the model is not trained on; it has all of them. Train it on some "
            "(--classes), or name another data set (--ood-data)."
        )
    found = _held_out(raw, left, title)
    if not len(found.ids):
        named = ", ".join(raw.class_names[code] for code in left)
        raise BadData(f"ood_classes: expected held-out rows of {named}; {title} has none.")
    return found


def _of_another(raw: Raw, own: list[int], spec: DataSpec, outside: OutsideSpec, progress: Progress | None) -> _Rows:
    """Rows of another data set, in the columns or the size of pictures of this one."""
    asked = resolve(DataSpec(name=outside.name or "", data_dir=spec.data_dir))
    source = source_of(asked.name)
    other = as_rows(source.read(asked, Path(asked.data_dir or ""), progress), called="ood_data")
    codes = class_codes(other, outside.classes, called="ood_classes")
    notes: tuple[str, ...] = ()
    X, y, called = other.X_test, other.y_test, other.test_names
    if not len(X):
        X, y, called = other.X, other.y, other.ids if other.id_names is None else other.id_names
        notes = (f"{source.title} holds no rows out, so all of its rows are used: the model was trained on none.",)
    found = _rows(X, y, other, codes, source.title, called)
    if not len(found.ids):
        raise BadData(f"ood_classes: expected rows of {', '.join(outside.classes)}; {source.title} has none.")
    fitting, said = _like(found.X, other, raw, outside, source.title)
    shared = sorted(set(found.labels) & {raw.class_names[code] for code in own}) if raw.class_names else []
    if shared:
        own_too = f"Rows of {source.title} of the model's own classes ({few(shared, _NAMED)}) count as out, too."
        notes = (*notes, own_too)
    return dataclasses.replace(found, X=fitting, notes=(*notes, *said))


def _like(X: np.ndarray, other: Raw, raw: Raw, outside: OutsideSpec, title: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Rows of another source as rows of this one, and what was done to them."""
    if (raw.image_shape is None) != (other.image_shape is None):
        kinds = {True: "a table", False: "pictures"}
        raise BadData(
            f"ood_data: expected {kinds[raw.image_shape is None]}, as the model is trained on; {title} holds "
            f"{kinds[other.image_shape is None]}."
        )
    if raw.image_shape is not None and other.image_shape is not None:
        return _pictures(X, other, raw, outside, title)
    return _columns(X, other, raw, title), ()


def _pictures(
    X: np.ndarray, other: Raw, raw: Raw, outside: OutsideSpec, title: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    shape, wanted = other.image_shape or (), raw.image_shape or ()
    white, to_white = other.pixel_max or 255.0, raw.pixel_max or 255.0
    if shape == wanted and white == to_white:
        return X, ()
    if shape != wanted and not outside.resize:
        raise BadData(
            f"ood_data: expected pictures of {_sized(wanted)}; {title} has {_sized(shape)}. Scale them with --resize."
        )
    made = scaled(X.reshape(len(X), *shape), white=white, shape=wanted, to_white=to_white)
    sizes = f"from {_sized(shape)} to {_sized(wanted)}, white from {white:g} to {to_white:g}"
    return made, (f"Pictures of {title} are scaled {sizes}.",)


def _sized(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} × {shape[1]} pixels" + (" in colour" if len(shape) == 3 else "")


def _columns(X: np.ndarray, other: Raw, raw: Raw, title: str) -> np.ndarray:
    """The columns of the training rows, by their names; levels of an attribute as these code them."""
    place = {name: j for j, name in enumerate(other.feature_names)}
    coded = {j: group for group in raw.groups.values() if group.name in other.groups for j in group.columns}
    if missing := [name for j, name in enumerate(raw.feature_names) if name not in place and j not in coded]:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise BadData(
            f"ood_data: expected the columns that the model is trained on; {title} lacks "
            f"{', '.join(missing[:_NAMED])}{more}."
        )
    found = np.empty((len(X), len(raw.feature_names)))
    for j, name in enumerate(raw.feature_names):
        if j not in coded:
            found[:, j] = X[:, place[name]]
    for group in {group.name: group for group in coded.values()}.values():
        found[:, list(group.columns)] = _levels(X, other.groups[group.name], group, title)
    return found


def _levels(X: np.ndarray, coded: AttributeGroup, group: AttributeGroup, title: str) -> np.ndarray:
    """The levels of an attribute, coded as in the training rows.

    Raises:
        BadData: a level that those do not have.
    """
    block = X[:, list(coded.columns)] > 0
    names = np.array([*coded.levels, str(coded.dropped)])[np.where(block.any(1), block.argmax(1), len(coded.levels))]
    known = [*group.levels, *([group.dropped] if group.dropped is not None else [])]
    if unknown := sorted(set(names.tolist()) - set(known)):
        raise BadData(
            f"ood_data: expected levels of {group.name} that the training rows have, {', '.join(known[:_NAMED])}"
            f"{', ...' if len(known) > _NAMED else ''}; {title} also has {', '.join(unknown[:_NAMED])}."
        )
    return (names[:, None] == np.array(group.levels)).astype(np.float64)
