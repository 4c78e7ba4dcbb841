"""What is said of out-of-distribution scores."""

from __future__ import annotations

import math
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
    several = len(s["auroc"]) > 1
    of = f"Of {len(s['auroc'])} scores, " if several else ""
    said = (
        f"{of}**{TITLES[best]}** separates "
        f"{counted(s['n_out'], 'out-of-distribution example')} from {counted(s['n_in'], 'test example')} of the "
        f"model's own classes{' best' if several else ''}, with an AUROC of {_with_interval(s, best)}. Where it lets "
        f"95 % of the model's pass, it lets pass {percent(s['fpr95'][best], 1)} of the others."
    )
    if alike := [TITLES[name] for name, area in s["auroc"].items() if area == s["auroc"][best] and name != best]:
        said += f" {', '.join(alike)} {'reaches' if len(alike) == 1 else 'reach'} the same area."
    others = [name for name in _COMPARED if name in s["auroc"] and s["auroc"][name] != s["auroc"][best]]
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
    """The area, with its interval where there is one."""
    low, high = s["auroc_low"][name], s["auroc_high"][name]
    interval = "" if math.isnan(low) else f" [{low:.3f}, {high:.3f}]"
    return f"**{s['auroc'][name]:.3f}**{interval}"


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
