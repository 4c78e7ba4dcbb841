"""What is said of leakage beside the train-test gap, and what that can and cannot tell."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.overfit.request import DEGREE, WIDTH
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import counted, number
from fil_core.display.plain import visible

NAMES = {DEGREE: "degree", WIDTH: "width", "l2": "λ"}
CAN = (
    "It can tell whether, among these models of these data, those that give away more of their training examples are "
    "those with the wider gap."
)
CANNOT = (
    "It cannot tell that one causes the other, nor what other models do: η changes with the scale of features and "
    "labels and with λ itself, also where the gap stays."
)
_SHOWN = ("value", "l2", "train_loss", "test_loss", "gap", "eta_mean", "eta_whole", "ratio", "unique_mean", "leverage_sum")  # noqa: E501 # fmt: skip


def sentence(subject: Subject, quote: Quote) -> str:
    """How the mean eta goes together with the gap, how wide that is, and eta on training and on held-out points."""
    s = subject.result.summary
    together = f"{correlated(s, 'eta_mean', 'the mean η')}." if s["models"] > 1 else "there is no correlation of one."
    return (
        f"Over {counted(s['models'], 'model')} ({_from_to(subject)}), {together} {_gap(subject)} {_beside(subject)}"
        f"{_indefinite(subject)} {CAN} {CANNOT}"
    )


def _from_to(subject: Subject) -> str:
    values = subject.result.table["value"]
    low, high = f"{values.min():g}", f"{values.max():g}"
    return f"{NAMES[subject.result.summary['over']]} {low if low == high else f'{low} to {high}'}"


def _gap(subject: Subject) -> str:
    """The smallest and the largest gap, and where they are."""
    table, name = subject.result.table, NAMES[subject.result.summary["over"]]
    ends = [table.loc[table["gap"].idxmin()], table.loc[table["gap"].idxmax()]]
    said = [f"**{number(float(row['gap']))}** ({name} {row['value']:g})" for row in ends]
    if table["gap"].nunique() == 1 and len(table) > 1:
        return f"The gap, test less train loss, is **{number(float(ends[0]['gap']))}** for all of them."
    told = f"is {said[0]}" if len(table) == 1 else f"goes from {said[0]} to {said[1]}"
    return f"The gap, test less train loss, {told}."


def _beside(subject: Subject) -> str:
    """The median eta of training over that of held-out points."""
    s, ratio = subject.result.summary, subject.result.table["ratio"]
    low, high = number(float(ratio.min())), number(float(ratio.max()))
    between = f"**{low}**" if low == high else f"**{low}** to **{high}**"
    return (
        f"The median η of {counted(s['n'], 'training point')} is {between} times that of "
        f"{counted(s['held_out'], 'held-out point')}."
    )


def correlated(summary: dict[str, Any], name: str, called: str) -> str:
    """The rank correlation of one summary with the gap, in words.

    Args:
        summary: of the result.
        name: of the summary's column.
        called: what it is called.
    """
    found = summary["spearman"][name]
    if found["spearman"] is None:
        return f"{called} and the train–test gap have no rank correlation, since one of them is the same in all"
    interval = interval_of(found)
    return f"{called} and the train–test gap have a rank correlation of **{found['spearman']:.2f}** ({interval})"


def interval_of(found: dict[str, float | None]) -> str:
    """The interval of a correlation, in words."""
    if found["low"] is None or found["high"] is None:
        return "too few models for an interval"
    return f"95 % interval {found['low']:.2f} to {found['high']:.2f}"


def _indefinite(subject: Subject) -> str:
    """In how many networks there is no optimum that an exact eta could be about."""
    s, table = subject.result.summary, subject.result.table
    if s["over"] != WIDTH:
        return ""
    known = table["hessian_least"].dropna()
    if known.empty:
        return (
            " η is by the Gauss–Newton matrix; the networks are too large for the least eigenvalue of the true Hessian."
        )
    none = int((known < 0).sum())
    return (
        f" η is by the Gauss–Newton matrix: the true Hessian has a negative eigenvalue in {none:,} of "
        f"{counted(len(known), 'network')} where it was computed, so that there an exact η is not defined."
    )


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; and the sentence with the table."""
    said = sentence(subject, visible).replace("**", "")
    return dict(subject.result.summary), f"{said}\n{subject.result.table[list(_SHOWN)].round(4).to_string()}"
