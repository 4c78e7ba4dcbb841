"""What is said of leaving out."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.influence.words import whose
from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display.numbers import counted, signed


def sentence(subject: Subject, quote: Quote) -> str:
    """Whose absence changes the target's loss the most."""
    table = subject.result.table
    changes = table["leave_one_out"].to_numpy()
    if np.isnan(changes).all():
        return "Without any of the examples the model has no unique optimum."
    best, worst = int(np.nanargmax(changes)), int(np.nanargmin(changes))
    called = [quote(subject.called(int(table.index[row]))) for row in (best, worst)]
    return (
        f"Of **{counted(len(table), 'example')}**, each really left out, **{called[0]}** changes "
        f"{whose(subject.result.summary['target'], quote, subject)} by **{signed(changes[best])}** when it is missing, "
        f"and **{called[1]}** by **{signed(changes[worst])}**."
    )


def figures(subject: Subject) -> list[Drawn]:
    """By itself the truth is not drawn; predictions are compared with it."""
    return []
