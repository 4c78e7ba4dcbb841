"""All measures in one table, from the stored results that they are of."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from fil_core.analyses.analysis import Answers, Inputs
from fil_core.analyses.measures.described import described
from fil_core.analyses.measures.request import MeasuresRequest
from fil_core.analyses.measures.sources import source
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.progress import Progress
from fil_core.result import Result
from fil_core.specs import Request


def parts(request: MeasuresRequest, dataset: Dataset, answers: Answers) -> Sequence[Request]:
    """The requests of its sources.

    Args:
        request: the joint table.
        dataset: the examples.
        answers: not needed.
    """
    return [source(name).request(request, dataset) for name in request.of]


def check(request: MeasuresRequest, dataset: Dataset) -> None:
    """Raises BadRequest or BadData for a source that the data do not have."""
    for name in request.of:
        one = source(name)
        if why := one.why_not(dataset):
            raise BadRequest(f"of: expected sources that this data set has; {name} is none of them: {why}.")
        part = one.request(request, dataset)
        one.analysis.check(part, dataset)


def run(request: MeasuresRequest, inputs: Inputs, progress: Progress | None = None) -> Result:
    """Every column of its sources, and how far they agree.

    Args:
        request: the joint table.
        inputs: the data, and the answers to its parts.
        progress: called with (done, total, what); not needed.
    """
    data = inputs.dataset
    found = {name: inputs.part(source(name).request(request, data)) for name in request.of}
    measures = pd.concat([source(name).joined(part.table) for name, part in found.items()], axis=1)
    labels = pd.Series(data.labels, pd.Index(data.ids, name="id"), name="label")
    sizes = {"n": data.n, "d": data.d, "sources": list(request.of)}
    warnings = [warning for part in found.values() for warning in part.provenance["warnings"]]
    one = described(labels, measures)
    return Result(one.table, one.arrays, sizes | one.summary, {"warnings": list(dict.fromkeys(warnings))})
