"""The command `study`: which entries are computed, and what is said before."""

from __future__ import annotations

from fil_core.analyses.study.request import StudyRequest
from fil_core.cli import terminal
from fil_core.cli.command import Command
from fil_core.display.numbers import counted, duration


def at_hand(request: StudyRequest, command: Command) -> StudyRequest:
    """The study of those entries whose data are here; whose are not, and how long the rest takes, goes to stderr.

    Args:
        request: the study.
        command: whose store is looked into.

    Raises:
        DataUnavailable: no entry's data are here.
    """
    from fil_core.engine.studies import at_hand, seconds, states

    found = states(request, command.engine)
    for missing, entries in _by_reason([(state.missing, state.entry.name) for state in found if state.missing]).items():
        command.note(f"left out: {', '.join(entries)}. {missing}")
    left = sum(state.to_compute for state in found)
    if left:
        terminal.err(f"{counted(left, 'result')} to compute, {duration(seconds(found))} on two cores; each is stored.")
    return at_hand(request, found)


def _by_reason(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for reason, name in pairs:
        found.setdefault(reason, []).append(name)
    return found
