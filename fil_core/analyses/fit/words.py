"""How a model was fitted, in one sentence."""

from __future__ import annotations

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display import html as e
from fil_core.display.numbers import counted


def sentence(subject: Subject, quote: Quote) -> str:
    """How it was fitted, and its gradient norm beside the tolerance."""
    s = subject.result.summary
    fitted = "in closed form" if not s["iterations"] else f"in {counted(s['iterations'], 'step')}"
    return f"Fitted {fitted}: gradient norm **{s['grad_norm']:.1e}**, tolerance {s['tolerance']:.1e}."


def no_figures(subject: Subject) -> list[Drawn]:
    """A model by itself is not drawn."""
    return []


def section(subject: Subject) -> str:
    """The sentence, and the shape of the parameters."""
    shape = " × ".join(str(size) for size in subject.result.arrays["theta"].shape)
    return e.sentence(sentence(subject, e.quoted)) + e.facts({"Parameters": shape})
