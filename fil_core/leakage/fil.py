"""Fisher information loss, and the measures beside it, of every training example.

Two points at x = 1 with targets 0 and 2, least squares without a penalty: H = 2, theta = 1, r = (1, -1), u = 1/2, hence
J_1 = -[r/H + u theta, -u] = -[1, -1/2] and J_2 = -[0, -1/2].

>>> from fil_core.dataset import Preprocessing
>>> from fil_core.models import fit
>>> from fil_core.specs import ModelSpec
>>> X, y = np.ones((2, 1)), np.array([0.0, 2.0])
>>> points = Dataset(
...     X=X, y=y, ids=np.arange(2), X_test=X, y_test=y, task="regression", class_names=(), feature_names=("x",),
...     source=X, source_names=("x",), preprocessing=Preprocessing(np.ones(1), np.zeros(1)), title="two points",
... )
>>> fitted = fit(ModelSpec(kind="least-squares", l2=0.0), points)
>>> fil(fitted, points).square().round(decimals=9).tolist()
[1.25, 0.25]
>>> round(group_fil(fitted, points, [0, 1]) ** 2, 9)  # one row, so the squares add
1.5
>>> measure(fitted, points, prior_std=1.0)[["dfil", "bound_prior", "leverage", "loo_shift"]].round(9).values.tolist()
[[1.0, 0.5, 0.5, 1.0], [0.0, 1.0, 0.5, 1.0]]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.leakage.calibration import membership_auc
from fil_core.leakage.glm import GlmJacobians
from fil_core.leakage.softmax import SoftmaxJacobians
from fil_core.linalg import sum_zero_basis
from fil_core.models import Fitted, Glm, Softmax
from fil_core.models.leave_one_out import leave_one_out
from fil_core.progress import Progress
from fil_core.specs.checks import positive
from fil_core.specs.families import LARGE, bounded

Jacobians = GlmJacobians | SoftmaxJacobians
JACOBIAN_COLUMNS = ("eta", "eta_all", "dfil", "bound_unbiased", "bound_prior", "leverage")

_BLOCK = {"cpu": 2**23, "cuda": 2**27}  # values in one block: 64 MB on the CPU, 1 GB on a GPU


def jacobians(terms: Glm | Softmax, rows: slice | Tensor) -> Jacobians:
    """The structured Jacobians of some examples."""
    return GlmJacobians(terms, rows) if isinstance(terms, Glm) else SoftmaxJacobians(terms, rows)


def width(terms: Glm | Softmax) -> int:
    """Float64 values that a block of Jacobians needs for each example."""
    return GlmJacobians.width(terms) if isinstance(terms, Glm) else SoftmaxJacobians.width(terms)


def blocks(
    terms: Glm | Softmax, progress: Progress | None = None, rows: slice = slice(None)
) -> Iterator[tuple[slice, Jacobians]]:
    """All examples, or consecutive ones, a block of bounded memory at a time."""
    begin, end, _ = rows.indices(terms.X.shape[0])
    size = _rows(terms)
    for start in range(begin, end, size):
        if progress:
            progress(start - begin, end - begin, "measuring each example")
        block = slice(start, min(start + size, end))
        yield block, jacobians(terms, block)


def _rows(terms: Glm | Softmax) -> int:
    """Examples in a block."""
    fewest = 1 if isinstance(terms, Glm) else SoftmaxJacobians.fewest(terms)
    return max(fewest, _BLOCK[terms.X.device.type] // width(terms))


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
        columns: numbers of the features that are the attribute at risk; empty for all features and the label.
        simplex: the columns are one-hot with every level, so only directions that sum to zero count.
        progress: called with (examples done, n, text).

    Returns:
        eta, (n,), >= 0, in 1/feature units. Scales as 1/sigma; 0 for an example of weight 0.

    Raises:
        BadRequest: sigma <= 0.

    Source: Hannun, Guo, van der Maaten (UAI 2021), Sec. 4; docs/maths.md, section 2.
    """
    positive("sigma", sigma)
    terms = fitted.terms(dataset)
    basis = simplex_basis(dataset, columns) if simplex else None
    parts = [_eta(J, columns, basis) / sigma for _, J in blocks(terms, progress)]
    return torch.cat(parts)


def feature_eta(fitted: Fitted, dataset: Dataset, *, sigma: float = 1.0, progress: Progress | None = None) -> Tensor:
    """Fisher information loss of each training example through its features alone, without the label.

    eta_i = |J_x,i|_2 / sigma.

    Args:
        fitted: an optimum with its curvature factorised.
        dataset: the n examples it was trained on.
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        progress: called with (examples done, n, text).

    Returns:
        (n,), at most `fil` of the whole example.

    Raises:
        BadRequest: sigma <= 0.
    """
    positive("sigma", sigma)
    return torch.cat([J.feature_eta_squared().sqrt() / sigma for _, J in blocks(fitted.terms(dataset), progress)])


