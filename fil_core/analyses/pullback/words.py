"""Which pictures a deep model gives away, in words."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, number
from fil_core.display.plain import visible

_WANTED = (
    "n", "d", "eta_mean", "eta_std", "eta_min", "eta_median", "eta_max", "k", "spearman", "overlap", "score",
    "train_score", "test_score", "raw_train_score", "residual",
)  # fmt: skip


def sentence(subject: Subject, quote: Quote) -> str:
    """Who leaks most through the network, and whether raw pixels or the features alone would have told it."""
    table, s = subject.result.table, subject.result.summary
    top = int(table["eta_pixels"].idxmax())
    largest = float(table["eta_pixels"].max())
    times = largest / max(float(table["eta_pixels"][table["weight"] > 0].median()), 1e-300)
    return (
        f"Through the network **picture {quote(subject.called(top))}** leaks most: η = **{number(largest)}** per unit "
        f"of pixel intensity, **{times:.1f} × the median**.{_beside(s)}"
    )


def _beside(s: dict[str, Any]) -> str:
    """How many of the leakiest a model on raw pixels, and the features alone, have in common with it."""
    says = {"pixels-raw": "of the same model on raw pixels", "pixels-features": "by the features alone"}
    parts = [
        f"**{count(s['overlap'][pair])}** are among the leakiest {words} (Spearman {s['spearman'][pair]:.2f})"
        for pair, words in says.items()
        if pair in s["overlap"]
    ]
    by_chance = round(s["k"] ** 2 / max(1, s["compared"]))
    found = f" Of its {count(s['k'])} leakiest, {' and '.join(parts)}; {count(by_chance)} by chance."
    return found if parts else ""


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words."""
    return {name: subject.result.summary[name] for name in _WANTED}, sentence(subject, visible).replace("**", "")
