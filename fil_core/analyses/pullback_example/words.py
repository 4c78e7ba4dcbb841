"""What one picture gives away through a network, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import number
from fil_core.display.plain import visible


def sentence(subject: Subject, quote: Quote) -> str:
    """Its eta, its most exposed pixel, and how much the map is that of a model without a network."""
    s, eta = subject.result.summary, subject.result.arrays["pixel_eta"]
    called = quote(subject.called(s["id"]))
    alike = f" Spearman of its map with that of raw pixels: {s['spearman']:.2f}." if "spearman" in s else ""
    return (
        f"Through the network picture **{called}** leaks η = **{number(s['eta_pixels'])}** per unit of pixel "
        f"intensity; its most exposed pixel{_place(subject, int(np.argmax(eta)))}, alone, "
        f"**{number(float(eta.max()))}**.{alike}"
    )


def _place(subject: Subject, pixel: int) -> str:
    """Where a pixel is, counted from 1; nothing while redacted, or where the data are not there any more."""
    if subject.redact or subject.data is None or subject.data.picture_shape is None:
        return ""
    row, column, *_ = np.unravel_index(pixel, subject.data.picture_shape)
    return f", row {row + 1}, column {column + 1}"


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, and in words."""
    line = {name: value for name, value in subject.result.summary.items() if name != "spearman"}
    return line | {"id": subject.names([line["id"]])[0]}, sentence(subject, visible).replace("**", "")
