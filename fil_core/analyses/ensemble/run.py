"""Training models of an ensemble, and the signals of all examples under them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.ensemble.checks import check_halves
from fil_core.analyses.ensemble.request import EnsembleRequest
from fil_core.analyses.ensemble.signals import as_result
from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest
from fil_core.membership.confidence import closeness, logit_confidence
from fil_core.membership.halves import half, inclusion, member_seed
from fil_core.mitigations.training import check_trainable, rows_of, train
from fil_core.models import Fitted
from fil_core.models.checks import check_task
from fil_core.models.networks.inputs import score_name
from fil_core.models.networks.losses import cross_entropy, squared
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs.weights import Dropping

_NOISE = 1  # what `member_seed` draws the output noise with


def check(request: EnsembleRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for a model that does not fit the data, or that cannot be trained on halves."""
    check_task(request.model, dataset)
    check_trainable(request.model)
    check_halves(dataset)
    weights = request.model.weights
    if isinstance(weights, Dropping) and weights.k >= dataset.n // 2:
        raise BadRequest(
            f"weights: expected to leave out fewer than the {dataset.n // 2:,} examples of a half, which each model is "
            f"trained on; got {weights.k:,}."
        )


def run(request: EnsembleRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Train the models, and read off what an attacker sees.

    Args:
        request: the models.
        inputs: the data.
        progress: called with (done, total, what).
    """
    data, start = inputs.dataset, None
    who = inclusion(data.n, request.members, request.ensemble_seed)
    by_model: list[dict[str, np.ndarray]] = []
    for column, member in enumerate(request.members):
        if progress:
            progress(column, len(request.members), "training the ensemble")
        fitted = _trained(request, inputs, member, start)
        start = fitted.theta
        by_model.append(_seen(fitted, _released(request, fitted.theta, member), data, who[:, column]))
    arrays = {name: np.stack([one[name] for one in by_model], -1) for name in by_model[0] if name != "outputs"}
    outputs = np.stack([one["outputs"] for one in by_model])
    return as_result(
        data, request.members, who, arrays, outputs, score_name(data), squared=request.model.kind == "least-squares"
    )


def _trained(request: EnsembleRequest, inputs: Inputs, member: int, start: Tensor | None) -> Fitted:
    part = rows_of(inputs.dataset, half(inputs.dataset.n, member, request.ensemble_seed))
    missing = np.setdiff1d(np.arange(len(part.class_names)), part.y)
    if missing.size:
        raise BadData(
            f"model: expected rows of every class in each half; class {part.class_names[missing[0]]} has none in the "
            f"half of model {member}. Take more rows, or other classes."
        )
    return train(request.model, part, device=inputs.device, start=start)


def _released(request: EnsembleRequest, theta: Tensor, member: int) -> Tensor:
    """The parameters with the noise of their release."""
    if request.release_sigma is None:
        return theta
    rng = np.random.default_rng(member_seed(member, request.ensemble_seed, _NOISE))
    return theta + request.release_sigma * torch.as_tensor(rng.standard_normal(tuple(theta.shape))).to(theta)


def _seen(fitted: Fitted, theta: Tensor, data: Dataset, who: np.ndarray) -> dict[str, np.ndarray]:
    """What is read off one model: by example, and for the whole."""
    read = _Reader(fitted, theta, data)
    scores, losses, gradients, outputs, right = read.at(data.X, data.y)
    population, population_losses, _, _, right_test = read.at(data.X_test, data.y_test)
    found = {
        "scores": scores, "losses": losses, "gradients": gradients, "outputs": outputs,
        "train_score": np.asarray(right[who].mean()),
        "test_score": np.asarray(right_test.mean() if len(right_test) else np.nan),
    }  # fmt: skip
    return found | ({"population": population, "population_losses": population_losses} if len(population) else {})


class _Reader:
    """Scores, losses and gradients of any rows under released parameters."""

    def __init__(self, fitted: Fitted, theta: Tensor, data: Dataset) -> None:
        self.fitted, self.theta = fitted, theta
        self.scale = float(data.y.std()) or 1.0

    def at(self, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
        """Score, loss, norm of the gradient, outputs (m, k), and whether it is right or the squared error."""
        fitted, family = self.fitted, self.fitted.spec.kind
        inputs, targets = fitted.design(X), fitted.targets(y)
        Z = inputs @ self.theta.movedim(-1, 0)
        Z, T = (Z[:, None], targets[:, None]) if Z.ndim == 1 else (Z, targets)
        score, losses, residual = _FAMILIES[family](Z, T)
        if not fitted.classes:
            score = closeness(Z, T, self.scale)
        gradient = residual.norm(dim=1) * inputs.norm(dim=1)
        right = (score > 0).double() if fitted.classes else (Z - T).square()[:, 0]
        return tuple(each.cpu().numpy() for each in (score, losses, gradient, Z, right))


def _least_squares(Z: Tensor, T: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return (T * Z)[:, 0], squared(Z, T), Z - T


def _logistic(Z: Tensor, T: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return logit_confidence(Z, T), cross_entropy(Z, T), Z.sigmoid() - T


def _softmax(Z: Tensor, T: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return logit_confidence(Z, T), cross_entropy(Z, T), Z.softmax(1) - T


_FAMILIES: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]] = {
    "least-squares": _least_squares,
    "logistic": _logistic,
    "softmax": _softmax,
}
