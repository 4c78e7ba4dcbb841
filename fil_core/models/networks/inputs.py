"""What a network takes from a data set: the shape it is built for, its targets, and the rows whose outputs count."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from fil_core.data.text.refusal import refuse_sequences
from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import NETWORKS, Shape, outputs


def shape_of(spec: NetworkSpec, dataset: Dataset) -> Shape:
    """What a network is built for; `image` only where the features are pixels.

    Raises:
        BadRequest: the family reads features, and the data are sequences.
        BadData: the family needs images or text, and the features are columns of a table or principal components.
    """
    if not spec.family.needs_text:
        refuse_sequences("network", spec.kind, dataset)
    elif dataset.task != "sequences":
        raise BadData(
            f"network: expected text for {spec.kind}; got {dataset.title}, {dataset.d:,} features. Take "
            f"{_others('needs_text')}, or a text such as --data grammar."
        )
    image = dataset.image_shape
    if image is not None and (math.prod(image) != dataset.d or dataset.preprocessing.basis is not None):
        image = None
    if spec.family.needs_images and image is None:
        raise BadData(
            f"network: expected images for {spec.kind}; got {_features(dataset)}. Take {_others('needs_images')}."
        )
    return Shape(dataset.d, outputs_of(dataset), image)


def _others(need: Literal["needs_images", "needs_text"]) -> str:
    """The families that take the rows of a table, or images where it is text that is not there."""
    needs = {"needs_text", need}
    return " or ".join(name for name, family in NETWORKS.items() if not any(getattr(family, one) for one in needs))


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
