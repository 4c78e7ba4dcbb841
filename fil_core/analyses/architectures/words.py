"""What is said of architectures."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.architectures.request import ABSOLUTE
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import counted, number, score
from fil_core.display.plain import visible

_SHOWN = ("relative_noise", "kl_mean", "auc_mean", "tpr_mean", "train_score", "test_score")


def sentence(subject: Subject, quote: Quote) -> str:
    """What is equal in all of them, which tells records most and least, and which is best on test rows."""
    s, table = subject.result.summary, subject.result.table
    if len(table) == 1:
        return f"Training records are told by {_one(subject, s['most'])}. {_equal(subject)}"
    good = f" Of those best on test rows, the one that tells least is {_one(subject, s['best'])}." if s["best"] else ""
    return (
        f"Of {counted(len(table), 'architecture')}, the one that tells its training records most is "
        f"{_one(subject, s['most'])}; the least, {_one(subject, s['least'])}.{good} {_equal(subject)}"
    )


def _one(subject: Subject, name: str) -> str:
    """One architecture with its numbers."""
    row, s = subject.result.table.loc[name], subject.result.summary
    tested = score(float(row["test_score"]), s["score"])
    return (
        f"**{name}** (mean AUC **{row['auc_mean']:.3f}**, mean KL {number(float(row['kl_mean']))} nats, test "
        f"{s['score']} {tested})"
    )


def _equal(subject: Subject) -> str:
    """What is equal, and what that means for the other."""
    s, table = subject.result.summary, subject.result.table
    pair = ("s", "s over the mean kernel diagonal")
    one, other = pair if s["equal"] == ABSOLUTE else pair[::-1]
    values = table["relative_noise" if s["equal"] == ABSOLUTE else "noise"]
    low, high = number(float(values.min())), number(float(values.max()))
    if len(table) == 1:
        return f"With {one} given, {other} is {low}."
    return f"They are compared at equal **{one}**; {other} then goes from {low} to {high}."


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; and the sentence with the table."""
    said = sentence(subject, visible).replace("**", "")
    return dict(subject.result.summary), f"{said}\n{subject.result.table[list(_SHOWN)].round(4).to_string()}"
