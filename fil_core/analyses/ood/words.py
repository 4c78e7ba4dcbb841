"""What is said of out-of-distribution scores."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.ood.columns import TITLES
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import counted, percent

_CHANCE = 0.5
_COMPARED = ("fil-expected", "max-probability", "mahalanobis")


def sentence(subject: Subject, quote: Quote) -> str:
    """Which score tells best, and how the best of FIL's compares."""
    s = subject.result.summary
    best = s["best"]
    said = (
        f"Of {counted(len(s['auroc']), 'score')}, **{TITLES[best]}** tells "
        f"{counted(s['n_out'], 'out-of-distribution example')} from {counted(s['n_in'], 'test example')} of the "
        f"model's own classes best: its AUROC is {_with_interval(s, best)}. Where it lets 95 % of the model's pass, it "
        f"lets pass {percent(s['fpr95'][best], 1)} of the others."
    )
    others = [name for name in _COMPARED if name in s["auroc"] and name != best]
    if others:
        said += " Beside it: " + ", ".join(f"{TITLES[name]} {_with_interval(s, name)}" for name in others) + "."
    return f"{said} {_worse(s)}".strip()


def _worse(s: dict[str, Any]) -> str:
    """The scores that are no better than guessing, or worse."""
    low, high = s["auroc_low"], s["auroc_high"]
    none = [TITLES[name] for name in s["auroc"] if low[name] <= _CHANCE <= high[name]]
    inverted = [TITLES[name] for name in s["auroc"] if high[name] < _CHANCE]
    said = [f"No better than guessing: {', '.join(none)}."] if none else []
    if inverted:
        said.append(f"Larger in the distribution than out of it: {', '.join(inverted)}.")
    return " ".join(said)


def _with_interval(s: dict[str, Any], name: str) -> str:
    return f"**{s['auroc'][name]:.3f}** [{s['auroc_low'][name]:.3f}, {s['auroc_high'][name]:.3f}]"


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json what the summary holds; in words the sentence and a line for each score."""
    from fil_core.display.plain import visible

    s = subject.result.summary
    wide = max(map(len, s["auroc"]))
    lines = [
        f"{name:{wide}}  AUROC {s['auroc'][name]:.4f} [{s['auroc_low'][name]:.4f}, {s['auroc_high'][name]:.4f}]  "
        f"FPR@95 {s['fpr95'][name]:.4f}"
        for name in s["auroc"]
    ]
    return dict(s), "\n".join([sentence(subject, visible).replace("**", ""), *lines])
