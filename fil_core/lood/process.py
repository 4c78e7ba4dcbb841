"""The Gaussian process of a data set: its kernel on the features, its noise, its targets."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

import numpy as np
import psutil
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.lood.gaussians import Gap
from fil_core.lood.kernels import Kernel, Rescaled, kernel_of, mean_distance
from fil_core.lood.posterior import Posterior, posterior
from fil_core.progress import Progress
from fil_core.specs.kernel import KernelSpec

_MATRICES = 4  # of n x n numbers: the kernel, its factor, its inverse, and what finding them takes
_SPARE = 2**28  # bytes besides


def image_shape(dataset: Dataset) -> tuple[int, ...] | None:
    """(H, W) or (H, W, 3) of the features, where these are pixels; else None."""
    shape = dataset.image_shape
    pixels = shape is not None and math.prod(shape) == dataset.d and dataset.preprocessing.basis is None
    return shape if pixels else None


def check_process(spec: KernelSpec, dataset: Dataset, room: float) -> None:
    """Refuse what a Gaussian process cannot be trained on, or not in memory.

    Args:
        spec: its kernel and noise.
        dataset: its records.
        room: bytes that are free.

    Raises:
        BadData: a convolution of no pixels, a single record, or records that are all zero to the kernel.
        BadRequest: the kernel's matrices do not fit.
    """
    kernel = kernel_of(spec, shape=image_shape(dataset))
    if dataset.n < 2:
        raise BadData(f"training rows: expected at least two, to leave one out; got {dataset.n}.")
    needed = [bytes_of(n) for n in range(1, dataset.n + 1)]
    if needed[-1] > room:
        fits = bisect.bisect_right(needed, room)
        raise BadRequest(
            f"memory: the kernel of {dataset.n:,} records and its factors take {needed[-1] / 2**30:.1f} GiB, and there "
            f"is room for {room / 2**30:.1f}. Take at most {fits:,} of them (--subset)."
        )
    if not bool((kernel.diagonal(torch.from_numpy(dataset.X)) > 0).any()):
        raise BadData(
            f"kernel: expected records that {spec.kind} tells apart; all {dataset.n:,} are zero, and so is the kernel. "
            "Set --bias-std above 0."
        )


def bytes_of(n: int) -> float:
    """Bytes of the kernel of n records, its factors and what finding them takes."""
    return 8.0 * _MATRICES * n * n + _SPARE


def free_memory(device: torch.device) -> int:
    """Bytes that can be allocated on a device without swapping."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def input_factor(dataset: Dataset) -> float:
    """What features are multiplied by before a kernel sees them.

    The unit ball makes pictures so small that the process would find every label unlikely; of them kernels see pixels
    from 0 to 1, as without preprocessing.
    """
    made = dataset.preprocessing
    if dataset.image_shape is None or not made.unit_ball:
        return 1.0
    return 1 / (float(made.scale) * dataset.pixel_max)


def kernel_on(spec: KernelSpec, dataset: Dataset, X: Tensor) -> Kernel:
    """The kernel of a spec on the features of a data set, of pictures in the unit ball on pixels from 0 to 1.

    Args:
        spec: which.
        dataset: whose features they are.
        X: (n, d) features of the training records, for the length scale of `rbf`.
    """
    factor = input_factor(dataset)
    length = mean_distance(factor * X) if spec.kind == "rbf" and spec.length is None else 1.0
    kernel = kernel_of(spec, shape=image_shape(dataset), length=length)
    return kernel if factor == 1 else Rescaled(kernel, factor)


def noise_of(spec: KernelSpec, kernel: Kernel, X: Tensor) -> float:
    """The variance s that is added to the diagonal of the kernel of records (n, d)."""
    if spec.noise is not None:
        return spec.noise
    return spec.relative_noise * float(kernel.diagonal(X).mean())


def targets(dataset: Dataset, y: np.ndarray) -> np.ndarray:
    """Targets of the process, (m, C) float64.

    Classes are one-hot less 1/C. Numbers of a regression, (m, 1), are in standard deviations of the training targets
    from their mean.

    Args:
        dataset: whose targets they are.
        y: (m,) as in `Dataset.y` or `Dataset.y_test`.
    """
    if dataset.class_names:
        C = len(dataset.class_names)
        return np.eye(C)[y.astype(int)] - 1 / C
    std = float(dataset.y.std())
    return ((y - dataset.y.mean()) / (std or 1.0))[:, None]


def process(spec: KernelSpec, dataset: Dataset, device: torch.device, progress: Progress | None = None) -> Posterior:
    """Train the Gaussian process of a data set.

    Args:
        spec: its kernel and noise.
        dataset: its records.
        device: where to compute.
        progress: called with (done, total, text).

    Raises:
        BadData: see `check_process` and `posterior`.
    """
    X = torch.from_numpy(dataset.X).to(device)
    kernel = kernel_on(spec, dataset, X)
    Y = torch.from_numpy(targets(dataset, dataset.y)).to(device)
    return posterior(kernel, X, Y, noise=noise_of(spec, kernel, X), progress=progress)


def refuse_silent(own: Gap, rows: Sequence[int], dataset: Dataset, field: str) -> None:
    """Refuse records to which the kernel is zero.

    Args:
        own: what each record changes at itself, (n,).
        rows: of the records.
        dataset: whose records they are.
        field: of the request, that names them.

    Raises:
        BadData: it is.
    """
    for row in rows:
        if not float(own.g[row]):
            raise BadData(
                f"{field}: expected records to which the kernel is not zero; example "
                f"{dataset.called(dataset.ids[[row]])[0]} is, and shows nowhere. Set --bias-std above 0."
            )


def score(dataset: Dataset, outputs: np.ndarray, y: np.ndarray) -> float:
    """Accuracy of outputs, (m, C), or their mean squared error in the target's own units; NaN for no rows.

    Args:
        dataset: whose targets they are.
        outputs: as `Posterior.predict` gives them.
        y: (m,) as in `Dataset.y` or `Dataset.y_test`.
    """
    if not len(y):
        return math.nan
    if dataset.class_names:
        return float(np.mean(outputs.argmax(1) == y))
    predicted = outputs[:, 0] * (float(dataset.y.std()) or 1.0) + dataset.y.mean()
    return float(np.mean((predicted - y) ** 2))