def simplex_basis(dataset: Dataset, columns: Sequence[int]) -> Tensor:
    """An orthonormal basis of the moves of one-hot columns that sum to zero in the source.

    Of columns with scales of their own, as after standardising 0 and 1, those moves v have sum_j v_j / scale_j = 0.

    Args:
        dataset: without principal components.
        columns: numbers of the k columns, k >= 2.

    Returns:
        (k, k - 1), in preprocessed units.
    """
    scale = np.broadcast_to(dataset.preprocessing.scale, (dataset.d,))[list(columns)]
    if np.ptp(scale) == 0:
        return sum_zero_basis(len(columns))
    normal = torch.from_numpy(1 / scale)[:, None]
    return torch.linalg.qr(normal, mode="complete")[0][:, 1:]


def _eta(J: Jacobians, columns: Sequence[int], basis: Tensor | None) -> Tensor:
    if not columns:
        return J.eta_squared().sqrt()
    return J.attribute_eta_squared(list(columns), None if basis is None else basis.to(J.X)).sqrt()


def group_fil(fitted: Fitted, dataset: Dataset, rows: Sequence[int], *, sigma: float = 1.0) -> float:
    """eta of several examples taken together: |[J_1, ..., J_m]|_2 / sigma.

    Args:
        fitted: an optimum with its curvature factorised.
        dataset: the n examples it was trained on.
        rows: positions of the m examples in the training split, at least one.
        sigma: standard deviation of the Gaussian output perturbation, > 0.

    Returns:
        At least the largest eta among them, at most the root of the sum of their squares.

    Raises:
        BadRequest: no rows, or sigma <= 0.
    """
    positive("sigma", sigma)
    if not len(rows):
        raise BadRequest("group: expected at least one training example; got none.")
    J = jacobians(fitted.terms(dataset), torch.as_tensor(list(rows), device=fitted.theta.device))
    return max(J.group_eta_squared(), 0.0) ** 0.5 / sigma


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
    """One row per training example: eta and the measures beside it.

    Args:
        fitted: an optimum with its curvature factorised.
        dataset: the n examples it was trained on, features (n, d).
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        columns: numbers of the features that are the attribute at risk, as for `fil`.
        simplex: the columns are one-hot with every level, as for `fil`.
        prior_std: standard deviation per feature of an attacker's Gaussian prior, > 0, in feature units.
        progress: called with (examples done, n, text).

    Returns:
        Index `id`; columns `label`, `eta` (of `columns` where there are any, and then `eta_all` of the whole example),
        `dfil` (|J_x|_F^2 / (sigma^2 d)), `loss`, `grad_norm` (of the loss, in theta), `score` (theta^T x, for softmax
        that of the label), `prediction` and `correct` (classification), `bound_unbiased` and `bound_prior` (Cramér–Rao
        and van Trees bound on the mean-squared reconstruction error per feature), `leverage`, `loo_shift`
        (|theta_{-i} - theta|), `membership_auc` (of the best membership test), `weight`. `attrs["loo_error"]` is the
        estimated largest relative error of `loo_shift`, see `leave_one_out`.

    Source: dfil and the bounds, Guo et al. (ICML 2022); docs/maths.md, sections 1 to 3.
    """
    by_column = measured(
        fitted, dataset, slice(0, dataset.n), sigma=sigma, columns=columns, simplex=simplex, prior_std=prior_std,
        progress=progress,
    )  # fmt: skip
    return completed(by_column, fitted, dataset, sigma=sigma, prior_std=prior_std, progress=progress)


def measured(
    fitted: Fitted,
    dataset: Dataset,
    rows: slice,
    *,
    sigma: float = 1.0,
    columns: Sequence[int] = (),
    simplex: bool = False,
    prior_std: float,
    attributes: Mapping[str, Sequence[int]] | None = None,
    progress: Progress | None = None,
) -> dict[str, np.ndarray]:
    """The columns of `measure` that follow from the Jacobians of consecutive training examples.

    Args:
        fitted: as for `measure`.
        dataset: as for `measure`.
        rows: positions of the m examples, from start to stop.
        sigma: as for `measure`.
        columns: as for `measure`.
        simplex: as for `measure`.
        prior_std: as for `measure`.
        attributes: by the name of a further column, the features of which eta is taken for it.
        progress: called with (examples done, m, text).

    Returns:
        By name, (m,) each.
    """
    basis = simplex_basis(dataset, columns) if simplex else None
    collected: list[dict[str, Tensor]] = []
    for _, J in blocks(fitted.terms(dataset), progress, rows):
        of_attributes = {name: _eta(J, chosen, None) / sigma for name, chosen in (attributes or {}).items()}
        collected.append(block_columns(J, sigma, columns, basis, prior_std) | of_attributes)
    return {name: torch.cat([c[name] for c in collected]).cpu().numpy() for name in collected[0]}


