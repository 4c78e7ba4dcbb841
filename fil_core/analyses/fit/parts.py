"""What must be known before a model is trained: the weights that follow from another analysis."""

from __future__ import annotations

from fil_core.analyses.analysis import Answers
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.dataset import Dataset
from fil_core.specs import ModelRequest
from fil_core.specs.weights import Dropping, Irfil


def parts(request: FitRequest, dataset: Dataset, answers: Answers) -> tuple[ModelRequest, ...]:
    """The analysis that the weights follow from, if they follow from one."""
    found = source_of_weights(request)
    return () if found is None else (found,)


def source_of_weights(request: ModelRequest) -> ModelRequest | None:
    """The analysis whose answer has the weights that a model is to be trained with; None for equal or uploaded ones."""
    weighting, base = request.model.weights, request.model.equally_weighted
    if isinstance(weighting, Irfil):
        return IrfilRequest(data=request.data, model=base, weights=weighting, device=request.device)
    if isinstance(weighting, Dropping):
        return FilRequest(data=request.data, model=base, attribute=weighting.attribute, device=request.device)
    return None
