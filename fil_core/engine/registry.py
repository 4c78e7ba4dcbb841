"""Requests by type: what runs them, and which version of their result the store holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from fil_core.dataset import Dataset
from fil_core.result import Result
from fil_core.specs import (
    AttributeRequest,
    ExampleRequest,
    FilRequest,
    FitRequest,
    IrfilRequest,
    ReconstructionRequest,
    ReleaseRequest,
    Request,
    canonical,
)


@dataclass(frozen=True, slots=True)
class Analysis:
    """How one type of request is answered.

    Attributes:
        name: as the command line and the Runs page call it.
        version: raised whenever the meaning or the layout of the result changes; old results are then not found.
    """

    name: str
    version: int


ANALYSES: dict[type, Analysis] = {
    FilRequest: Analysis("fil", 1),
    ExampleRequest: Analysis("example", 1),
    FitRequest: Analysis("fit", 1),
    AttributeRequest: Analysis("attribute inference", 1),
    ReconstructionRequest: Analysis("reconstruction", 1),
    IrfilRequest: Analysis("irfil", 1),
    ReleaseRequest: Analysis("release", 1),
}


def runner(request: Request) -> Callable[..., Result]:
    """The function that answers a request; torch is loaded only here, when something is to be computed."""
    from fil_core.engine import analyses, attacks, mitigations

    runners: dict[type, Callable[..., Result]] = {
        FilRequest: analyses.run_fil,
        ExampleRequest: analyses.run_example,
        AttributeRequest: attacks.run_attribute,
        ReconstructionRequest: attacks.run_reconstruction,
        IrfilRequest: mitigations.run_irfil,
        ReleaseRequest: mitigations.run_release,
    }
    return runners[type(request)]


def check(request: Request, dataset: Dataset) -> None:
    """Refuse what the data cannot answer before minutes go into a model for it.

    Raises:
        BadRequest, BadData: no such attribute or example.
    """
    from fil_core.engine import analyses, attacks, mitigations

    checks: dict[type, Callable[..., object]] = {
        FilRequest: analyses.check_fil,
        ExampleRequest: analyses.check_example,
        AttributeRequest: attacks.check_attribute,
        ReconstructionRequest: attacks.check_reconstruction,
        IrfilRequest: mitigations.check_irfil,
        ReleaseRequest: mitigations.check_release,
    }
    checks[type(request)](request, dataset)


def key(request: Request, fingerprint: str) -> str:
    """Name of a result in the store: sha-256 of the request, the data's content and the version, as hex."""
    identity = [canonical(request), fingerprint, ANALYSES[type(request)].version]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
