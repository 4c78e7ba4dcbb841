"""The row of one model: how it does, what it gives away, and how well determined that is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from fil_core.analyses.analysis import Answer, Inputs
from fil_core.analyses.network.run import weights_of
from fil_core.analyses.network_influence.run import trained
from fil_core.errors import FilError
from fil_core.models import Fitted, fit
from fil_core.models.networks.problem import problem
from fil_core.models.networks.training import trainable
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.shift.overfitting import Leaks, Utility, leaks_of_features, leaks_of_powers, utility
from fil_core.shift.polynomials import powers_of
from fil_core.shift.widths import Trained
from fil_core.specs import ModelSpec, NetworkSpec

HeldOut = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Row:
    """One model.

    Attributes:
        columns: of the table, by name.
        leaks: what it gives away of single examples.
        warnings: about it.
    """

    columns: dict[str, float]
    leaks: Leaks
    warnings: tuple[str, ...] = ()


def of_features(value: float, spec: ModelSpec, inputs: Inputs, held_out: HeldOut, progress: Progress | None) -> Row:
    """A linear model of the features as they are.

    Args:
        value: its penalty, as the axis has it.
        spec: the model.
        inputs: the data and the device.
        held_out: features and labels of examples that it is not trained on.
        progress: called with (done, total, what).
    """
    fitted = fit(spec, inputs.dataset, device=inputs.device, progress=progress)
    leaks = leaks_of_features(fitted, inputs.dataset, held_out, progress=progress)
    return _linear(value, fitted, utility(fitted, inputs.dataset), leaks)


def of_powers(degree: int, spec: ModelSpec, inputs: Inputs, held_out: HeldOut, progress: Progress | None) -> Row:
    """A linear model of powers of the features.

    Args:
        degree: the highest power.
        spec: the model.
        inputs: the data and the device.
        held_out: features and labels of examples that it is not trained on.
        progress: called with (done, total, what).
    """
    powers = powers_of(inputs.dataset.X, degree)
    raised = powers.dataset(inputs.dataset)
    fitted = fit(spec, raised, device=inputs.device, progress=progress)
    leaks = leaks_of_powers(fitted, powers, inputs.dataset, held_out, progress=progress)
    return _linear(float(degree), fitted, utility(fitted, raised), leaks)


def _linear(value: float, fitted: Fitted, does: Utility, leaks: Leaks) -> Row:
    known = {"condition": fitted.curvature.condition, "grad_norm": fitted.optimum.grad_norm}
    return Row(_columns(value, fitted.spec.penalty, fitted.theta.numel(), does, leaks) | known, leaks)


def of_network(
    spec: NetworkSpec, inputs: Inputs, run: Result, unique: Answer, rows: int, progress: Progress | None
) -> Row:
    """A trained network.

    Args:
        spec: the network.
        inputs: the data and the device.
        run: its training.
        unique: the unique information of its examples, or why there is none.
        rows: number of test rows whose eta is measured, from the first on.
        progress: called with (done, total, what).
    """
    at, data = problem(spec, inputs.dataset, inputs.device), inputs.dataset
    module = trained(at.module, weights_of(run, at.X.device)).double()
    X, Y, X_test, Y_test = (each.double() for each in (at.X, at.Y, at.X_test[:rows], at.Y_test[:rows]))
    network = Trained(module, X, Y, spec.l2, len(data.class_names))
    alone = np.full(data.n, np.nan) if isinstance(unique, FilError) else unique.table["si_weights"].to_numpy()
    leaks = Leaks(
        _numbers(network.eta(X, Y, progress)), network.whole(progress), _numbers(network.leverage()), alone,
        _numbers(network.eta(X_test, Y_test, progress)),
    )  # fmt: skip
    losses = [float(run.arrays[f"{split}_losses"].mean()) for split in ("train", "test")]
    does = Utility(losses[0], losses[1], run.summary["train_score"], run.summary["test_score"])
    start = {name: value.double() for name, value in trainable(at.module).items()}
    known = {
        "condition": network.condition,
        "grad_norm": network.gradient_norm(start),
        "hessian_least": network.hessian_least(),
    }
    told = (f"There is no unique information of width {spec.width}: {unique}",) if isinstance(unique, FilError) else ()
    return Row(_columns(float(spec.width), spec.l2, network.point.p, does, leaks) | known, leaks, told)


def _numbers(values: torch.Tensor) -> np.ndarray:
    found: np.ndarray = values.cpu().numpy()
    return found


def _columns(value: float, l2: float, parameters: int, does: Utility, leaks: Leaks) -> dict[str, Any]:
    told = asdict(does)
    return {
        "value": value, "l2": l2, "parameters": parameters, "train_loss": told["train_loss"],
        "test_loss": told["test_loss"], "gap": does.test_loss - does.train_loss, "train_score": told["train_score"],
        "test_score": told["test_score"],
    } | leaks.summaries()  # fmt: skip
