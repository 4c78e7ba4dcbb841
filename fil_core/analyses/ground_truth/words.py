"""What is said of unique information beside the truth."""

from __future__ import annotations

from fil_core.analyses.light import light
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import counted, number


def sentence(subject: Subject, quote: Quote) -> str:
    """How well unique information agrees with true retraining, and whether training can be predicted at all."""
    s = subject.result.summary
    low, high = s["interval_predictions"]
    lds = f" Over random subsets the linear datamodelling score is **{number(s['lds'])}**." if "lds" in s else ""
    return (
        f"Over **{counted(s['examples'], 'example')}**, each really left out, unique information has a correlation of "
        f"**{s['pearson_predictions']:.3f}** ({low:.3f} to {high:.3f}) with the true change of the predictions (which "
        f"is about {number(s['slope_predictions'])} times as large) and of **{s['pearson_weights']:.3f}** with that of "
        f"the weights ({number(s['slope_weights'])} times).{lds} {light(s).says}"
    )
