"""Sections about eta: Fisher information loss, reweighting, and releases."""

from __future__ import annotations

import pandas as pd

from fil_core.display import charts, findings, mitigation_charts, redaction
from fil_core.display import html as e
from fil_core.display.numbers import count, number, score
from fil_core.report.subject import Subject, examples, leakiest

_MOST_CLASSES = 40  # boxes that fit on one page of paper


def fil(subject: Subject) -> str:
    """Who the model gives away."""
    result, s = subject.result, subject.result.summary
    trained = result.table[result.table["eta"] > 0]
    table = subject.masked(findings.ranked(trained if len(trained) else result.table))
    drawn = charts.distribution(table, "light", log=False, sigma=subject.sigma)
    alt = f"Histogram of eta over {count(len(table))} training examples, median {number(s['eta_median'])}"
    columns = [c for c in ("rank", "eta", "label", "loss") if c in table]
    return "".join(
        [
            e.sentence(findings.headline(table, e.quoted, classes=subject.classes)),
            e.metrics(_fil_metrics(subject, len(table))),
            e.figures(e.figure(drawn, "How η is spread", alt), _by_class(subject, table)),
            e.heading(f"The leakiest {count(min(subject.top, len(table)))}"),
            examples(subject, leakiest(subject, table), columns),
            _class_table(subject, table),
        ]
    )


def _fil_metrics(subject: Subject, trained: int) -> dict[str, tuple[str, str]]:
    s = subject.result.summary
    left_out = f", {count(s['n'] - trained)} left out" if s["n"] > trained else ""
    spread = f"{s['eta_std'] / s['eta_mean']:.0%} of the mean" if s["eta_mean"] else ""
    return {
        "Largest η": (number(s["eta_max"]), _times(s["eta_max"], s["eta_median"])),
        "Median η": (number(s["eta_median"]), f"mean {number(s['eta_mean'])}"),
        "Spread (std)": (number(s["eta_std"]), spread),
        "Training examples": (count(trained), f"{count(s['d'])} features{left_out}"),
        f"Test {s['score']}": (score(s["test_score"], s["score"]), f"train {score(s['train_score'], s['score'])}"),
    }


def _times(value: float, median: float) -> str:
    return f"{value / median:.1f} × the median" if median else ""


def _by_class(subject: Subject, table: pd.DataFrame) -> str:
    if not subject.classes:
        return ""
    leakiest = table.groupby("label")["eta"].max().nlargest(_MOST_CLASSES).index
    shown = table[table["label"].isin(leakiest)]
    less = f", the {_MOST_CLASSES} leakiest" if shown["label"].nunique() < table["label"].nunique() else ""
    return e.figure(charts.by_class(shown, "light"), f"By class{less}", "Box plot of eta for each class")


def _class_table(subject: Subject, table: pd.DataFrame) -> str:
    if not subject.classes:
        return ""
    eta = table.groupby("label")["eta"]
    numbers = eta.agg(["count", "mean", "std", "min", "median", "max"]).nlargest(_MOST_CLASSES, "max").sort_index()
    names = {"count": "examples", "mean": "mean η", "std": "std", "max": "largest η"}
    return e.table(numbers.rename(columns=names).rename_axis("class"), "η by class")


def irfil(subject: Subject) -> str:
    """What reweighting did."""
    found, s = subject.result, subject.result.summary
    last = len(s["eta_mean"]) - 1
    change = found.table["eta_after"] / found.table["eta_before"]
    table = findings.ranked(found.table.assign(eta=found.table["eta_before"], change=change))
    telling = subject.redact and redaction.weights_tell_class(subject.weights)
    return "".join(
        [
            e.sentence(findings.evened(found, last, change)),
            "" if s["converged"] else e.paragraph(s["why"], "warning"),
            e.metrics(_irfil_metrics(subject, last)),
            e.figures(*_irfil_figures(subject, table, last, telling=telling)),
            e.paragraph("Hidden while redacted: with weights by class the change tells the class.", "note")
            if telling
            else _who_changed(subject, subject.masked(table)),
        ]
    )


