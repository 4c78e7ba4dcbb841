"""The section of a report about attribute inference."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.attribute.figures import figures, white_box
from fil_core.analyses.attribute.words import by_attacker, middle_sigma, sentence
from fil_core.analyses.listing import leakiest
from fil_core.analyses.subject import Subject
from fil_core.display import html as e
from fil_core.display.numbers import counted, number, percent
from fil_core.display.redaction import MASK


def section(subject: Subject) -> str:
    """Accuracy of each attacker by noise, and the leakiest examples."""
    result, s = subject.result, subject.result.summary
    sigma, white = middle_sigma(result), white_box(result)
    table = result.table[["label", "value", "eta"]].assign(**{f"success of {name}": p for name, p in white.items()})
    if subject.redact:  # whether guessing the most common value is correct reveals the value
        table = table[["label", "value", "eta"]].assign(label=MASK, value=MASK)
    listed = leakiest(subject, table).drop(columns="percentile").rename_axis("id")
    level = s["sigmas"].index(sigma)
    share = {name: values[level] for name, values in s["accuracy"].items()}
    share |= {name: float(p.mean()) for name, p in white.items()}  # of a closed form where there is one
    shown = {name: (percent(value), f"at σ = {number(sigma)}") for name, value in share.items()}
    accuracy = pd.DataFrame(s["accuracy"] | {f"{k} (exact)": v for k, v in s["exact"].items()}, index=s["sigmas"])
    return "".join(
        [
            e.sentence(sentence(subject, e.quoted)),
            e.metrics(shown),
            e.drawn(figures(subject)),
            e.table(accuracy.rename_axis("σ"), "Accuracy of each attacker"),
            e.heading(f"Rare values, at σ = {number(sigma)}"),
            e.table(by_attacker(result, sigma), "Recall and precision are those of the rarest value"),
            e.heading(f"The {counted(len(listed), 'leakiest example')}, at σ = {number(sigma)}"),
            e.table(subject.named(listed[["rank", *table.columns]]).rename(columns={"eta": "η"})),
        ]
    )
