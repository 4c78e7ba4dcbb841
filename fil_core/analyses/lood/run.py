"""Leave-one-out distinguishability of every record, from one factorisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from fil_core.analyses.analysis import Inputs
from fil_core.analyses.lood.request import LoodRequest
from fil_core.dataset import Dataset
from fil_core.display.numbers import counted, verb
from fil_core.errors import BadData, BadRequest
from fil_core.lood import gaussians
from fil_core.lood.gaussians import Gap
from fil_core.lood.posterior import Posterior, at_first_of, twins
from fil_core.lood.process import check_process, free_memory, process, score
from fil_core.models.fitted import device_of
from fil_core.models.networks.inputs import score_name
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import KernelSpec
from fil_core.specs.targets import SELF, TEST, parts_of

SAME = 1 - 1e-9  # kernel correlation of two records that the kernel tells apart by their size alone, to rounding
NOTHING_SEEN = (
    "queries: expected some at which the kernel is not zero; it is at all of them, and they say nothing of any record. "
    "Set --bias-std above 0."
)
_AS_NEAR = 1e-10  # difference of kernel correlations that are the same
_TIED = 15  # further records that are looked at, which may be as near
_UNLIKELY = 2.0  # mean square of the targets over their variance under the process
_ILL_CONDITIONED = 1e10  # condition above which more than ten digits are lost


def check(request: LoodRequest, dataset: Dataset) -> None:
    """Raises BadData or BadRequest for a kernel, records or queries that the data do not have."""
    check_process(request.kernel, dataset, free_memory(device_of(request.device)))
    if request.twins >= dataset.n:
        raise BadRequest(f"twins: expected at most {dataset.n - 1:,}, the other records; got {request.twins:,}.")
    queries_of(request.queries, dataset)


def queries_of(written: str, dataset: Dataset) -> np.ndarray | None:
    """Features of the queries, (m, d); None for `self`, where each record has its own.

    Args:
        written: as `specs.targets.queries` checks it.
        dataset: whose rows they are.

    Raises:
        BadData: they are not there.
    """
    kind, names = parts_of(written)
    if kind == SELF:
        return None
    if kind in ("id", "ids"):
        rows = [dataset.row(_numbered(name, dataset)) for name in dict.fromkeys(names)]
        return dataset.X[rows]
    if not len(dataset.X_test):
        raise BadData(f"queries: expected test rows; {dataset.title} has none. Take --queries self or id:EXAMPLE.")
    if not names:
        return dataset.X_test
    if (row := int(names[0])) >= len(dataset.X_test):
        raise BadData(f"queries: expected a test row from 0 to {len(dataset.X_test) - 1:,}; got {TEST}:{row}.")
    return dataset.X_test[row : row + 1]


def _numbered(name: str, dataset: Dataset) -> int:
    try:
        return dataset.number(name)
    except BadData as error:
        raise BadData(f"queries: {str(error).removeprefix('example: ')}") from error


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is seen at the queries.

    Attributes:
        gap: between the outputs with and without each record, (n,).
        squares: (n,) mean over queries and outputs of (mu_out - mu_in)^2.
        queries: how many there are for each record.
        directions: how many of them are not tied together by the others.
    """

    gap: Gap
    squares: Tensor
    queries: int
    directions: int


