"""A trained model: its optimum, the curvature there, and the per-example terms that every measure is built from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest, DeviceUnavailable, SingularCurvature
from fil_core.linalg import Curvature
from fil_core.models.checks import check_memory, check_task, check_weights, why_singular
from fil_core.models.newton import Optimum
from fil_core.models.terms import Glm, Model, Softmax
from fil_core.progress import Progress
from fil_core.specs import ModelSpec


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model at its optimum.

    Attributes:
        spec: kind and penalty.
        optimum: parameters, gradient norm, tolerance, steps.
        curvature: the Hessian there, factorised.
        classes: number of classes, 0 for a regression.
        weights: (n,) weights of the training examples.
        intercept: whether the last parameter (the last column of Theta) is a constant term.
        moved: for pretrained parameters, how far they were from the optimum, relative to its length; else 0.
    """

    spec: ModelSpec
    optimum: Optimum
    curvature: Curvature
    classes: int
    weights: Tensor
    intercept: bool = False
    moved: float = 0.0

    @property
    def theta(self) -> Tensor:
        """Parameters: (d,), or (C, d) for softmax; one more than features with an intercept, the last."""
        return self.optimum.theta

    def design(self, X: np.ndarray) -> Tensor:
        """The model's inputs of features (n, d): themselves, and with an intercept a column of ones, the last."""
        return design(X, self.intercept, self.theta.device)

    def targets(self, y: np.ndarray) -> Tensor:
        """Targets in the model's coding, see `code_targets`."""
        return code_targets(self.spec, self.classes, y, self.theta.device)

    def scores(self, X: np.ndarray) -> Tensor:
        """Scores theta^T x: (n,), or (n, C) for softmax."""
        transposed = self.theta.movedim(-1, 0)  # a vector stays as it is; .T on one is deprecated
        return self.design(X) @ transposed

    def terms(self, dataset: Dataset) -> Glm | Softmax:
        """Loss and derivatives at the optimum for every training example."""
        X, y, z = self.design(dataset.X), self.targets(dataset.y), self.scores(dataset.X)
        return model_of(self.spec).terms(X, self.weights, self.theta, y, z, self.curvature, self.intercept)

    def predictions(self, Z: Tensor) -> Tensor:
        """Class codes from scores (classification), or the scores themselves (regression)."""
        return model_of(self.spec).predict(Z, self.classes)

    def score(self, X: np.ndarray, y: np.ndarray) -> float:
        """Accuracy (classification) or mean squared error (regression) on some examples; NaN for no examples."""
        if not len(y):
            return float("nan")
        predicted = self.predictions(self.scores(X)).cpu().numpy()
        return float(np.mean(predicted == y)) if self.classes else float(np.mean((predicted - y) ** 2))


def device_of(name: str) -> torch.device:
    """The device of a name: `cpu`, `cuda`, or `auto`, which takes CUDA where there is a GPU.

    Raises:
        DeviceUnavailable: `cuda` on a machine without a GPU.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailable("device: expected a CUDA GPU for cuda, found none on this machine; use cpu or auto.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def code_targets(spec: ModelSpec, classes: int, y: np.ndarray, device: torch.device) -> Tensor:
    """Targets in a model's coding: reals or -1/+1 (least squares), 0/1 (logistic), one-hot (softmax).

    Args:
        spec: the model.
        classes: number of classes, 0 for a regression.
        y: (n,) class codes 0..C-1, or real values for a regression.
        device: where the targets are to be.

    Returns:
        (n,) float64, or (n, C) for softmax.
    """
    code = torch.tensor(y, dtype=torch.float64, device=device)
    return model_of(spec).code(code, classes)


def model_of(spec: ModelSpec) -> Model:
    """The code of a spec's family."""
    model: Model = spec.family.model.load()
    return model


def as_tensor(X: np.ndarray, device: torch.device) -> Tensor:
    """A float64 tensor, on the CPU one that shares memory with X; never write to it."""
    return torch.from_numpy(X).to(device=device, dtype=torch.float64)


def design(X: np.ndarray, intercept: bool, device: torch.device) -> Tensor:
    """Features (n, d) with a column of ones as the last where there is an intercept."""
    features = as_tensor(X, device)
    return torch.cat([features, features.new_ones(len(X), 1)], 1) if intercept else features


def penalties(spec: ModelSpec, dataset: Dataset, intercept: bool, device: torch.device) -> float | Tensor:
    """The penalty n * l2, or with an intercept one for each column of the design, 0 for the constant."""
    ridge = dataset.n * spec.penalty
    if not intercept:
        return ridge
    each = torch.full((dataset.d + 1,), ridge, dtype=torch.float64, device=device)
    each[-1] = 0.0
    return each


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

    Minimises `sum_i w_i loss_i + n * l2 / 2 * |theta|^2` in float64; an intercept is not penalised.

    Args:
        spec: kind and l2.
        dataset: n training examples.
        weights: (n,) finite and >= 0, some of every class > 0, with a mean about 1; None for ones. Where the spec
            names a weighting, the weights that the engine computed for it.
        start: (d,) or (C, d) starting point, such as the parameters of a similar model; None for zeros. The optimum
            does not depend on it.
        device: where to compute; None for the CPU.
        progress: called with (done, total, what).

    Returns:
        The model at its optimum.

    Raises:
        BadRequest: the model does not fit the task, the weights are invalid, or the spec names a weighting and
            `weights` is None.
        NotConverged, SingularCurvature: there is no optimum; the message says what to change.
    """
    if spec.weights is not None and weights is None:
        raise BadRequest(
            f"weights: expected numbers for {spec.weights.text}, which only names them; ask an Engine, or pass weights."
        )
    check_task(spec, dataset)
    device = device or torch.device("cpu")
    check_memory(spec, dataset, device)
    w = _weights(weights, dataset, device)
    classes = len(dataset.class_names)
    intercept = spec.has_intercept(dataset)
    X, y = design(dataset.X, intercept, device), code_targets(spec, classes, dataset.y, device)
    try:
        optimum, curvature = model_of(spec).fit(
            X, y, None if weights is None else w, penalties(spec, dataset, intercept, device), progress, start
        )
    except SingularCurvature as error:
        raise SingularCurvature(f"{error} {why_singular(dataset, intercept)}") from error
    return Fitted(spec, optimum, curvature, classes, w, intercept)


def _weights(weights: np.ndarray | None, dataset: Dataset, device: torch.device) -> Tensor:
    if weights is None:
        return torch.ones(dataset.n, dtype=torch.float64, device=device)
    weights = np.asarray(weights, dtype=np.float64)
    check_weights(weights, dataset)
    return torch.tensor(weights, device=device)
