"""Which feature of an example is most exposed, in one sentence."""

from __future__ import annotations

import numpy as np

from fil_core.analyses.example.estimates import estimates, noise_of_half
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
    exposed = f"The most exposed feature of example **{called}** is **{name}**, with η = **{number(eta[most])}**."
    return f"{exposed}{_estimated(subject, most)}{nearest}"


def _estimated(subject: Subject, feature: int) -> str:
    """How precisely that feature could be estimated; nothing where the data are not there any more."""
    if subject.data is None or not subject.result.arrays["feature_eta"].any():
        return ""
    sigma = noise_of_half(subject.result, subject.data)
    row = estimates(subject.result, subject.data, sigma).iloc[feature]
    silent = "" if row.tells else "; so the bound says nothing"
    return (
        f" At σ = {number(sigma)}, where half of some feature's spread is told, no unbiased attacker estimates it with "
        f"a standard deviation below {number(row.bound)} in preprocessed units, {number(row.bound_source)} in those of "
        f"the source, where its spread among the training examples is {number(row.spread)}{silent}."
    )
