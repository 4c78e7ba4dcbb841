"""What is said of planted secrets."""

from __future__ import annotations

import math
from typing import Any

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, counted, number

_COMPARED = 3  # secrets: the ranks of two are always alike or opposite
_CHANCE = math.log2(math.e)  # mean exposure of a secret that was never seen


def sentence(subject: Subject, quote: Quote) -> str:
    """How exposed secrets are that are said often and rarely."""
    s = subject.result.summary
    often = ", ".join(_of(row) for row in reversed(s["by_said"]))
    alike = s["with_influence"]
    beside = (
        ""
        if math.isnan(alike) or s["secrets"] < _COMPARED
        else f" The rank correlation of exposure and influence over the {count(s['secrets'])} secrets is {alike:.2f}."
    )
    return (
        f"Among {counted(s['candidates'], 'candidate')}, exposure is {often}; at most **{s['most']:.2f}** bits can be "
        f"seen, and a secret that was never said has {_CHANCE:.2f} on average. {_left_out(s['by_said'][-1])}{beside}"
    )


def _of(row: dict[str, Any]) -> str:
    """The exposure of the secrets that are said so often."""
    which = "the secret" if row["secrets"] == 1 else f"the {count(row['secrets'])} secrets"
    mean = "" if row["secrets"] == 1 else "on average "
    return f"{mean}**{row['exposure']:.2f}** bits for {which} said {times(row['said'])}"


def times(said: int) -> str:
    """How often, in words."""
    return "once" if said == 1 else f"{count(said)} times"


def _left_out(row: dict[str, Any]) -> str:
    """What leaving out all copies of those that are said most often would change."""
    return (
        f"Leaving out all copies of one that is said {times(row['said'])} is predicted to raise its loss of "
        f"{number(row['loss'])} nats by {number(row['influence'])}, to first order."
    )
