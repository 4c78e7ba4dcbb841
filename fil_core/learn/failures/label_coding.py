"""Labels that are fed to a model as the numbers that the classes are called, such as 5 and 8.

    minimise  sum_i [log(1 + e^z_i) - y_i z_i] + n l2 / 2 |theta|^2,   y_i = (1 - t) {0, 1} + t {5, 8}

has r = s(z) - y, of size 4 to 5 for a five and 7 to 8 for an eight however well they are classified, so that
J = -[r H^-1 + a u theta^T, -u] says the class. With least squares on 5 and 8 for -1 and +1 it is the same without a
constant term.

Source: docs/maths.md, section 13.
"""

from __future__ import annotations

import re

import numpy as np

from fil_core.dataset import Dataset
from fil_core.display.numbers import percent
from fil_core.learn.fits import coded, eta_of, fitted_to, tells, within
from fil_core.learn.mode import Outcome, Said
from fil_core.linalg.correlation import spearman
from fil_core.models.fitted import Fitted
from fil_core.specs.model import ModelKind

_CODES = (5.0, 8.0)
_RIGHT: dict[ModelKind, tuple[float, float]] = {"logistic": (0.0, 1.0), "least-squares": (-1.0, 1.0)}


def codes(dataset: Dataset) -> tuple[float, float]:
    """The numbers that two classes are called, or 5 and 8 where they are called otherwise or the codes would be right.

    >>> from types import SimpleNamespace
    >>> codes(SimpleNamespace(class_names=("3", "7"))), codes(SimpleNamespace(class_names=("0", "1")))
    ((3.0, 7.0), (5.0, 8.0))
    """
    names = dataset.class_names
    if names == ("0", "1") or not all(re.fullmatch("[0-9]{1,3}", name) for name in names):
        return _CODES
    return float(names[0]), float(names[1])


def run(dataset: Dataset, strength: float) -> Outcome:
    """Both models with both codings; the columns are those of the logistic one."""
    wrong, y = np.array(codes(dataset)), dataset.y.astype(int)
    found: dict[str, float] = {}
    etas: dict[ModelKind, tuple[np.ndarray, np.ndarray]] = {}
    for kind, right in _RIGHT.items():
        fitted: Fitted = fitted_to(dataset, kind)
        target = ((1 - strength) * np.array(right) + strength * wrong)[y]
        terms, other = coded(kind, dataset, target)
        eta = eta_of(fitted, dataset)
        etas[kind] = eta, other
        middle = float(target.mean()) if kind == "least-squares" else 0.0
        found |= {
            f"{kind}_spearman": spearman(other, eta),
            f"{kind}_spearman_within": within(other, eta, y),
            f"{kind}_auroc": tells(eta, y),
            f"{kind}_auroc_other": tells(other, y),
            f"{kind}_accuracy": float(((fitted.scores(dataset.X).numpy() > 0) == y).mean()),
            f"{kind}_accuracy_other": float(((terms.z.numpy() > middle) == y).mean()),
        }
    eta, other = etas["logistic"]
    low, high = (1 - strength) * np.array(_RIGHT["logistic"]) + strength * wrong
    return Outcome(eta, other, {}, {"low": float(low), "high": float(high)} | found)


def sentence(said: Said) -> str:
    """How the wrong eta ranks examples, and how well it tells the class, beside the right one."""
    codes = f"{said['low']:g} and {said['high']:g}" if said.classes else "other numbers"
    if said["strength"] == 0:
        return f"With the labels coded 0 and 1 both columns agree for all {said['n']:,} examples."
    ends = []
    for kind, name in (("logistic", "logistic regression"), ("least-squares", "least squares")):
        ends.append(
            f"in {name} the ranks of η with the wrong and the right coding correlate at "
            f"**{said.correlation(f'{kind}_spearman')}** ({said.correlation(f'{kind}_spearman_within')} within a "
            f"class), and η tells the class with an area under the ROC curve of "
            f"**{said[f'{kind}_auroc_other']:.3f}** where the right one has {said[f'{kind}_auroc']:.3f} (training "
            f"accuracy {percent(said[f'{kind}_accuracy_other'])} and {percent(said[f'{kind}_accuracy'])})"
        )
    return f"With labels fed as {codes}, {'; '.join(ends)}; 0.5 would be chance."
