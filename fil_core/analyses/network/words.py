"""What is said and drawn of the training of a network."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.charts import LEAKS, OKABE_ITO, drawn
from fil_core.display.numbers import count, counted, number, score
from fil_core.specs import NetworkRequest

_STABLE = 2.0
_MOST_STEPS = 500  # of the loss that are drawn


def sentence(subject: Subject, quote: Quote) -> str:
    """Where training led, and whether it was stable."""
    s = subject.result.summary
    fell = "fell in every step" if s["monotone"] else f"rose in {counted(s['rises'], 'step')} of {count(s['steps'])}"
    return (
        f"**{count(s['steps'])}** steps took the loss of {counted(s['parameters'], 'weight')} from "
        f"{number(s['loss_start'])} to **{number(s['loss_end'])}**; it {fell}, and step × largest curvature reached "
        f"**{number(s['step_eigenvalue'])}** ({'below' if s['step_eigenvalue'] < _STABLE else 'not below'} 2, where "
        f"descent is stable). Test {s['score']} {score(s['test_score'], s['score'])}."
    )


def figures(subject: Subject) -> list[Drawn]:
    """The loss, and step times curvature, over the steps."""
    assert isinstance(subject.request, NetworkRequest)
    arrays, lr = subject.result.arrays, subject.request.network.lr
    losses = arrays["losses"]
    shown = np.unique(np.geomspace(1, len(losses), _MOST_STEPS).astype(int)) - 1
    loss = {
        "type": "scatter", "x": shown + 1, "y": losses[shown], "mode": "lines", "name": "loss",
        "line": {"color": OKABE_ITO[0], "width": 2}, "hovertemplate": "before step %{x}: %{y:.4g}<extra></extra>",
    }  # fmt: skip
    at = arrays["checkpoints"] + 1
    curvature = {
        "type": "scatter", "x": at, "y": lr * arrays["curvature"], "mode": "lines+markers", "name": "step × curvature",
        "line": {"color": OKABE_ITO[0], "width": 2}, "hovertemplate": "before step %{x}: %{y:.3g}<extra></extra>",
    }  # fmt: skip
    limit = {
        "type": "scatter", "x": at[[0, -1]], "y": [_STABLE, _STABLE], "mode": "lines", "name": "limit of stability",
        "line": {"color": LEAKS, "dash": "dot"}, "hoverinfo": "skip",
    }  # fmt: skip
    logarithmic = {"type": "log"}
    fell = drawn(
        [loss], subject.mode, x="step", y="mean loss", xaxis=logarithmic, yaxis=logarithmic, showlegend=False
    )  # fmt: skip
    curved = drawn([curvature, limit], subject.mode, x="step", y="step × largest curvature", xaxis=logarithmic)
    return [
        Drawn("Loss", f"Mean loss over {len(losses) - 1:,} steps of descent", fell),
        Drawn("Stability", "Step times largest eigenvalue of the Hessian over the steps, beside the limit 2", curved),
    ]