def completed(
    by_column: Mapping[str, np.ndarray],
    fitted: Fitted,
    dataset: Dataset,
    *,
    sigma: float = 1.0,
    prior_std: float,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The table of `measure`, from what `measured` returns of all examples.

    Of a large softmax model the two bounds, a factorisation of a matrix of all features for each example, are those of
    examples of largest eta, as many as `bounded` says; the others have none.

    Args:
        by_column: (n,) each.
        fitted: as for `measure`.
        dataset: as for `measure`.
        sigma: as for `measure`.
        prior_std: as for `measure`.
        progress: called with (examples done, n, text).
    """
    left_out = leave_one_out(fitted, dataset, progress=progress)
    last = {name: values for name, values in by_column.items() if name not in JACOBIAN_COLUMNS}
    table = {name: values for name, values in by_column.items() if name in JACOBIAN_COLUMNS}
    table |= _bounds_of_leakiest(table["eta"], fitted, dataset, sigma, prior_std, progress)
    table["loo_shift"] = left_out.shift.cpu().numpy()
    frame = pd.DataFrame({"label": dataset.labels} | table | _model_columns(fitted, fitted.terms(dataset), dataset))
    frame["membership_auc"] = membership_auc(frame["loo_shift"].to_numpy(), sigma)
    frame["weight"] = fitted.weights.cpu().numpy()
    for name, values in last.items():
        frame[name] = values
    frame.index = pd.Index(dataset.ids, name="id")
    frame.attrs["loo_error"] = left_out.error
    return frame


def _bounds_of_leakiest(
    eta: np.ndarray, fitted: Fitted, dataset: Dataset, sigma: float, prior_std: float, progress: Progress | None
) -> dict[str, np.ndarray]:
    """The two bounds where `measured` leaves them out, by column, (n,) each; nothing where it does not."""
    terms = fitted.terms(dataset)
    if _has_bounds(terms):
        return {}
    found = {name: np.full(len(eta), np.nan) for name in ("bound_unbiased", "bound_prior")}
    leakiest = np.argsort(-eta, kind="stable")[: bounded(terms.features)]
    size = _rows(terms)
    for start in range(0, len(leakiest), size):
        if progress:
            progress(start, len(leakiest), "bounds of the leakiest examples")
        rows = leakiest[start : start + size]
        J = jacobians(terms, torch.from_numpy(rows).to(terms.X.device))
        found["bound_unbiased"][rows] = J.bound_unbiased(sigma).cpu().numpy()
        found["bound_prior"][rows] = J.bound_prior(sigma, prior_std).cpu().numpy()
    return found


def _has_bounds(terms: Glm | Softmax) -> bool:
    """Whether every example gets its two bounds, see `completed`."""
    return isinstance(terms, Glm) or terms.curvature.size <= LARGE


def block_columns(
    J: Jacobians, sigma: float, columns: Sequence[int], basis: Tensor | None, prior_std: float
) -> dict[str, Tensor]:
    """The columns of `measure` that follow from the Jacobians of a block of examples.

    Args:
        J: of m examples.
        sigma: as for `fil`.
        columns: as for `fil`.
        basis: of the moves of these columns, as from `simplex_basis`; None for all.
        prior_std: as for `measure`.

    Returns:
        By name, (m,) each; bounds of a large softmax model are NaN.
    """
    whole, bounded = J.eta_squared().sqrt() / sigma, isinstance(J, GlmJacobians) or _has_bounds(J.terms)
    eta = {"eta": _eta(J, columns, basis) / sigma, "eta_all": whole} if columns else {"eta": whole}
    return eta | {
        "dfil": J.trace() / (sigma**2 * J.f),
        "bound_unbiased": J.bound_unbiased(sigma) if bounded else torch.full_like(whole, torch.nan),
        "bound_prior": J.bound_prior(sigma, prior_std) if bounded else torch.full_like(whole, torch.nan),
        "leverage": J.leverage(),
    }


def _model_columns(fitted: Fitted, terms: Glm | Softmax, dataset: Dataset) -> dict[str, np.ndarray]:
    """Loss, gradient norm, score and prediction."""
    if isinstance(terms, Softmax):
        size, score = terms.delta.norm(dim=1), (terms.Z * terms.Y).sum(1)
        predicted = fitted.predictions(terms.Z)
    else:
        size, score, predicted = terms.r.abs(), terms.z, fitted.predictions(terms.z)
    columns = {"loss": terms.loss, "grad_norm": size * terms.X.norm(dim=1), "score": score}
    table = {name: value.cpu().numpy() for name, value in columns.items()}
    if fitted.classes:
        codes = predicted.cpu().numpy()
        table |= {"prediction": dataset.named(codes), "correct": codes == dataset.y}
    return table
