"""The section of a report about guessed attributes."""

from __future__ import annotations

import pandas as pd

from fil_core.analyses.attribute.figures import figures, white_box
from fil_core.analyses.attribute.words import middle_sigma, sentence
from fil_core.analyses.listing import leakiest
from fil_core.analyses.subject import Subject
from fil_core.display import html as e
from fil_core.display.numbers import count, number, percent
from fil_core.display.redaction import MASK


def section(subject: Subject) -> str:
    """Who guesses an attribute rightly, under which noise."""
    found, s = subject.result, subject.result.summary
    sigma, white = middle_sigma(found), white_box(found)
    table = found.table[["label", "value", "eta"]].assign(**{f"success of {name}": p for name, p in white.items()})
    if subject.redact:  # whether a guess of the most frequent value is right says who has it
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
            e.table(accuracy.rename_axis("σ"), "Share guessed rightly by each attacker"),
            e.heading(f"The leakiest {count(len(listed))}, at σ = {number(sigma)}"),
            e.table(listed[["rank", *table.columns]].rename(columns={"eta": "η"})),
        ]
    )
