"""From the signals of an ensemble to the outcome of the attacks, the same for models, networks and own signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.mia.columns import column_name
from fil_core.dataset import Dataset
from fil_core.display.numbers import counted, number
from fil_core.errors import BadRequest
from fil_core.membership import attacks, empirical, judging
from fil_core.membership.quantile import reduced_features
from fil_core.membership.signals import Signals, check_signals
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import AttackSpec


def check_attacks(spec: AttackSpec, dataset: Dataset, *, gradients: bool = True, logits: bool = True) -> None:
    """Refuse attacks that lack something.

    Args:
        spec: the attacks.
        dataset: the examples.
        gradients: whether norms of gradients can be known.
        logits: whether there are test rows under the models.

    Raises:
        BadRequest: there are.
    """
    if "quantile" in spec.attacks and not (len(dataset.X_test) and logits):
        raise BadRequest(
            "attacks: expected test rows under the models for quantile, which learns from them what outsiders' scores "
            "are; there are none. Leave it out, or take data with a test split."
        )
    if spec.population == "test" and not (len(dataset.X_test) and logits):
        raise BadRequest("population: expected records, since there are no test rows under the models; got test.")
    if "gradient" in spec.attacks and not gradients:
        raise BadRequest("attacks: expected norms of gradients for gradient; the signals have none. Leave it out.")


def outcome(signals: Signals, spec: AttackSpec, dataset: Dataset, progress: Progress | None = None) -> Result:
    """Run and judge the attacks.

    Args:
        signals: of the training examples, in their order.
        spec: the attacks.
        dataset: the examples.
        progress: called with (done, total, what).
    """
    check_signals(signals)
    reduced = reduced_features(dataset) if "quantile" in spec.attacks else None
    found = {
        name: attacks.all_scores(signals, spec, name, features=reduced, progress=progress) for name in spec.attacks
    }
    targets = slice(None) if spec.target_model is None else slice(spec.target_model, spec.target_model + 1)
    member = signals.inclusion[:, targets]
    judged = {name: judging.judge(scores, member, spec.fpr, spec.prior) for name, scores in found.items()}
    table = _table(signals, spec, dataset, found, member, judged[spec.attacks[0]])
    arrays = {"scores": signals.scores, "inclusion": signals.inclusion}
    for name, one in judged.items():
        arrays |= {f"fpr_{name}": one.curve_fpr, f"tpr_{name}": one.curve_tpr}
    least = judged[spec.attacks[0]].smallest_fpr
    summary: dict[str, Any] = {
        "n": dataset.n, "d": dataset.d, "models": signals.models, "attacks": list(spec.attacks),
        "target": spec.target_model, "score": "accuracy" if dataset.class_names else "mean squared error",
        "auc": {name: one.auc for name, one in judged.items()},
        "tpr_at_fpr": {
            name: {repr(rate): [at.tpr, at.low, at.high] for rate, at in zip(spec.fpr, one.at, strict=True)}
            for name, one in judged.items()
        },
        "precision": {
            name: {repr(rate): _none(at.precision) for rate, at in zip(spec.fpr, one.at, strict=True)}
            for name, one in judged.items()
        },
        "spread": {
            name: {repr(rate): one.spread[k] for k, rate in enumerate(spec.fpr)} for name, one in judged.items()
        },
        "prior": spec.prior,
        "smallest_fpr": least,
    }  # fmt: skip
    return Result(table, arrays, summary, {"warnings": _warnings(signals, spec, dataset, found, least)})


def _none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _table(
    signals: Signals, spec: AttackSpec, dataset: Dataset, found: dict[str, np.ndarray], member: np.ndarray, first: Any
) -> pd.DataFrame:
    exposure, moments = empirical.exposure(signals), empirical.moments(signals)
    columns: dict[str, Any] = {"label": dataset.labels, "auc": exposure.auc, "auc_error": exposure.error}
    for name, scores in found.items():
        columns[column_name(name)] = scores[:, 0] if spec.target_model is not None else _over(scores, member)
    columns |= {
        "in_mean": moments.in_mean, "out_mean": moments.out_mean, "in_std": moments.in_std, "out_std": moments.out_std,
    }  # fmt: skip
    flagged = found[spec.attacks[0]]
    for rate, at in zip(spec.fpr, first.at, strict=True):
        columns[f"tpr_at_fpr_{rate!r}"] = _over((flagged >= at.threshold).astype(float), member)
    if spec.target_model is not None:
        columns["member"] = member[:, 0]
    return pd.DataFrame(columns, index=pd.Index(dataset.ids, name="id"))


def _over(values: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Mean over the models that had the record, (n,); NaN where none had it."""
    known = member & np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(1) / known.sum(1)


def _warnings(
    signals: Signals, spec: AttackSpec, dataset: Dataset, found: dict[str, np.ndarray], least: float
) -> list[str]:
    said = []
    if below := [rate for rate in spec.fpr if rate < least]:
        said.append(
            f"False-positive rates of {', '.join(f'{rate:g}' for rate in below)} are below the smallest one that this "
            f"ensemble can speak of, {number(least)}: what is told there is the rate without any false positive."
        )
    for always, what in ((signals.inclusion.all(1), "in every model"), (~signals.inclusion.any(1), "in no model")):
        if always.any():
            who = dataset.called(dataset.ids[always][:1])[0]
            said.append(
                f"{counted(int(always.sum()), 'record')} {'was' if always.sum() == 1 else 'were'} {what}, such as "
                f"{who}: nothing can be told of {'it' if always.sum() == 1 else 'them'} by comparing models."
            )
    for name, scores in found.items():
        missing = int(np.isnan(scores).sum())
        if missing:
            said.append(
                f"{name}: {counted(missing, 'pair')} of a record and a model of {scores.size:,} have no score, since "
                "fewer than two of the other models had the record, or had it not. More models help."
            )
    return said
