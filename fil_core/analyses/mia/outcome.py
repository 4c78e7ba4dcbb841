"""From the signals of an ensemble to the outcome of the attacks, the same for models, networks and own signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fil_core.analyses.mia.columns import column_name
from fil_core.dataset import Dataset
from fil_core.display.numbers import counted, number
from fil_core.errors import BadData, BadRequest
from fil_core.membership.attacks import all_scores
from fil_core.membership.empirical import empirical_lood, stability
from fil_core.membership.gaussian_fits import gaussians
from fil_core.membership.judging import Judgement, judged, success
from fil_core.membership.quantile import Features, reduced
from fil_core.membership.roc import thinned
from fil_core.membership.signals import Signals, check_signals
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import AttackSpec

# Of which other models there are too few where a record has no score.
_LACKING = {
    "lira": "fewer than two of the other models had the record, or fewer than two had it not",
    "lira-offline": "fewer than two of the other models had not the record",
    "rmia": "none of the other models had the record, or all had it",
    "rmia-offline": "all of the other models had the record",
}
# What helps where there are no scores of test rows: of models that are trained here, and of uploaded signals.
_ADD = {True: "take data with a test split", False: "add them as the array population to the signals"}


def check_models(spec: AttackSpec, models: int) -> None:
    """Refuse an ensemble of pairs that is too small for an attack.

    LiRA takes two other models with a record and two without it, RMIA one of each; the target's pair is left out.

    Args:
        spec: the attacks.
        models: of the ensemble.

    Raises:
        BadRequest: it is.
    """
    least = {name: 6 if name.startswith("lira") else 4 if name.startswith("rmia") else 2 for name in spec.attacks}
    name = max(least, key=least.__getitem__)
    if models < least[name]:
        raise BadRequest(f"models: expected at least {least[name]} for {name}; got {models}. Take more.")


def check_attacks(spec: AttackSpec, dataset: Dataset, *, gradients: bool = True, test_rows: bool = True) -> None:
    """Refuse attacks that lack something.

    Args:
        spec: the attacks.
        dataset: the examples.
        gradients: whether norms of gradients can be known.
        test_rows: whether scores of test rows under the models can be known.

    Raises:
        BadRequest: there are.
    """
    if "quantile" in spec.attacks and not (len(dataset.X_test) and test_rows):
        raise BadRequest(
            "attacks: expected scores of test rows under the models for quantile, which learns from them what those of "
            f"outsiders are; there are none. Leave it out, or {_ADD[test_rows]}."
        )
    if spec.population == "test" and not (len(dataset.X_test) and test_rows):
        raise BadRequest(
            "population: expected records, since there are no scores of test rows under the models; got test. Or "
            f"{_ADD[test_rows]}."
        )
    if "gradient" in spec.attacks and not gradients:
        raise BadRequest("attacks: expected norms of gradients for gradient; the signals have none. Leave it out.")


def outcome(
    signals: Signals, spec: AttackSpec, dataset: Dataset, progress: Progress | None = None, *,
    likelihoods: Signals | None = None,
) -> Result:  # fmt: skip
    """Run and judge the attacks.

    Args:
        signals: of the training examples, in their order.
        spec: the attacks.
        dataset: the examples.
        progress: called with (done, total, what).
        likelihoods: what attacks that compare likelihoods see; None for the signals.
    """
    check_signals(signals)
    features = _features(dataset) if "quantile" in spec.attacks else None
    seen = {name: (likelihoods or signals) if name.startswith("rmia") else signals for name in spec.attacks}
    found = {name: all_scores(seen[name], spec, name, features, progress) for name in spec.attacks}
    for name, scores in found.items():
        if np.isnan(scores).all():
            raise BadData(
                f"attacks: expected other models with a record and without it for {name}, two of each for lira; no "
                f"record has so many among {counted(signals.models, 'model')}. Take more models, or loss."
            )
    targets = slice(None) if spec.target_model is None else slice(spec.target_model, spec.target_model + 1)
    member = signals.inclusion[:, targets]
    verdicts = {name: judged(scores, member, fpr=spec.fpr, prior=spec.prior) for name, scores in found.items()}
    first = verdicts[spec.attacks[0]]
    table = _table(signals, spec, dataset, found, member, first)
    arrays = {"scores": signals.scores, "inclusion": signals.inclusion}
    for name, one in verdicts.items():
        drawn = thinned(one.curve)
        arrays |= {f"fpr_{name}": drawn.fpr, f"tpr_{name}": drawn.tpr}
    least = 1 / max(1, int((~member).sum()))
    summary: dict[str, Any] = {
        "n": dataset.n, "d": dataset.d, "models": signals.models, "attacks": list(spec.attacks),
        "target": spec.target_model, "score": "accuracy" if dataset.class_names else "mean squared error",
        "auc": {name: one.curve.auc for name, one in verdicts.items()},
        "prior": spec.prior,
        "smallest_fpr": least,
        "stability": _none(stability(signals)),
    }  # fmt: skip
    summary |= _rates(verdicts, spec)
    return Result(table, arrays, summary, {"warnings": _warnings(signals, spec, dataset, found, least)})


def _features(dataset: Dataset) -> Features:
    """What the quantile attack predicts from."""
    labels = (dataset.y, dataset.y_test) if dataset.class_names else (0 * dataset.y, 0 * dataset.y_test)
    return reduced(dataset.X, dataset.X_test, labels)


def _rates(verdicts: dict[str, Judgement], spec: AttackSpec) -> dict[str, Any]:
    """By attack and false-positive rate: the true-positive rate with its interval, the precision, and the spread."""
    told: dict[str, Any] = {"tpr_at_fpr": {}, "precision": {}, "spread": {}}
    for name, one in verdicts.items():
        at = {repr(rate): found for rate, found in zip(spec.fpr, one.rates, strict=True)}
        told["tpr_at_fpr"][name] = {rate: [found.tpr, *found.interval] for rate, found in at.items()}
        told["precision"][name] = {rate: _none(found.precision) for rate, found in at.items()}
        spread = one.target_tpr.std(0, ddof=1) if len(one.target_tpr) > 1 else np.full(len(at), np.nan)
        told["spread"][name] = {rate: _none(float(value)) for rate, value in zip(at, spread, strict=True)}
    return told


def _none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _table(
    signals: Signals, spec: AttackSpec, dataset: Dataset, found: dict[str, np.ndarray], member: np.ndarray,
    first: Judgement,
) -> pd.DataFrame:  # fmt: skip
    shown = empirical_lood(signals)
    columns: dict[str, Any] = {"label": dataset.labels, "auc": shown.auc, "auc_error": shown.auc_error}
    for name, scores in found.items():
        columns[column_name(name)] = scores[:, 0] if spec.target_model is not None else _over(scores, member)
    fits = {
        name: gaussians(signals.scores, who) for name, who in (("in", signals.inclusion), ("out", ~signals.inclusion))
    }
    columns |= {f"{name}_mean": fit.mean for name, fit in fits.items()}
    columns |= {f"{name}_std": np.sqrt(fit.variance) for name, fit in fits.items()}
    flagged = found[spec.attacks[0]]
    for rate, at in zip(spec.fpr, first.rates, strict=True):
        columns[f"tpr_at_fpr_{rate!r}"] = success(flagged, member, at.threshold).share
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
                f"{_LACKING[name]}. More models help."
            )
    return said
