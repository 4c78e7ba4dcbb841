"""Which feature of an example is most exposed, in one sentence."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.subject import Quote, Subject
from fil_core.display.numbers import number


def sentence(subject: Subject, quote: Quote) -> str:
    """Its most exposed feature and its nearest neighbour."""
    result = subject.result
    eta = result.arrays["feature_eta"]
    most = int(np.argmax(eta))
    data = subject.data
    name = f"feature {most:,}" if data is None else quote(subject.features[most])
    nearest = ""
    if len(result.table):
        id, distance = result.table.index[0], number(result.table["distance"].iloc[0])
        nearest = f" The nearest training example is **{quote(subject.called(id))}**, at distance {distance}."
    called = quote(subject.called(result.summary["id"]))
    return f"The most exposed feature of example **{called}** is **{name}**, with η = **{number(eta[most])}**.{nearest}"
