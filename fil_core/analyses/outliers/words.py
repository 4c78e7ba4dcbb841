"""What is said of outlying gradients."""

from __future__ import annotations

import math

import numpy as np

from fil_core.analyses.planted import detection_sentence
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, counted, number

TITLES = {
    "forest_score": "the isolation forest",
    "gradient_l2": "the gradient's L2 norm",
    "gradient_l1": "its L1 norm",
    "loss": "the loss",
    "random": "random order",
}


def sentence(subject: Subject, quote: Quote) -> str:
    """Whose gradient stands out most, what the forest was fed, and how well planted noise is found."""
    s, table = subject.result.summary, subject.result.table
    scores, norms = table["forest_score"].to_numpy(), table["gradient_l2"].to_numpy()
    top, median = int(np.argmax(scores)), float(np.median(norms))
    times = f"; it is **{number(norms[top] / median)} ×** as long as the median one" if median > 0 else ""
    called = quote(subject.called(int(table.index[top])))
    most = (
        f"The gradient of example **{called}** stands out most, with an outlier score of **{scores[top]:.3f}** (from 0 "
        f"to 1; median {s['forest_median']:.3f} of {counted(s['n'], 'example')}){times}. "
    )
    said = f"{'' if subject.redact else most}{_fed(s['fed'], s['weights'])}"
    alike = s["with_norm"]
    if not math.isnan(alike):
        said += f"; its ranks correlate with those of the length at {alike:.2f}"
    return " ".join(filter(None, [f"{said}.", planted(subject)]))


def planted(subject: Subject) -> str:
    """How well planted label noise is found; empty where none was planted."""
    return detection_sentence(subject.result.summary, TITLES, ("forest_score", "gradient_l2", "gradient_l1", "loss"))


def _fed(fed: int, weights: int) -> str:
    """What the forest was fed."""
    if fed < weights:
        return f"The forest was fed {count(fed)} random directions of {counted(weights, 'weight')}"
    return f"The forest was fed all of {counted(weights, 'weight')}"
