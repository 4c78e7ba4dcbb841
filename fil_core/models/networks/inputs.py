"""What a data set gives to a network: the shape of its inputs, and its targets."""

from __future__ import annotations

import math

import numpy as np

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.specs.network import NetworkSpec
from fil_core.specs.networks import NETWORKS, Shape


def outputs_of(dataset: Dataset) -> int:
    """Outputs of a network for a data set: one for two classes or a regression, else one for each class."""
    classes = len(dataset.class_names)
    return classes if classes > 2 else 1


def targets_of(dataset: Dataset, y: np.ndarray) -> np.ndarray:
    """Targets (m, k) float64: 0 and 1 for two classes, one-hot for more, the target itself for a regression.

    Args:
        dataset: whose classes they are.
        y: (m,) class codes or real values.
    """
    classes = len(dataset.class_names)
    if classes > 2:
        return np.eye(classes)[y.astype(int)].reshape(len(y), classes)
    return y.astype(np.float64)[:, None]


def shape_of(spec: NetworkSpec, dataset: Dataset) -> Shape:
    """What a network is built for.

    Raises:
        BadData: it needs images, and the data set has none, or has them as principal components.
    """
    is_images = dataset.image_shape is not None and math.prod(dataset.image_shape) == dataset.d
    if spec.family.needs_images and not is_images:
        rows = [name for name, family in NETWORKS.items() if not family.needs_images]
        got = "principal components of images" if dataset.image_shape is not None else "rows of a table"
        raise BadData(
            f"network: expected images for {spec.kind}; {dataset.title} gives {got}. Take {' or '.join(rows)}"
            f"{', or all pixels' if dataset.image_shape is not None else ''}."
        )
    return Shape(dataset.d, outputs_of(dataset), dataset.image_shape if is_images else None)


def validation_rows(dataset: Dataset, size: int | None) -> int:
    """Number of test rows on which predictions are compared.

    Raises:
        BadRequest: there are fewer, or none.
    """
    there = len(dataset.X_test)
    if not there:
        raise BadRequest(
            f"validation-size: expected test rows on which predictions can be compared; {dataset.title} has none. Hold "
            "some of its rows out."
        )
    if size is not None and size > there:
        raise BadRequest(f"validation-size: expected at most the {there:,} test rows; got {size:,}.")
    return there if size is None else size
