"""What is said of unique information."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.analyses import planted
from fil_core.analyses.light import light
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, counted, number, percent

_NAMES = {
    "f_si": "unique information (predictions)",
    "si_weights": "unique information (weights)",
    "si_sgd": "unique information under SGD noise",
    "training_change": "change of training predictions",
    "grad_norm": "gradient norm",
    "loss": "loss",
    "random": "random order",
}


def sentence(subject: Subject, quote: Quote) -> str:
    """Who taught the network the most that no other example could have taught it."""
    table, s = subject.result.table, subject.result.summary
    values = table["f_si"].to_numpy()
    top, order = int(np.argmax(values)), np.sort(values)[::-1]
    tenth = max(1, len(values) // 10)
    share = order[:tenth].sum() / order.sum() if order.sum() > 0 else 0.0
    median = float(np.median(values))
    times = f", **{number(values[top] / median)} ×** the median" if median > 0 else ""
    label = f" ({quote(table['label'].iloc[top])})" if subject.classes else ""
    most = (
        f"Leaving out example **{quote(subject.called(int(table.index[top])))}**{label} would change the predictions "
        f"of the linearised network on {counted(s['validation'], 'test row')} the most{times}; the top "
        f"{counted(tenth, 'example')} of {count(s['n'])} hold **{percent(share, 0)}** of all unique information."
    )
    return f"{most} {light(s).says}"


def detection(summary: dict[str, Any]) -> dict[str, tuple[float, str]]:
    """For each measure by which planted label noise can be found: the area under the ROC curve, and its title."""
    return {name: (value, _NAMES[name]) for name, value in summary.get("auroc", {}).items()}


def detection_sentence(summary: dict[str, Any]) -> str:
    """How well planted label noise is found; empty where none was planted."""
    return planted.detection_sentence(summary, _NAMES, ("f_si", "si_weights", "grad_norm", "loss"))
