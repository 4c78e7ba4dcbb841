"""What is said of training again."""

from __future__ import annotations

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.numbers import count, counted, number


def sentence(subject: Subject, quote: Quote) -> str:
    """How many runs, and how far they ended from the one on all examples."""
    s, table = subject.result.summary, subject.result.table
    # Of sequences there are too many predictions to be compared.
    what = "prediction" if "prediction_change" in table else "weight"
    change = table["prediction_change" if what == "prediction" else "weights_change"]
    return (
        f"**{counted(s['runs'], 'run')}** of {count(s['steps'])} steps from the same start without some examples: the "
        f"{what}s changed by **{number(float(change.median()))}** in the middle and "
        f"**{number(float(change.max()))}** at most (½ squared distance)."
    )


def figures(subject: Subject) -> list[Drawn]:
    """Runs by themselves are not drawn; they are compared with what measures predict of them."""
    return []
