"""A trained model: its optimum, the curvature there, and the per-example terms that every measure is built from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest, DeviceUnavailable, SingularCurvature
from fil_core.linalg import Curvature
from fil_core.models.newton import Optimum
from fil_core.models.terms import Glm, Model, Softmax
from fil_core.progress import Progress
from fil_core.specs import ModelSpec
from fil_core.specs.families import fitting

_SCALE = (1e-3, 1e3)  # of the mean weight: beyond it the penalty means nothing any more
_CURVATURES = 4  # the Hessian, its eigenvectors, and what the solver works in


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model at its optimum.

    Attributes:
        spec: kind and penalty.
        optimum: parameters, gradient norm, tolerance, steps.
        curvature: the Hessian there, factorised.
        classes: number of classes, 0 for a regression.
        weights: (n,) weights of the training examples.
    """

    spec: ModelSpec
    optimum: Optimum
    curvature: Curvature
    classes: int
    weights: Tensor

    @property
    def theta(self) -> Tensor:
        """Parameters: (d,), or (C, d) for softmax."""
        return self.optimum.theta

    def targets(self, y: np.ndarray) -> Tensor:
        """Targets in the model's coding, see `code_targets`."""
        return code_targets(self.spec, self.classes, y, self.theta.device)

    def scores(self, X: np.ndarray) -> Tensor:
        """theta^T x: (n,), or (n, C) for softmax."""
        transposed = self.theta.movedim(-1, 0)  # what .T was for vectors and matrices alike
        return as_tensor(X, self.theta.device) @ transposed

    def terms(self, dataset: Dataset) -> Glm | Softmax:
        """Loss and derivatives at the optimum for every training example."""
        X, y = as_tensor(dataset.X, self.theta.device), self.targets(dataset.y)
        return model_of(self.spec).terms(X, self.weights, self.theta, y, self.scores(dataset.X), self.curvature)

    def predictions(self, Z: Tensor) -> Tensor:
        """Class codes from scores (classification), or the scores themselves (regression)."""
        return model_of(self.spec).predict(Z, self.classes)

    def score(self, X: np.ndarray, y: np.ndarray) -> float:
        """Accuracy (classification) or mean squared error (regression) on some examples; NaN where there are none."""
        if not len(y):
            return float("nan")
        predicted = self.predictions(self.scores(X)).cpu().numpy()
        return float(np.mean(predicted == y)) if self.classes else float(np.mean((predicted - y) ** 2))


def device_of(name: str) -> torch.device:
    """`auto` takes CUDA where there is one.

    Raises:
        DeviceUnavailable: CUDA was asked for by name and is not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailable("device: expected a CUDA GPU for cuda, found none on this machine; use cpu or auto.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def code_targets(spec: ModelSpec, classes: int, y: np.ndarray, device: torch.device) -> Tensor:
    """Targets in a model's coding: reals or -1/+1 (least squares), 0/1 (logistic), one-hot (softmax)."""
    code = torch.tensor(y, dtype=torch.float64, device=device)
    return model_of(spec).code(code, classes)


def model_of(spec: ModelSpec) -> Model:
    """The code of a spec's family."""
    found: Model = spec.family.model.load()
    return found


def as_tensor(X: np.ndarray, device: torch.device) -> Tensor:
    """A float64 tensor that shares memory with X on the CPU; callers do not write to it."""
    return torch.from_numpy(X).to(device=device, dtype=torch.float64)


