"""The section of a report about the leakage of every example."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.fil.figures import MOST_CLASSES, figures
from fil_core.analyses.fil.words import scale_sentence, sentence, trained_on
from fil_core.analyses.listing import examples, leakiest
from fil_core.analyses.subject import Subject
from fil_core.display import html as e
from fil_core.display.numbers import count, counted, number, percent, score


def section(subject: Subject) -> str:
    """The sentence, numbers, figures, the leakiest examples and eta by class."""
    table = trained_on(subject)
    columns = [c for c in ("rank", "eta", "label", "loss") if c in table]
    return "".join(
        [
            e.sentence(sentence(subject, e.quoted)),
            e.sentence(_scale(subject), "note"),
            e.metrics(_metrics(subject, len(table))),
            e.drawn(figures(subject)),
            e.heading(f"The {counted(min(subject.top, len(table)), 'leakiest example')}"),
            examples(subject, leakiest(subject, table), columns),
            _class_table(subject, table),
        ]
    )


def _metrics(subject: Subject, trained: int) -> dict[str, tuple[str, str]]:
    s = subject.result.summary
    left_out = f", {count(s['n'] - trained)} left out" if s["n"] > trained else ""
    spread = f"{percent(s['eta_std'] / s['eta_mean'], 0)} of the mean" if s["eta_mean"] else ""
    return {
        "Largest η": (number(s["eta_max"]), _times(s["eta_max"], s["eta_median"])),
        "Median η": (number(s["eta_median"]), f"mean {number(s['eta_mean'])}"),
        "Spread (std)": (number(s["eta_std"]), spread),
        "Training examples": (count(trained), f"{counted(s['d'], 'feature')}{left_out}"),
        f"Test {s['score']}": (score(s["test_score"], s["score"]), f"train {score(s['train_score'], s['score'])}"),
    }


def _scale(subject: Subject) -> str:
    result = subject.result
    return scale_sentence(result.summary, e.quoted, eta=result.table["eta"], called=subject.called)


def _times(value: float, median: float) -> str:
    return f"{value / median:.1f} × the median" if median else ""


def _class_table(subject: Subject, table: pd.DataFrame) -> str:
    if not subject.classes:
        return ""
    eta = table.groupby("label")["eta"]
    numbers = eta.agg(["count", "mean", "std", "min", "median", "max"]).nlargest(MOST_CLASSES, "max").sort_index()
    names = {"count": "examples", "mean": "mean η", "std": "std", "max": "largest η"}
    return e.table(numbers.rename(columns=names).rename_axis("class"), "η by class")
