"""Features of a frozen network in place of the pixels of pictures: which rows are public, and the data set of the rest.

The network is a constant that everybody knows: what is measured is what a head, trained on the features of the private
rows, tells of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from fil_core.data.loading import assemble
from fil_core.data.raw import Raw
from fil_core.dataset import Dataset, Pictures, fingerprint
from fil_core.errors import BadData, BadRequest
from fil_core.specs import DataSpec

_STREAM = 1  # of the random numbers of a seed: the draw of a subset takes those of the seed itself


@dataclass(frozen=True, slots=True)
class Features:
    """What a frozen network made of pictures.

    Attributes:
        train: (n, k) features of the private training rows, in their order.
        test: (m, k) features of the held-out rows.
        public: ids of the public training rows, which are not among them.
        network: fingerprint of the network with its weights.
    """

    train: np.ndarray
    test: np.ndarray
    public: np.ndarray
    network: str


def check_pictures(spec: DataSpec, dataset: Dataset) -> tuple[int, ...]:
    """Refuse data that are no pictures.

    Returns:
        The shape of one.

    Raises:
        BadRequest: a table or a text.
    """
    if dataset.image_shape is None:
        what = "a text" if dataset.vocabulary else "a table"
        raise BadRequest(
            f"features_from: expected pictures; got {dataset.title}, {what}. Leave it out, or bring features that you "
            "have made elsewhere as data of your own (.npz or .parquet)."
        )
    return dataset.image_shape


def public_rows(spec: DataSpec, dataset: Dataset) -> np.ndarray:
    """Positions of the public training rows, (p,) ascending; none with uploaded weights.

    Args:
        spec: of the features.
        dataset: the pictures.

    Raises:
        BadData: the public or the private rows would lack a class, or be none at all.
    """
    if spec.extractor is not None:
        return np.arange(0)
    count = round(spec.public_fraction * dataset.n)
    rows = np.sort(np.random.default_rng([spec.seed, _STREAM]).permutation(dataset.n)[:count])
    private = np.setdiff1d(np.arange(dataset.n), rows)
    for part, some in (("public", rows), ("private", private)):
        if not len(some):
            raise _too_few(part, f"none of {dataset.n:,}")
        absent = np.setdiff1d(np.arange(len(dataset.class_names)), dataset.y[some].astype(int))
        if len(absent):
            raise _too_few(part, f"none of class {dataset.class_names[absent[0]]}")
    return rows


def _too_few(part: str, got: str) -> BadData:
    return BadData(
        f"public_fraction: expected rows of every class among the public and among the private ones; got {got} among "
        f"the {part} rows. Take another share, another --seed or more rows."
    )


def of_features(pixels: Dataset, spec: DataSpec, found: Features) -> Dataset:
    """The data set of the private rows, whose features are those of the network, preprocessed as the spec says.

    Args:
        pixels: all rows, whose features are pixels.
        spec: resolved.
        found: what the network made of them.
    """
    private = np.flatnonzero(~np.isin(pixels.ids, found.public))
    raw = Raw(
        X=found.train, y=_targets(pixels, pixels.y[private]), ids=pixels.ids[private],
        X_test=found.test, y_test=_targets(pixels, pixels.y_test),
        feature_names=tuple(f"feature {j + 1}" for j in range(found.train.shape[1])), class_names=pixels.class_names,
        target_name=pixels.target_name, intercept=pixels.intercept, notes=(*pixels.notes, *_notes(spec, found)),
        kept=tuple(range(found.train.shape[1])),
        id_names=None if pixels.id_names is None else pixels.id_names[private],
    )  # fmt: skip
    made = assemble(
        raw,
        DataSpec(name=spec.name, preprocess=spec.preprocess, pca=spec.pca),
        title=f"{pixels.title}, features of {spec.features_from}",
        task=pixels.task,
    )
    assert pixels.image_shape is not None
    return dataclasses.replace(
        made, pictures=Pictures(pixels.source[private], pixels.image_shape, pixels.pixel_max),
        intercept=pixels.intercept, flipped=None if pixels.flipped is None else pixels.flipped[private],
        notes=tuple(dict.fromkeys(made.notes)),
        fingerprint=fingerprint(
            pixels.fingerprint, found.network, found.public, repr((spec.preprocess, spec.pca, made.feature_names))
        ),
    )  # fmt: skip


def _targets(pixels: Dataset, y: np.ndarray) -> np.ndarray:
    return y.astype(np.int64) if pixels.class_names else y


def _notes(spec: DataSpec, found: Features) -> tuple[str, ...]:
    """What must be known of the features: who has seen which rows."""
    k = found.train.shape[1]
    made = f"The features are the {k:,} numbers that the last linear layer of {spec.features_from} reads"
    head = (
        "η is that of a head on these features, with the network as a public constant: what the network itself tells "
        "of rows that it has seen is not in it."
    )
    if spec.extractor is not None:
        return (
            f"{made}, with uploaded weights. Nobody here knows on what it was trained: it must not have seen rows that "
            "are measured.",
            head,
        )
    return (
        f"{made}, which was trained on {len(found.public):,} public training rows, drawn at random with seed "
        f"{spec.seed}; they are not measured, and the network has seen none of the others.",
        head,
    )
