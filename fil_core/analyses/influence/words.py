"""What is said of influence."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fil_core.analyses.light import light
from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import count, counted, number, percent, signed
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
    if subject.redact:  # whom a model would miss tells its label
        which = (
            "have an influence above 0 on their own loss"
            if s["target"] == SELF
            else f"help {whose(s['target'], quote, subject)}"
        )
        said = f"By {CURVATURES[s['curvature']]}, {percent(s['positive'], 0)} of the {count(s['n'])} examples {which}."
    elif s["target"] == SELF:
        said = (
            f"By {CURVATURES[s['curvature']]}, leaving example **{called[0]}** out would raise its own loss the most, "
            f"by **{number(influence[best])}**; the median is {number(float(np.median(influence)))}."
        )
    else:
        helped = whose(s["target"], quote, subject)
        said = (
            f"By {CURVATURES[s['curvature']]}, example **{called[0]}** helps {helped} most: leaving it out would "
            f"change it by **{signed(influence[best])}**; {_least(influence[worst], called[1])}. "
            f"{percent(s['positive'], 0)} of the {count(s['n'])} examples help."
        )
    stable = light(s).says if "step_eigenvalue" in s else ""
    parts = [said, group_sentence(s), sections_sentence(s), truth_sentence(s), removed_sentence(s), stable]
    return " ".join(filter(None, parts))


def _least(value: float, called: str) -> str:
    """Who harms the most or, where all help, helps the least."""
    return f"example **{called}** {'by' if value < 0 else 'helps least, by'} **{signed(value)}**"


def whose(target: str, quote: Quote, subject: Subject) -> str:
    """The loss that is meant, in words."""
    kind, names = parts_of(target)
    if kind == TEST_LOSS:
        return "the mean test loss"
    if kind == SELF:
        return "its own loss"
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
    true = one.get("leave_group_out", math.nan)  # NaN without an optimum, which a warning says
    truth = "" if math.isnan(true) else f"; it really changed by **{signed(true)}**"
    return (
        f"Leaving the group of {one['size']} out together is predicted to change it by **{signed(one['influence'])}**"
        f"{truth}."
    )


def sections_sentence(s: dict[str, Any]) -> str:
    """Which groups of lines help and harm the most; empty where they were not asked for."""
    if "sections" not in s:
        return ""
    best, worst = s["sections"]["helps"], s["sections"]["harms"]
    truth = f"; over all of them the truth correlates at {s['section_pearson']:.3f}" if "section_pearson" in s else ""
    return (
        f"Of {counted(s['sections']['count'], 'group')} of lines, group {best['section']} left out whole is predicted "
        f"to change it by **{signed(best['influence'])}**, group {worst['section']} by "
        f"**{signed(worst['influence'])}**{truth}."
    )


def removed_sentence(s: dict[str, Any]) -> str:
    """What happened without the most helpful and the most harmful; empty where nobody was removed."""
    if "removed" not in s:
        return ""
    one = s["removed"]
    spread = "" if math.isnan(one["random_spread"]) else f" ± {number(one['random_spread'])}"
    those = {
        "helpful": f"the {count(one['size'])} most helpful by **{signed(one['helpful'])}**",
        "harmful": f"the {count(one['size'])} most harmful by **{signed(one['harmful'])}**",
        "random": f"{count(one['size'])} random ones by {signed(one['random'])}{spread} (over {one['draws']} draws)",
    }
    known = [said for name, said in those.items() if not math.isnan(one[name])]  # a warning says what has no optimum
    return f"It really changed without {', without '.join(known)}." if known else ""


def truth_sentence(s: dict[str, Any]) -> str:
    """How well it agrees with really leaving out; empty where nobody was."""
    if "pearson" not in s:
        return ""
    low, high = s["pearson_interval"]
    scored = not math.isnan(s.get("lds", math.nan))  # NaN of too few subsets, or where nothing varies
    lds = f" Over {s['subsets']} random subsets the linear datamodelling score is {s['lds']:.3f}." if scored else ""
    length = s.get("length_pearson")
    control = "" if length is None else f"; the sequence's length {length:.3f}"
    return (
        f"Over **{counted(s['compared'], 'example')}** that were really left out, the true change is "
        f"**{number(s['slope'])}** times as large, with a relative error of {percent(s['relative_error'], 0)} and a "
        f"correlation of **{s['pearson']:.3f}** ({low:.3f} to {high:.3f}; random {s['random_pearson']:.3f}{control}); "
        f"{percent(s['sign_agreement'], 1)} of the signs agree.{lds}"
    )
