"""What is said and drawn of the training of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    limit = f"{'below' if s['step_eigenvalue'] < _STABLE else 'not below'} 2, where descent is stable"
    return (
        f"**{count(s['steps'])}** steps took the loss of {counted(s['parameters'], 'weight')} from "
        f"{number(s['loss_start'])} to **{number(s['loss_end'])}**; {_fell(s)}, and step × largest curvature"
        f"{_sample(s)} reached **{number(s['step_eigenvalue'])}** ({limit}). Test {s['score']} "
        f"{score(s['test_score'], s['score'])}{_beside(s)}."
    )


def _fell(s: dict[str, Any]) -> str:
    """Whether the loss fell in every step, which is not judged of mini-batches."""
    if s.get("batch") is not None:
        return f"each took {counted(s['batch'], 'example')} in a seeded order, so that it need not fall in every step"
    return (
        "it fell in every step" if s["monotone"] else f"it rose in {counted(s['rises'], 'step')} of {count(s['steps'])}"
    )


def _sample(s: dict[str, Any]) -> str:
    measured = s.get("curvature_examples", s["n"])
    return f" (on a sample of {counted(measured, 'example')})" if measured < s["n"] else ""


def _beside(s: dict[str, Any]) -> str:
    """The perplexity of the training split and of counting, beside that of the test split."""
    if s["score"] != "perplexity":
        return ""
    counting = f"; interpolated trigrams have {number(s['trigram_perplexity'])}" if "trigram_perplexity" in s else ""
    return f", train {number(s['train_score'])}{counting}"


def figures(subject: Subject) -> list[Drawn]:
    """The loss, and step times curvature, over the steps."""
    assert isinstance(subject.request, NetworkRequest)
    arrays, step, batch = subject.result.arrays, subject.result.summary["step"], subject.request.network.batch
    losses = arrays["losses"]
    at = arrays["checkpoints"] + 1
    curvature = {
        "type": "scatter", "x": at, "y": step * arrays["curvature"], "mode": "lines+markers",
        "name": "step × curvature",
        "line": {"color": OKABE_ITO[0], "width": 2}, "hovertemplate": "before step %{x}: %{y:.3g}<extra></extra>",
    }  # fmt: skip
    limit = {
        "type": "scatter", "x": at[[0, -1]], "y": [_STABLE, _STABLE], "mode": "lines", "name": "limit of stability",
        "line": {"color": LEAKS, "dash": "dot"}, "hoverinfo": "skip",
    }  # fmt: skip
    logarithmic = {"type": "log"}
    fell = drawn(
        _losses(arrays, batch), subject.mode, x="step", y="mean loss", xaxis=logarithmic, yaxis=logarithmic,
        showlegend=batch is not None,
    )  # fmt: skip
    curved = drawn([curvature, limit], subject.mode, x="step", y="step × largest curvature", xaxis=logarithmic)
    of = "" if batch is None else ", of each mini-batch and of all examples at some steps"
    steps = len(losses) - (batch is None)
    return [
        Drawn("Loss", f"Mean loss over {steps:,} steps of descent{of}", fell),
        Drawn("Stability", "Step times largest eigenvalue of the Hessian over the steps, beside the limit 2", curved),
    ]


def _losses(arrays: Mapping[str, np.ndarray], batch: int | None) -> list[dict[str, Any]]:
    """The loss before each step; with mini-batches that of the batch, and that of all examples where it is known."""
    losses = arrays["losses"]
    shown = np.unique(np.geomspace(1, len(losses), _MOST_STEPS).astype(int)) - 1
    loss = {
        "type": "scatter", "x": shown + 1, "y": losses[shown], "mode": "lines", "name": "loss",
        "line": {"color": OKABE_ITO[0], "width": 2}, "hovertemplate": "before step %{x}: %{y:.4g}<extra></extra>",
    }  # fmt: skip
    if batch is None:
        return [loss]
    everyone = {
        "type": "scatter", "x": arrays["checkpoints"] + 1, "y": arrays["checkpoint_losses"], "mode": "lines+markers",
        "name": "all examples", "line": {"color": OKABE_ITO[1], "width": 2},
        "hovertemplate": "before step %{x}: %{y:.4g}<extra></extra>",
    }  # fmt: skip
    return [loss | {"name": "mini-batch", "line": {"color": OKABE_ITO[0], "width": 1}}, everyone]
