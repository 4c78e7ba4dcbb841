"""The part of a fit: the analysis that the weights of the training examples follow from."""

from __future__ import annotations

from fil_core.analyses.analysis import Answers
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.fit.request import FitRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.dataset import Dataset
from fil_core.specs import ModelRequest
from fil_core.specs.weights import Dropping, Irfil


def parts(request: FitRequest, dataset: Dataset, answers: Answers) -> tuple[ModelRequest, ...]:
    """The analysis that the weights follow from, if there is one.

    Args:
        request: the model.
        dataset: not used.
        answers: not used; the part does not depend on other answers.
    """
    source = source_of_weights(request)
    return () if source is None else (source,)


def source_of_weights(request: ModelRequest) -> ModelRequest | None:
    """The analysis whose result contains the weights of a model; None for equal or uploaded weights."""
    weighting, base = request.model.weights, request.model.equally_weighted
    if isinstance(weighting, Irfil):
        return IrfilRequest(data=request.data, model=base, weights=weighting, device=request.device)
    if isinstance(weighting, Dropping):
        return FilRequest(data=request.data, model=base, attribute=weighting.attribute, device=request.device)
    return None
