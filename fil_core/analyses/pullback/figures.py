"""Figures of leakage through a network."""

from __future__ import annotations

from fil_core.analyses.pullback.columns import PIXEL
from fil_core.analyses.subject import Drawn, Subject
from fil_core.display import charts

_AGAINST = {"eta_raw": "η of the same model on raw pixels", "eta_features": "η of the features alone"}


def figures(subject: Subject) -> list[Drawn]:
    """Eta of the pixels through the network against that without a network, and against that of the features."""
    table = subject.masked(subject.result.table)
    shown = charts.thinned(table.assign(eta=table["eta_pixels"]))
    return [
        Drawn(
            f"Through the network against {words}",
            f"Scatter of eta through the network against {words} for {len(shown):,} pictures",
            charts.against(
                shown[["eta", "label", column]],
                column,
                words,
                subject.mode,
                log=True,
                y=f"η through the network, in {PIXEL}",
            ),
        )
        for column, words in _AGAINST.items()
        if column in shown
    ]
