"""What is said of the landscape of one record."""

from __future__ import annotations

import math
from typing import Any

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import number
from fil_core.display.plain import visible
from fil_core.display.redaction import feature

_ABOUT = 1.01  # times the value at the record, up to which another is about the same


def sentence(subject: Subject, quote: Quote) -> str:
    """How the record is told at itself, how fast that falls, and whether another query tells it better."""
    s = subject.result.summary
    own = (
        f"One draw of the outputs at record **{quote(subject.called(s['id']))}** itself tells that it was in with an "
        f"AUC of **{s['auc_own']:.3f}** (LOOD {number(s['kl_own'])} nats)."
    )
    parts = [own, f"Away from it, {_way(subject, quote)}, {_falls(s)}.", _there(subject, quote)]
    parts.append("No query tells it better than the record itself does, by KL or AUC (data processing);")
    return " ".join(filter(None, [*parts, _mean(s), _pixels(subject)]))


def _way(subject: Subject, quote: Quote) -> str:
    """Where the query goes."""
    s = subject.result.summary
    if "towards" in s:
        return f"towards example {quote(subject.called(s['towards']))} (t = 1)"
    if "pixel" in s:
        return f"along feature {quote(called(subject))} (t = 1 is its range)"
    return "in a random direction (t = 1 is the root mean squared distance of two records)"


def called(subject: Subject) -> str:
    """The feature that the query runs along, as it may be shown, by its name where it was numbered."""
    written, names = str(subject.result.summary["pixel"]), subject.data.feature_names if subject.data else ()
    name = names[int(written)] if written not in names and written.isdecimal() and names else written
    return feature(name) if subject.redact else name


def _falls(s: dict[str, Any]) -> str:
    """How far away the LOOD has halved."""
    ends = [end for end in (s["half_from"], s["half_to"]) if not math.isnan(end)]
    if not ends:
        return "the LOOD stays above half of that"
    return f"the LOOD is below half of that by t = {' and '.join(f'**{end:.2g}**' for end in ends)}"


def _there(subject: Subject, quote: Quote) -> str:
    """How the record is told at the other example; empty without one."""
    s = subject.result.summary
    if math.isnan(s.get("auc_towards", math.nan)):
        return ""
    return f"At example {quote(subject.called(s['towards']))} the AUC is **{s['auc_towards']:.3f}**."


def _mean(s: dict[str, Any]) -> str:
    """Whether the mean moves more elsewhere."""
    if s["mean_own_is_largest"]:
        return "the change of the mean (mean_lood), which need not, is largest there too."
    where = f"t = {s['mean_t']:.2g}" + (f", u = {s['mean_u']:.2g}" if "mean_u" in s else "")
    times = f"{number(s['mean_max'] / s['mean_own'])} × that at the record" if s["mean_own"] > 0 else "larger"
    if s["mean_own"] > 0 and s["mean_max"] < _ABOUT * s["mean_own"]:
        return (
            f"the change of the mean (mean_lood) can be larger elsewhere, but hardly is: by less than 1 % at {where}."
        )
    return f"the change of the mean (mean_lood) can be larger elsewhere, and is: **{times}** at {where}."


def _pixels(subject: Subject) -> str:
    """From where on queries are no pictures; empty where features are no pixels, or it tells the value of one."""
    ends = pixels_end(subject)
    if ends is None:
        return ""
    if max(map(abs, ends)) < 1e-3:
        return "Any step takes some pixel beyond black or white."
    where = "Along the first direction alone, below" if "mean_u" in subject.result.summary else "Below"
    return f"{where} t = {ends[0]:.2g} and above t = {ends[1]:.2g} some pixel of the query lies beyond black or white."


def pixels_end(subject: Subject) -> tuple[float, float] | None:
    """Between which t the query is a picture; None where that has no meaning, or tells the value of a pixel.

    Args:
        subject: the result.
    """
    s = subject.result.summary
    if "pixels_from" not in s or (subject.redact and "pixel" in s):
        return None
    return s["pixels_from"], s["pixels_to"]


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json everything that the summary holds; and the sentence."""
    return dict(subject.result.summary), sentence(subject, visible).replace("**", "")
