"""What is said of influence."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.analyses.light import light
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, counted, number, percent
from fil_core.specs.targets import SELF, TEST_LOSS, parts_of

CURVATURES = {
    "hessian": "the Hessian",
    "ggn": "the Gauss–Newton matrix",
    "empirical-fisher": "the empirical Fisher matrix",
    "empirical-fisher-block": "the empirical Fisher matrix in blocks of layers",
    "diagonal": "the diagonal of the empirical Fisher matrix",
    "identity": "inner products of gradients",
    "metagradient": "the derivative of the whole run of training",
    "tracin": "TracIn",
}


def sentence(subject: Subject, quote: Quote) -> str:
    """Who helps and who harms the target most, and whether the prediction is true."""
    s, table = subject.result.summary, subject.result.table
    influence = table["influence"].to_numpy()
    best, worst = int(np.argmax(influence)), int(np.argmin(influence))
    called = [quote(subject.called(int(table.index[row]))) for row in (best, worst)]
    if s["target"] == SELF:
        said = (
            f"By {CURVATURES[s['curvature']]}, leaving example **{called[0]}** out would raise its own loss the most, "
            f"by **{number(influence[best])}**; the median is {number(float(np.median(influence)))}."
        )
    else:
        helped = whose(s["target"], quote, subject)
        said = (
            f"By {CURVATURES[s['curvature']]}, example **{called[0]}** helps {helped} most: leaving it out would "
            f"change it by **{_signed(influence[best])}**; example **{called[1]}** by **{_signed(influence[worst])}**. "
            f"{percent(s['positive'], 0)} of the {count(s['n'])} examples help."
        )
    stable = light(s).says if "step_eigenvalue" in s else ""
    return " ".join(filter(None, [said, group_sentence(s), truth_sentence(s), stable]))


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(value)}"


def whose(target: str, quote: Quote, subject: Subject) -> str:
    """The loss that is meant, in words."""
    kind, names = parts_of(target)
    if kind == TEST_LOSS:
        return "the mean test loss"
    if kind == "class":
        return "the mean test loss of one class" if subject.redact else f"the mean test loss of class {quote(names[0])}"
    if subject.redact and kind in ("id", "ids"):
        return "the loss of chosen examples"
    which = {"test": f"test row {names[0]}", "id": f"example {quote(names[0])}"} if len(names) == 1 else {}
    return f"the loss of {which.get(kind, f'{len(names)} chosen examples')}"


def group_sentence(s: dict[str, Any]) -> str:
    """What leaving the group out together changes; empty without one."""
    if "group" not in s:
        return ""
    one = s["group"]
    truth = f"; it really changed by **{_signed(one['leave_group_out'])}**" if "leave_group_out" in one else ""
    return (
        f"Leaving the group of {one['size']} out together is predicted to change it by **{_signed(one['influence'])}**"
        f"{truth}."
    )


def truth_sentence(s: dict[str, Any]) -> str:
    """How well it agrees with really leaving out; empty where nobody was."""
    if "pearson" not in s:
        return ""
    low, high = s["pearson_interval"]
    lds = f" Over {s['subsets']} random subsets the linear datamodelling score is {s['lds']:.3f}." if "lds" in s else ""
    length = s.get("length_pearson")
    control = "" if length is None else f"; the sequence's length {length:.3f}"
    return (
        f"Over **{counted(s['compared'], 'example')}** that were really left out, the true change is "
        f"**{number(s['slope'])}** times as large, with a relative error of {percent(s['relative_error'], 0)} and a "
        f"correlation of **{s['pearson']:.3f}** ({low:.3f} to {high:.3f}; random {s['random_pearson']:.3f}{control}); "
        f"{percent(s['sign_agreement'], 1)} of the signs agree.{lds}"
    )
