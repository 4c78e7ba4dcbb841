"""What is said of a trained model."""

from __future__ import annotations

from fil_core.analyses.subject import Drawn, Quote, Subject
from fil_core.display import html as e


def sentence(subject: Subject, quote: Quote) -> str:
    """Whether it is at its optimum."""
    s = subject.result.summary
    steps = "in closed form" if not s["iterations"] else f"after {s['iterations']} steps"
    return (
        f"The model is at its optimum {steps}: the gradient norm is **{s['grad_norm']:.1e}**, with a tolerance of "
        f"{s['tolerance']:.1e}."
    )


def no_figures(subject: Subject) -> list[Drawn]:
    """A model by itself is not drawn."""
    return []


def section(subject: Subject) -> str:
    """The sentence, and the shape of the parameters."""
    shape = " × ".join(str(size) for size in subject.result.arrays["theta"].shape)
    return e.sentence(sentence(subject, e.quoted)) + e.facts({"Parameters": shape})
