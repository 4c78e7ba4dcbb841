"""What is said of membership attacks."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.analyses.mia.columns import title_of
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, counted, number, percent, score
from fil_core.display.plain import visible

_LOW = 0.01  # a false-positive rate
_ERRORS = 2.0  # standard errors above chance


def sentence(subject: Subject, quote: Quote) -> str:
    """How many members the first attack finds, and who is most exposed."""
    s, table = subject.result.summary, subject.result.table
    first = s["attacks"][0]
    rate = _rate(s)
    value, low, high = s["tpr_at_fpr"][first][rate]
    models = f"model {s['target']} of {s['models']}" if s["target"] is not None else counted(s["models"], "model")
    return (
        f"**{title_of(first)}** on **{models}** finds **{percent(value)}** of the members at a false-positive rate of "
        f"{100 * float(rate):g} % (95 % interval {percent(low)} to {percent(high)}; guessing finds "
        f"{100 * float(rate):g} %), AUC **{s['auc'][first]:.3f}**.{_most(subject, quote)}{_exposed(table, s)}"
    )


def _rate(s: dict[str, Any]) -> str:
    """The rate that the sentence is about: of those that are 1 % or more, and can be told, the smallest."""
    rates = sorted(s["tpr_at_fpr"][s["attacks"][0]], key=float)
    return next((rate for rate in rates if float(rate) >= max(s["smallest_fpr"], _LOW)), rates[-1])


def _most(subject: Subject, quote: Quote) -> str:
    table = subject.result.table
    known = table["auc"].to_numpy()
    if not np.isfinite(known).any():
        return ""
    top = int(np.nanargmax(known))
    label = f" ({quote(table['label'].iloc[top])})" if subject.classes else ""
    return (
        f" The most exposed record is **{quote(subject.called(int(table.index[top])))}**{label}: AUC "
        f"**{known[top]:.3f}** ± {table['auc_error'].iloc[top]:.3f}."
    )


def _exposed(table: Any, s: dict[str, Any]) -> str:
    auc, error = table["auc"].to_numpy(), table["auc_error"].to_numpy()
    known = np.isfinite(auc) & np.isfinite(error)
    if not known.any():
        return ""
    above = int((auc[known] > 0.5 + _ERRORS * error[known]).sum())
    return (
        f" For **{count(above)}** of {counted(int(known.sum()), 'record')} it is more than two standard errors above "
        "chance."
    )


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; the sentence, and a line for each attack."""
    s = subject.result.summary
    lines = [f"{title_of(attack)}: AUC {s['auc'][attack]:.4f}; {_rates(s, attack)}" for attack in s["attacks"]]
    trained = (
        f"Models: {s['score']} {score(s['train_score'], s['score'])} on their halves" if "train_score" in s else ""
    )
    if trained and np.isfinite(s["test_score"]):
        trained += f", {score(s['test_score'], s['score'])} on test rows"
    if s["stability"] is not None:
        lines.append(f"Two halves of the ensemble rank the records alike with Spearman {s['stability']:.3f}.")
    text = [sentence(subject, visible).replace("**", ""), *lines, *([f"{trained}."] if trained else [])]
    return dict(s), "\n".join(text)


def _rates(s: dict[str, Any], attack: str) -> str:
    told = [
        f"TPR {number(value)} [{number(low)}, {number(high)}] at FPR {rate}"
        for rate, (value, low, high) in s["tpr_at_fpr"][attack].items()
    ]
    return "; ".join(told)
