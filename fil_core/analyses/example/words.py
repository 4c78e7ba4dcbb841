"""What one example gives away, in one sentence."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import number


def sentence(subject: Subject, quote: Quote) -> str:
    """Its most exposed feature and its nearest neighbour."""
    found = subject.result
    eta = found.arrays["feature_eta"]
    most = int(np.argmax(eta))
    data = subject.data
    name = f"feature {most:,}" if data is None else quote(data.source_names[most])
    near = found.table.index[0] if len(found.table) else None
    nearest = (
        f" The nearest training example is **{near:,}**, at a distance of {number(found.table['distance'].iloc[0])}."
        if near is not None
        else ""
    )
    return (
        f"Of example **{found.summary['id']:,}** the model reveals **{name}** most: its η is "
        f"**{number(eta[most])}**.{nearest}"
    )
