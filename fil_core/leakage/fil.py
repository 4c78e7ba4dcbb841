"""Fisher information loss, and what stands beside it, of every training example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.leakage.calibration import membership_auc
from fil_core.leakage.glm import GlmJacobians
from fil_core.leakage.softmax import SoftmaxJacobians
from fil_core.models import Fitted, Glm, Softmax
from fil_core.progress import Progress
from fil_core.specs.checks import positive

Jacobians = GlmJacobians | SoftmaxJacobians

_BLOCK = {"cpu": 2**23, "cuda": 2**27}  # values in one block: 64 MB on the CPU, 1 GB on a GPU


def jacobians(terms: Glm | Softmax, rows: slice | Tensor) -> Jacobians:
    """The structured Jacobians of some examples."""
    return GlmJacobians(terms, rows) if isinstance(terms, Glm) else SoftmaxJacobians(terms, rows)


def blocks(terms: Glm | Softmax, progress: Progress | None = None) -> Iterator[tuple[slice, Jacobians]]:
    """All examples, a block of bounded memory at a time."""
    n = terms.X.shape[0]
    width = GlmJacobians.width(terms) if isinstance(terms, Glm) else SoftmaxJacobians.width(terms)
    rows = max(1, _BLOCK[terms.X.device.type] // width)
    for start in range(0, n, rows):
        if progress:
            progress(start, n, "measuring each example")
        block = slice(start, min(start + rows, n))
        yield block, jacobians(terms, block)


def fil(
    fitted: Fitted,
    dataset: Dataset,
    *,
    sigma: float = 1.0,
    columns: Sequence[int] = (),
    simplex: bool = False,
    progress: Progress | None = None,
) -> Tensor:
    """Fisher information loss of each training example.

    eta_i = |J_i|_2 / sigma with J_i = d theta* / d(x_i, y_i), exact.

    Args:
        fitted: an optimum with its curvature factorised.
        dataset: the n examples it was trained on, features (n, d).
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        columns: the features an attacker is after; empty for all of them and the label.
        simplex: the columns are one-hot with every level, so only directions that sum to zero count.
        progress: told (done, total, what).

    Returns:
        eta, (n,), >= 0, in 1/feature units. Scales as 1/sigma; 0 for an example of weight 0.

    Raises:
        BadRequest: sigma <= 0.

    Source: Hannun, Guo, van der Maaten (UAI 2021), Sec. 4; docs/maths.md, section 2.
    """
    positive("sigma", sigma)
    terms = fitted.terms(dataset)
    parts = [_eta(J, columns, simplex) / sigma for _, J in blocks(terms, progress)]
    return torch.cat(parts)


def _eta(J: Jacobians, columns: Sequence[int], simplex: bool) -> Tensor:
    if not columns:
        return J.eta_squared().sqrt()
    basis = sum_zero_basis(len(columns)).to(J.X) if simplex else None
    return J.attribute_eta_squared(list(columns), basis).sqrt()


def sum_zero_basis(k: int) -> Tensor:
    """Orthonormal basis of the directions in R^k that sum to zero, (k, k-1).

    Raises:
        BadRequest: k < 2, where there is none.
    """
    if k < 2:
        raise BadRequest(f"simplex: expected an attribute of at least two columns; got {k}.")
    full = torch.linalg.qr(torch.cat([torch.ones(k, 1), torch.eye(k)[:, 1:]], 1).double())[0]
    return full[:, 1:]


def group_fil(fitted: Fitted, dataset: Dataset, rows: Sequence[int], *, sigma: float = 1.0) -> float:
    """eta of several examples taken together: |[J_1, ..., J_m]|_2 / sigma.

    Args:
        fitted, dataset: as for `fil`.
        rows: positions of the examples in the training split, at least one.
        sigma: as for `fil`.

    Returns:
        At least the largest eta among them, at most the root of the sum of their squares.

    Raises:
        BadRequest: no rows, or sigma <= 0.
    """
    positive("sigma", sigma)
    if not len(rows):
        raise BadRequest("group: expected at least one training example; got none.")
    J = jacobians(fitted.terms(dataset), torch.as_tensor(list(rows), device=fitted.theta.device))
    return float(torch.linalg.eigvalsh(J.outer_sum())[-1].clamp_min(0).sqrt()) / sigma


def measure(
    fitted: Fitted,
    dataset: Dataset,
    *,
    sigma: float = 1.0,
    columns: Sequence[int] = (),
    simplex: bool = False,
    prior_std: float,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """One row per training example: eta and all that is read beside it.

    Args:
        fitted, dataset, sigma, columns, simplex, progress: as for `fil`.
        prior_std: standard deviation a feature of an attacker's Gaussian prior, > 0, in feature units.

    Returns:
        Index `id`; columns `label`, `eta` (of `columns` where given, then `eta_all` has the whole example's), `dfil`
        (|J_x|_F^2 / (sigma^2 d), Guo et al. 2022), `loss`, `grad_norm` (of the loss, in theta), `score` (theta^T x, of
        the own class for softmax), `prediction` and `correct` (classification), `bound_unbiased` and `bound_prior`
        (mean-squared reconstruction error a feature, lower bounds), `leverage`, `loo_shift` (how far theta moves when
        the example is left out), `membership_auc` (of the best test for that), `weight`.
    """
    terms = fitted.terms(dataset)
    collected: list[dict[str, Tensor]] = []
    for _, J in blocks(terms, progress):
        collected.append(_block_columns(J, sigma, columns, simplex, prior_std))
    table = {name: torch.cat([c[name] for c in collected]).cpu().numpy() for name in collected[0]}
    frame = pd.DataFrame({"label": dataset.labels} | table | _model_columns(fitted, terms, dataset))
    frame["membership_auc"] = membership_auc(frame["loo_shift"].to_numpy(), sigma)
    frame["weight"] = fitted.weights.cpu().numpy()
    frame.index = pd.Index(dataset.ids, name="id")
    return frame


def _block_columns(
    J: Jacobians, sigma: float, columns: Sequence[int], simplex: bool, prior_std: float
) -> dict[str, Tensor]:
    whole = J.eta_squared().sqrt() / sigma
    found = {"eta": _eta(J, columns, simplex) / sigma, "eta_all": whole} if columns else {"eta": whole}
    return found | {
        "dfil": J.trace() / (sigma**2 * J.X.shape[1]),
        "bound_unbiased": J.bound_unbiased(sigma),
        "bound_prior": J.bound_prior(sigma, prior_std),
        "leverage": J.leverage(),
        "loo_shift": J.leave_one_out_shift(),
    }


def _model_columns(fitted: Fitted, terms: Glm | Softmax, dataset: Dataset) -> dict[str, np.ndarray]:
    """Loss, gradient norm, score and prediction, in the model's own terms."""
    if isinstance(terms, Softmax):
        size, score = terms.delta.norm(dim=1), (terms.Z * terms.Y).sum(1)
        predicted = fitted.predictions(terms.Z)
    else:
        size, score, predicted = terms.r.abs(), terms.z, fitted.predictions(terms.z)
    columns = {"loss": terms.loss, "grad_norm": size * terms.X.norm(dim=1), "score": score}
    found = {name: value.cpu().numpy() for name, value in columns.items()}
    if fitted.classes:
        codes = predicted.cpu().numpy()
        found |= {"prediction": dataset.named(codes), "correct": codes == dataset.y}
    return found