def run(request: LoodRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """All measures of every record.

    The arrays hold what the ROC curves follow from: `g` (n,), variance without the record over that with it, less 1,
    and `m` (n,), squared distance of the means over the variance with it. At the records themselves also `mean_in` and
    `mean_out` (n, C), `variance_in` and `variance_out` (n,), of the outputs with the record and without it.

    Args:
        request: kernel, queries, and how twins are left out.
        inputs: the data.
        progress: called with (done, total, what).
    """
    data = inputs.dataset
    p = process(request.kernel, data, inputs.device, progress)
    if progress:
        progress(0, None, "leaving every record out")
    seen = _seen(request, p, data)
    columns: dict[str, Any] = told(seen.gap, request.fpr)
    half = seen.squares / 2 * (seen.queries * p.outputs if request.scaling == "sum" else 1)
    columns = {"kl_lood": columns.pop("kl_lood"), "label": data.labels, **columns}
    columns |= {"mean_lood": half, "leverage": p.leverage}
    if request.queries == SELF:
        columns |= _at_itself(request, p, data)
    columns = {name: value.cpu().numpy() if isinstance(value, Tensor) else value for name, value in columns.items()}
    table = pd.DataFrame(columns, index=pd.Index(data.ids, name="id"))
    summary = _summary(request, p, data, seen, table)
    return Result(table, _arrays(request, p, seen.gap), summary, {"warnings": warnings(summary, request.kernel)})


def _arrays(request: LoodRequest, p: Posterior, gap: Gap) -> dict[str, np.ndarray]:
    found = {"g": gap.g, "m": gap.m}
    if request.queries == SELF:
        given = p.noise * p.leverage
        found |= {"mean_in": p.mean, "mean_out": p.mean_without, "variance_in": given}
        found |= {"variance_out": given * (1 + gap.g)}
    return {name: values.cpu().numpy() for name, values in found.items()}


def told(gap: Gap, fpr: float) -> dict[str, Tensor]:
    """The columns that follow from a gap."""
    return {
        "kl_lood": gaussians.kl(gap),
        "kl_lood_reverse": gaussians.kl_reverse(gap),
        "auc": gaussians.auc(gap),
        f"tpr_at_fpr_{fpr:g}": gaussians.tpr_at(gap, fpr),
        "advantage": gaussians.advantage(gap),
    }


def _seen(request: LoodRequest, p: Posterior, data: Dataset) -> _Seen:
    Q = queries_of(request.queries, data)
    if Q is None:
        return _Seen(p.own(), p.own_shift.square().mean(1), 1, 1)
    queries = p.at(torch.from_numpy(Q).to(p.X.device))
    gap, directions = queries.joint()
    if not directions:
        raise BadData(NOTHING_SEEN)
    return _Seen(gap, queries.mean_squares(), len(Q), directions)


def _at_itself(request: LoodRequest, p: Posterior, data: Dataset) -> dict[str, Any]:
    """What is told of a record and its twins, at the record itself."""
    own = torch.arange(p.n, device=p.X.device)[:, None]
    rows, similarity = _nearest(p, request.twins)
    found: dict[str, Any] = {
        "twin_id": data.ids[rows[:, 0].cpu().numpy()],
        "twin_similarity": similarity[:, 0],
        "kl_with_twins": gaussians.kl(at_first_of(p, torch.cat([own, rows], 1))),
    }
    if data.class_names:
        found["memorisation"] = memorisation(p, data)
    return found


def _nearest(p: Posterior, count: int) -> tuple[Tensor, Tensor]:
    """The nearest other records, (n, count), and their kernel correlations.

    Of several that are as near as each other, as copies of one record are, those come first with which the record
    shows most, so that the order of the rows says nothing.
    """
    rows, similarity = twins(p, min(p.n - 1, count + _TIED))
    own = torch.arange(p.n, device=rows.device)
    shows = torch.stack([gaussians.kl(at_first_of(p, torch.stack([own, other], 1))) for other in rows.unbind(1)], dim=1)
    order = shows.argsort(dim=1, descending=True, stable=True)
    near = (similarity.gather(1, order) / _AS_NEAR).round().argsort(dim=1, descending=True, stable=True)
    order = order.gather(1, near)[:, :count]
    return rows.gather(1, order), similarity.gather(1, order)


def memorisation(p: Posterior, data: Dataset) -> Tensor:
    """Probability that a record's own label has the largest output, with the record less without it, (n,)."""
    labels = torch.from_numpy(data.y.astype(np.int64)).to(p.X.device)
    leverage = p.leverage
    tells = leverage > 0  # a record whose kernel is zero has outputs that are 0 for certain, with it and without it
    given = torch.where(tells, p.noise * leverage, 1.0)
    without = torch.where(tells, given / p.h, 1.0)
    change = gaussians.correct(p.mean, given, labels) - gaussians.correct(p.mean_without, without, labels)
    return torch.where(tells, change, 0.0)


def _summary(request: LoodRequest, p: Posterior, data: Dataset, seen: _Seen, table: pd.DataFrame) -> dict[str, Any]:
    kl, aucs = table["kl_lood"].to_numpy(), table["auc"].to_numpy()
    found = about(p, data) | {
        "queries": seen.queries,
        "directions": seen.directions,
        "mean": float(kl.mean()),
        "median": float(np.median(kl)),
        "max": float(kl.max()),
        "top": int(table.index[kl.argmax()]),
        "auc_mean": float(aucs.mean()),
        "auc_median": float(np.median(aucs)),
        "auc_above_0.75": int((aucs > 0.75).sum()),
    }
    if "twin_similarity" in table:
        found |= {"same": int((table["twin_similarity"] > SAME).sum())}
        found |= {"hidden": int((table["kl_with_twins"] > 2 * table["kl_lood"]).sum())}
    return found


def about(p: Posterior, data: Dataset) -> dict[str, Any]:
    """What a summary tells of a process: sizes, noise, kernel, condition and scores."""
    diagonal = p.K.diagonal()
    test = torch.from_numpy(data.X_test).to(p.X.device)
    return {
        "n": data.n,
        "d": data.d,
        "outputs": p.outputs,
        "classes": len(data.class_names),
        "noise": p.noise,
        "mean_diagonal": float(diagonal.mean()),
        "relative_noise": p.noise / float(diagonal.mean()),
        "target_ratio": float(p.Y.square().mean()) / (float(diagonal.mean()) + p.noise),
        "length": getattr(getattr(p.kernel, "of", p.kernel), "length", None),
        "input_factor": getattr(p.kernel, "factor", 1.0),
        "zero": int((diagonal == 0).sum()),
        "condition": p.condition,
        "score": score_name(data),
        "train_score": score(data, p.mean.cpu().numpy(), data.y),
        "test_score": score(data, p.predict(test).cpu().numpy(), data.y_test) if len(test) else float("nan"),
    }


def warnings(summary: dict[str, Any], kernel: KernelSpec) -> list[str]:
    """What a reader must know of a process."""
    told = []
    if summary["zero"]:
        told.append(
            f"Zero to the kernel, which has no bias, {verb(summary['zero'], 'is', 'are')} "
            f"{counted(summary['zero'], 'training record')}: the outputs there are 0 with such a record and without "
            "it, and it shows nothing. Set --bias-std above 0 to count it."
        )
    if summary["target_ratio"] > _UNLIKELY:
        told.append(
            f"The mean square of the targets is {summary['target_ratio']:.3g} times the mean of k(x, x) + s: to this "
            "process they are unlikely, and leaving a record out moves its outputs by many of their standard "
            "deviations. Standardised features (--preprocess standardise) or a larger --weight-std bring the kernel to "
            "their size."
        )
    if (same := summary.get("same", 0)) and kernel.activation == "relu" and not kernel.bias_std:
        told.append(
            f"{same:,} training records equal another one up to their brightness or length, which {kernel.kind} "
            "without bias does not tell apart."
        )
    if summary["directions"] < summary["queries"] and summary["queries"] > 1:
        told.append(
            f"The {summary['queries']:,} queries have {summary['directions']:,} directions beyond rounding; what the "
            "others could tell is left out, so that the numbers are lower bounds."
        )
    if summary["condition"] > _ILL_CONDITIONED:
        lost = np.log10(summary["condition"])
        told.append(
            f"The kernel's condition number is up to {summary['condition']:.1e}: about {lost:.0f} of 16 digits are "
            "lost. Take a larger noise to keep them."
        )
    return told