def fit(
    spec: ModelSpec,
    dataset: Dataset,
    *,
    weights: np.ndarray | None = None,
    start: Tensor | None = None,
    device: torch.device | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Train a model to its optimum.

    Minimises `sum_i w_i loss_i + n * l2 / 2 * |theta|^2` in float64.

    Args:
        spec: kind and l2.
        dataset: n training examples.
        weights: (n,) finite and >= 0, some of every class > 0; None for ones. Where the spec names a weighting, these
            are the numbers that the engine found for it.
        start: parameters to begin with, as of a model nearby; None for zeros. The optimum does not depend on it.
        device: where to compute; None for the CPU.
        progress: told (done, total, what).

    Returns:
        An optimum; one that was not reached is refused.

    Raises:
        BadRequest: the model does not fit the task, the weights are not weights, or the spec names some and none came.
        NotConverged, SingularCurvature: no optimum, with what to change.
    """
    if spec.weights is not None and weights is None:
        raise BadRequest(
            f"weights: expected numbers for {spec.weights.text}, which only names them; ask an Engine, or pass weights."
        )
    check_task(spec, dataset)
    device = device or torch.device("cpu")
    _check_memory(spec, dataset, device)
    w = _weights(weights, dataset, device)
    classes = len(dataset.class_names)
    X, y = as_tensor(dataset.X, device), code_targets(spec, classes, dataset.y, device)
    try:
        optimum, curvature = model_of(spec).fit(
            X, y, None if weights is None else w, dataset.n * spec.penalty, progress, start
        )
    except SingularCurvature as error:
        raise SingularCurvature(f"{error} {_why_singular(dataset)}") from error
    return Fitted(spec, optimum, curvature, classes, w)


def check_weights(weights: np.ndarray, dataset: Dataset) -> None:
    """Refuse what are no weights of these examples.

    Raises:
        BadRequest: another number of them; one is negative or not finite; all of them, or all of a class, are zero;
            their mean is nowhere near 1.
    """
    n = dataset.n
    if weights.shape != (n,):
        raise BadRequest(f"weights: expected {n:,} numbers, one per training example; got shape {weights.shape}.")
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise BadRequest("weights: expected finite numbers >= 0, not all zero.")
    if not _SCALE[0] <= weights.mean() <= _SCALE[1]:
        raise BadRequest(
            f"weights: expected a mean about 1, since the penalty counts {n:,} examples; got {weights.mean():.3g}. "
            "Divide them by it."
        )
    codes = dataset.y.astype(int) if dataset.class_names else np.zeros(n, int)
    emptied = np.setdiff1d(codes, codes[weights > 0])  # of the classes that have examples at all
    if emptied.size:
        raise BadRequest(
            f"weights: expected some of every class > 0; class {dataset.class_names[emptied[0]]} has none left."
        )


def _weights(weights: np.ndarray | None, dataset: Dataset, device: torch.device) -> Tensor:
    if weights is None:
        return torch.ones(dataset.n, dtype=torch.float64, device=device)
    weights = np.asarray(weights, dtype=np.float64)
    check_weights(weights, dataset)
    return torch.tensor(weights, device=device)


def check_task(spec: ModelSpec, dataset: Dataset) -> None:
    """Refuse a model that does not fit the task.

    Raises:
        BadRequest: with the models that do.
    """
    classes = len(dataset.class_names)
    if spec.family.fits(classes):
        return
    what = f"{classes} classes" if classes else "a real-valued target"
    more = " Or keep two of them with classes." if classes > 2 else ""
    fits = " or ".join(fitting(classes))
    raise BadRequest(f"model: {dataset.title} has {what}; expected {fits}, got {spec.kind}.{more}")


def _check_memory(spec: ModelSpec, dataset: Dataset, device: torch.device) -> None:
    """Refuse a curvature that cannot fit before it is formed; the system would end the whole process instead.

    Raises:
        BadRequest: with what would fit.
    """
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else _free_memory()
    size = dataset.d * spec.family.scores(len(dataset.class_names))
    needed = _CURVATURES * 8 * size**2
    if free is not None and needed > free:
        fits = int(dataset.d * (free / needed) ** 0.5)
        raise BadRequest(
            f"memory: the curvature of {size:,} parameters takes {needed / 2**30:.1f} GiB, and "
            f"{free / 2**30:.1f} GiB are free. Take at most {fits:,} features "
            f"(for instance --pca {min(fits, 200)}), or fewer classes."
        )


def _free_memory() -> int | None:
    """Bytes that can be had without swapping, where the system says so (Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return int(found.split()[1]) * 1024 if found else None


def _why_singular(dataset: Dataset) -> str:
    """Name the columns that make the curvature singular, and what to do."""
    X = dataset.X
    flat = [dataset.feature_names[j] for j in np.flatnonzero(np.ptp(X, axis=0) == 0) if not X[0, j]]
    _, first, inverse = np.unique(X, axis=1, return_index=True, return_inverse=True)
    copies = np.flatnonzero(first[inverse.ravel()] != np.arange(dataset.d))
    twins = [
        f"{dataset.feature_names[j]} = {dataset.feature_names[first[inverse.ravel()[j]]]}"
        for j in copies
        if X[:, j].any()
    ]
    reasons = [f"all-zero columns: {_some(flat)}"] if flat else []
    reasons += [f"duplicate columns: {_some(twins)}"] if twins else []
    reasons += [f"fewer examples ({dataset.n:,}) than features ({dataset.d:,})"] if dataset.n < dataset.d else []
    why = "; ".join(reasons) or "columns that depend linearly on others"
    return f"Found {why}. Set l2 > 0 (for instance 1e-3), take principal components (pca), or drop the columns."


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


__all__ = ["Fitted", "Glm", "Softmax", "as_tensor", "device_of", "fit"]
