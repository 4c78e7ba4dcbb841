"""Leakage against test score, one point per mitigation."""

from __future__ import annotations

from fil_core.analyses.release.figures import frontier
from fil_core.analyses.subject import Drawn, Subject


def figures(subject: Subject) -> list[Drawn]:
    """Leakage against test score."""
    table = subject.result.table
    points = table[table["eta_max"].notna() & table["expected_score"].notna()].rename(
        columns={"eta_max": "leakage", "expected_score": "score"}
    )
    titles = (
        "largest η at the noise of each release, in 1/feature",
        f"expected test {subject.result.summary['score']}",
    )
    drawn = frontier(points, {}, "as it is", titles, subject.mode, log=True) if len(points) else None
    alt = "Expected test score against the largest eta, one point per mitigation"
    return [] if drawn is None else [Drawn("Leakage against test score", alt, drawn)]
