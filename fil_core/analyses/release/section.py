"""The section of a report about a release."""

from __future__ import annotations

from fil_core.analyses.fil.words import trained_on
from fil_core.analyses.listing import examples, leakiest
from fil_core.analyses.release.figures import figures
from fil_core.analyses.release.words import sentence
from fil_core.analyses.subject import Subject
from fil_core.display import html as e
from fil_core.display.numbers import count, counted, number, score


def section(subject: Subject) -> str:
    """Leakage and test score of a release, and its leakiest examples."""
    table = trained_on(subject)
    columns = [c for c in ("rank", "eta", "label", "attack") if c in table and table[c].notna().any()]
    listed = leakiest(subject, table)
    return "".join(
        [
            e.sentence(sentence(subject, e.quoted)),
            e.metrics(_metrics(subject)),
            e.drawn(figures(subject)),
            e.heading(f"The {counted(len(listed), 'leakiest example')}"),
            examples(subject, listed, columns if not subject.redact else [c for c in columns if c != "attack"]),
        ]
    )


def _metrics(subject: Subject) -> dict[str, tuple[str, str]]:
    s = subject.result.summary
    bar = f"± {number(s['score_std'])} between releases" if s["score_std"] is not None else ""
    return {
        "Largest η": (number(s["eta_max"]), f"at σ = {number(s['sigma'])}"),
        "Mean η": (number(s["eta_mean"]), f"spread {number(s['eta_std'])}"),
        "Trained on": (count(s["trained_on"]), f"of {count(s['n'])}"),
        f"Expected test {s['score']}": (score(s["expected_score"], s["score"]), bar),
        f"Test {s['score']}": (score(s["test_score"], s["score"]), "without noise"),
    }
