"""The section of a report about unique information."""

from __future__ import annotations

from fil_core.analyses.section import section as usual
from fil_core.analyses.subject import Subject
from fil_core.analyses.unique_information.words import detection_sentence
from fil_core.display import html as e
from fil_core.display.numbers import count, number


def section(subject: Subject) -> str:
    """The usual section, the numbers of the network, and how planted label noise is found."""
    s = subject.result.summary
    facts = {
        "Weights": (count(s["parameters"]), f"{count(s['outputs'])} output{'' if s['outputs'] == 1 else 's'}"),
        "Step × curvature": (number(s["step_eigenvalue"]), "below 2 is stable"),
        "Kernel": (s["kernel"], f"smallest / largest eigenvalue {number(s['kernel_condition'])}"),
    }
    found = detection_sentence(s)
    return usual(subject) + (e.sentence(found) if found else "") + e.metrics(facts)
