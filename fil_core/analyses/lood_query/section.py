"""The section of a report about optimised queries."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.listing import picture_address
from fil_core.analyses.section import section as usual
from fil_core.analyses.subject import Subject
from fil_core.display import html as e
from fil_core.display import pictures
from fil_core.display.numbers import number


def section(subject: Subject) -> str:
    """The usual section, and of images each record beside its query."""
    return usual(subject) + "".join(_pair(subject, i) for i in range(min(subject.top, len(subject.result.table))))


def _pair(subject: Subject, i: int) -> str:
    data, arrays = subject.data, subject.result.arrays
    if data is None or data.image_shape is None:
        return ""
    row = subject.result.table.iloc[i]
    called = subject.called(int(subject.result.table.index[i]))
    titles = (f"record {called}", f"query, similarity {number(float(row['similarity']))}")
    both: list[np.ndarray] = [pictures.pixels(data, arrays[name][i]) for name in ("records", "queries")]
    return e.pictures((picture_address(subject, one), title) for one, title in zip(both, titles, strict=True))