def _irfil_metrics(subject: Subject, last: int) -> dict[str, tuple[str, str]]:
    s, weights = subject.result.summary, subject.result.arrays["weights"][last]
    named = {"Largest η": "eta_max", "Mean η": "eta_mean", "Spread (std)": "eta_std"}
    found = {title: (number(s[name][last]), f"before {number(s[name][0])}") for title, name in named.items()}
    before = f"before {score(s['test_score'][0], s['score'])}"
    return found | {
        f"Test {s['score']}": (score(s["test_score"][last], s["score"]), before),
        "Largest weight": (f"{weights.max():.2f}", f"least {number(weights.min())}"),
    }


def _irfil_figures(subject: Subject, table: pd.DataFrame, last: int, *, telling: bool) -> list[str]:
    s = subject.result.summary
    shown = charts.thinned(subject.masked(table))
    less = f", {count(len(shown))} of {count(len(table))} points" if len(shown) < len(table) else ""
    rounds = mitigation_charts.rounds(s, last, "light")
    price = mitigation_charts.price(s["train_score"], s["test_score"], last, s["score"], "light")
    return [
        e.figure(rounds, "Round by round", "Largest, mean and spread of eta in each round of reweighting"),
        e.figure(price, "The price", f"Train and test {s['score']} in each round of reweighting"),
        ""
        if telling
        else e.figure(
            mitigation_charts.before_and_after(shown, "light"),
            f"Before and after{less}",
            f"Scatter of eta after against eta before for {len(shown):,} examples",
        ),
        ""
        if subject.redact
        else e.figure(
            mitigation_charts.weights(table["weight"].to_numpy(), "light"), "Weights", "Histogram of training weights"
        ),
    ]


def _who_changed(subject: Subject, table: pd.DataFrame) -> str:
    columns = [c for c in ("label", "eta_before", "eta_after", "change", "weight") if c in table]
    parts = [e.paragraph("Ranks, and the bars under pictures, are those with equal weights.", "note")]
    for title, rows in (
        ("Leak more than before", table[table["change"] > 1].nlargest(subject.top, "change")),
        ("The leakiest before", table.nsmallest(subject.top, "rank")),
    ):
        if len(rows):
            notes = rows["label"].astype(str) + [f" · {change:.2f} ×" for change in rows["change"]]
            parts += [e.heading(title), examples(subject, rows.assign(eta=rows["eta_after"]), columns, notes=notes)]
    return "".join(parts)


def release(subject: Subject) -> str:
    """What a release gives away and is worth."""
    s = subject.result.summary
    trained = subject.result.table[subject.result.table["eta"] > 0]
    table = subject.masked(findings.ranked(trained if len(trained) else subject.result.table))
    drawn = charts.distribution(table, "light", log=False, sigma=s["sigma"])
    columns = [c for c in ("rank", "eta", "label", "attack") if c in table and table[c].notna().any()]
    listed = leakiest(subject, table)
    return "".join(
        [
            e.sentence(findings.released(subject.result, e.quoted)),
            e.metrics(_release_metrics(subject)),
            e.figures(
                e.figure(drawn, "How η is spread", f"Histogram of eta over {count(len(table))} training examples"),
                _by_class(subject, table),
            ),
            e.heading(f"The leakiest {count(len(listed))}"),
            examples(subject, listed, columns if not subject.redact else [c for c in columns if c != "attack"]),
        ]
    )


def _release_metrics(subject: Subject) -> dict[str, tuple[str, str]]:
    s = subject.result.summary
    bar = f"± {number(s['score_std'])} between releases" if s["score_std"] is not None else ""
    return {
        "Largest η": (number(s["eta_max"]), f"at σ = {number(s['sigma'])}"),
        "Mean η": (number(s["eta_mean"]), f"spread {number(s['eta_std'])}"),
        "Trained on": (count(s["trained_on"]), f"of {count(s['n'])}"),
        f"Expected test {s['score']}": (score(s["expected_score"], s["score"]), bar),
        f"Test {s['score']}": (score(s["test_score"], s["score"]), "without noise"),
    }
