"""What a network takes from a data set: the shape it is built for, its targets, and the rows whose outputs count."""

from __future__ import annotations

import math

import numpy as np

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import NETWORKS, Shape, outputs


def shape_of(spec: NetworkSpec, dataset: Dataset) -> Shape:
    """What a network is built for; `image` only where the features are pixels.

    Raises:
        BadData: the family needs images, and the features are columns of a table or principal components.
    """
    image = dataset.image_shape
    if image is not None and (math.prod(image) != dataset.d or dataset.preprocessing.basis is not None):
        image = None
    if spec.family.needs_images and image is None:
        raise BadData(f"network: expected images for {spec.kind}; got {_features(dataset)}. Take {_of_features()}.")
    return Shape(dataset.d, outputs_of(dataset), image)


def _of_features() -> str:
    """The families that take the rows of a table."""
    return " or ".join(name for name, each in NETWORKS.items() if not (each.needs_images or each.needs_text))


def _features(dataset: Dataset) -> str:
    if dataset.image_shape is None:
        return f"{dataset.title}, a table ({dataset.d:,} features)"
    pixels = " × ".join(map(str, dataset.image_shape))
    components = "principal components" if dataset.preprocessing.basis is not None else "features"
    return f"{dataset.d:,} {components} of images of {pixels}"


def outputs_of(dataset: Dataset) -> int:
    """Number of outputs: one for two classes and for a regression, else one per class; for text one per token."""
    return len(dataset.vocabulary) or outputs(len(dataset.class_names))


def targets_of(dataset: Dataset, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Targets of the loss, float64: (n, k) 0 or 1 for two classes, one-hot for more, values of a regression.

    Of sequences they are the codes themselves, (n, T), negative where a sequence has ended.

    Args:
        dataset: whose classes or tokens they are.
        X: (n, d) inputs as in `Dataset.X` or `Dataset.X_test`.
        y: (n,) targets as in `Dataset.y` or `Dataset.y_test`.
    """
    if dataset.vocabulary:
        return X
    if outputs_of(dataset) == 1:
        return np.array(y, dtype=np.float64)[:, None]
    return np.eye(len(dataset.class_names))[y.astype(int)]


def score_name(dataset: Dataset) -> str:
    """What `problem.evaluate` scores: accuracy, mean squared error, or the perplexity of sequences of tokens."""
    if dataset.vocabulary:
        return "perplexity"
    return "accuracy" if dataset.class_names else "mean squared error"


def validation_rows(dataset: Dataset, size: int | None) -> int:
    """Number of test rows on which predictions are compared, from the first on.

    Args:
        dataset: the examples.
        size: how many are asked for; None for all.

    Raises:
        BadRequest: there are fewer, or none.
    """
    rows = len(dataset.X_test)
    if not rows:
        raise BadRequest(
            f"validation_size: expected test rows to compare predictions on; {dataset.title} has none. Take data with "
            "a test split, or hold out a part of your own with --test-fraction."
        )
    if size is not None and size > rows:
        raise BadRequest(
            f"validation_size: expected at most the {rows:,} test {'row' if rows == 1 else 'rows'} of "
            f"{dataset.title}; got {size:,}."
        )
    return rows if size is None else size
