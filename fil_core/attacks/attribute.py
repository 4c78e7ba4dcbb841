"""The categorical attribute under attack: its values, the value of each example, and its columns in the model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from fil_core.dataset import AttributeGroup, Dataset, ambiguous, spelled
from fil_core.errors import BadData, BadRequest

_MOST_LEVELS = 12  # a plain column of more different numbers counts as continuous
_REPEATED = 10  # times that fractions occur in the mean, from which on they are values of a category
_BINS = 4  # suggested for a continuous column
_TARGETS = ("label", "target")  # names that always mean the label


@dataclass(frozen=True, slots=True)
class Attribute:
    """A categorical attribute over the n training examples.

    Attributes:
        name: its name in the data set.
        columns: the s columns of X that carry it.
        levels: names of its k values, those that occur among the training examples.
        values: (k, s), the entries of those columns for each value, in feature units.
        codes: (n,) int64, the value of each example, 0 to k - 1.
        binned: the values stand for quantile bins of a continuous column.
    """

    name: str
    columns: tuple[int, ...]
    levels: tuple[str, ...]
    values: np.ndarray
    codes: np.ndarray
    binned: bool = False

    @property
    def k(self) -> int:
        """Number of values."""
        return len(self.levels)

    @property
    def prior(self) -> np.ndarray:
        """Share of each value among the training examples, (k,), all > 0."""
        return np.bincount(self.codes, minlength=self.k) / len(self.codes)


def attribute_of(dataset: Dataset, name: str, *, bins: int | None = None) -> Attribute:
    """An attribute by its name.

    Args:
        dataset: a table without principal components.
        name: a group of one-hot columns, or a column with few different values, or its number.
        bins: number of quantile bins that replace the values of a continuous column, >= 2, each represented by its
            median; None for a categorical attribute.

    Returns:
        The attribute, with the k >= 2 values that occur among the training examples.

    Raises:
        BadData: no such attribute, or several that differ in case only; it is constant, continuous (without `bins`), or
            the label.
        BadRequest: `bins` out of range, or for an attribute that is categorical already.
    """
    _check_table(dataset)
    if _is_label(dataset, name):
        raise BadData(f"attribute: {name!r} is the label, which the attackers know; expected one of {_known(dataset)}.")
    columns = dataset.columns((name,))
    inside = [g for g in dataset.groups.values() if set(columns) & set(g.columns)]
    if inside and set(inside[0].columns) != set(columns):
        raise BadData(
            f"attribute: {name!r} is one column of {inside[0].name}, whose columns change together; expected "
            f"{inside[0].name}."
        )
    if inside and bins is not None:
        raise BadRequest(f"bins: expected none for {name!r}, which is categorical; got {bins}.")
    attribute = _grouped(dataset, inside[0]) if inside else _plain(dataset, columns[0], bins)
    if attribute.k < 2:
        raise BadData(
            f"attribute: {name!r} is constant, {attribute.levels[0]} for every training example: nothing to infer."
        )
    return attribute


def _is_label(dataset: Dataset, name: str) -> bool:
    """Whether a name means the label rather than an attribute.

    Raises:
        BadData: it may mean either.
    """
    attributes = (*dataset.feature_names, *dataset.groups)
    meant = spelled(name, (*attributes, dataset.target_name))
    if len(meant) > 1:
        raise BadData(f"attribute: {ambiguous(name, meant)}")
    if not meant:
        return name.casefold() in _TARGETS
    return meant[0] == dataset.target_name and meant[0] not in attributes


def categorical(dataset: Dataset) -> list[str]:
    """Names of the attributes that can be attacked as they are; empty for images and principal components."""
    if dataset.picture_shape is not None or dataset.preprocessing.basis is not None:
        return []
    grouped = {c for group in dataset.groups.values() for c in group.columns}
    names = [g.name for g in dataset.groups.values() if np.ptp(dataset.source[:, list(g.columns)], axis=0).any()]
    plain = [j for j in range(dataset.d) if j not in grouped]
    return names + [dataset.feature_names[j] for j in plain if _few(np.unique(dataset.source[:, j]), dataset.n)]


def continuous(dataset: Dataset) -> list[str]:
    """Names of the columns that can be attacked in quantile bins."""
    if dataset.picture_shape is not None or dataset.preprocessing.basis is not None:
        return []
    grouped = {c for group in dataset.groups.values() for c in group.columns}
    plain = [(dataset.feature_names[j], np.unique(dataset.source[:, j])) for j in range(dataset.d) if j not in grouped]
    return [name for name, values in plain if len(values) > 1 and not _few(values, dataset.n)]


def _check_table(dataset: Dataset) -> None:
    if dataset.picture_shape is not None:
        raise BadData(
            f"attribute: expected a table; {dataset.title} holds images, whose pixels or features are no attributes. "
            "Reconstruction attacks them."
        )
    if dataset.preprocessing.basis is not None:
        raise BadRequest("attribute: principal components mix the columns; expected a request without pca.")


def _known(dataset: Dataset) -> str:
    return ", ".join(categorical(dataset)[:12]) or "the categorical columns, of which this table has none"


def _few(values: np.ndarray, n: int) -> bool:
    """Whether the different values of n rows are those of a category: two, or a few of whole or repeated numbers."""
    whole = bool((values == np.round(values)).all())
    return len(values) == 2 or (2 < len(values) <= _MOST_LEVELS and (whole or n >= _REPEATED * len(values)))


def _in_model(dataset: Dataset, columns: tuple[int, ...], source: np.ndarray) -> np.ndarray:
    """Source values (k, s) of some columns as model features, by the same operations as X, to the last bit."""
    scale, centre = (
        np.broadcast_to(part, (dataset.d,))[list(columns)]
        for part in (dataset.preprocessing.scale, dataset.preprocessing.centre)
    )
    return (source - centre) * scale


def _grouped(dataset: Dataset, group: AttributeGroup) -> Attribute:
    """One-hot columns; the dropped level, all zeros, comes last."""
    block = dataset.source[:, list(group.columns)]
    codes = np.where(block.any(1), block.argmax(1), len(group.columns))
    names = [*group.levels, str(group.dropped)]
    rows = np.vstack([np.eye(len(group.columns)), np.zeros(len(group.columns))])
    present, codes = np.unique(codes, return_inverse=True)
    values = _in_model(dataset, group.columns, rows[present])
    return Attribute(group.name, group.columns, tuple(names[p] for p in present), values, codes)


def _plain(dataset: Dataset, j: int, bins: int | None) -> Attribute:
    """A column of numbers: its different values, or quantile bins of them."""
    source, name = dataset.source[:, j].astype(np.float64), dataset.feature_names[j]
    present, codes = np.unique(source, return_inverse=True)
    if bins is not None:
        if _few(present, dataset.n):
            raise BadRequest(f"bins: expected none for {name!r}, which is categorical; got {bins}.")
        return _binned(dataset, j, source, bins)
    if len(present) > 1 and not _few(present, dataset.n):
        bins = min(_BINS, len(present))
        raise BadData(
            f"attribute: {name!r} is continuous ({len(present):,} different values); expected two, or at most "
            f"{_MOST_LEVELS} that are whole or repeated. Give --bins {bins} (bins={bins}) to attack its quantile bins "
            "instead."
        )
    values = _in_model(dataset, (j,), present[:, None])
    return Attribute(name, (j,), _named(present, 6), values, codes)


def _named(values: np.ndarray, digits: int) -> tuple[str, ...]:
    """Different numbers as text, in `digits` digits where that keeps them apart, else in 17."""
    short = tuple(f"{v:.{digits}g}" for v in values)
    return short if len(set(short)) == len(short) else tuple(f"{v:.17g}" for v in values)


def _binned(dataset: Dataset, j: int, source: np.ndarray, bins: int) -> Attribute:
    name = dataset.feature_names[j]
    most = len(np.unique(source))
    if not 2 <= bins <= most:
        raise BadRequest(f"bins: expected 2 to {most}, the number of different values of {name!r}; got {bins}.")
    edges = np.unique(np.quantile(source, np.linspace(0, 1, bins + 1)[1:-1]))
    edges = edges[edges > source.min()]
    if not edges.size:  # most examples have the smallest value: one bin for them, one for all others
        edges = np.unique(source)[1:2]
    present, codes = np.unique(np.searchsorted(edges, source, side="right"), return_inverse=True)
    ends = _named(edges, 3)
    names = [f"below {ends[0]}", *(f"{a} to {b}" for a, b in itertools.pairwise(ends)), f"from {ends[-1]}"]
    medians = np.array([[np.median(source[codes == c])] for c in range(len(present))])
    levels = tuple(names[p] for p in present)
    return Attribute(name, (j,), levels, _in_model(dataset, (j,), medians), codes, binned=True)
