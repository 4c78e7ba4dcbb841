"""The parts of audits before and after mitigations: the leakage, from which the noise follows, then the audits."""

from __future__ import annotations

from collections.abc import Sequence

from fil_core.analyses.analysis import Answers
from fil_core.analyses.audit.request import AuditRequest
from fil_core.analyses.audits.request import AuditsRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.analyses.releases import Mitigation, compared_releases
from fil_core.dataset import Dataset
from fil_core.mitigations.releases import default_sigma
from fil_core.result import Result
from fil_core.specs import Request
from fil_core.specs.weights import Irfil


def parts(request: AuditsRequest, dataset: Dataset, answers: Answers) -> Sequence[Request]:
    """First the leakage of the model, then one audit for each mitigation.

    Args:
        request: what is asked.
        dataset: not used.
        answers: the answers so far.
    """
    measured = measurement(request)
    if not isinstance(found := answers.get(measured), Result):
        return [measured]
    return [measured, *(audit_of(request, one) for one in mitigations(request, found))]


def measurement(request: AuditsRequest) -> FilRequest:
    """The leakage of the model without mitigation."""
    return FilRequest(data=request.data, model=request.model, device=request.device)


def mitigations(request: AuditsRequest, measured: Result) -> list[Mitigation]:
    """The release as it is and its mitigations, in the order of the table.

    Args:
        request: what is asked.
        measured: the leakage without mitigation.
    """
    sigma = request.release_sigma or default_sigma(measured.summary["eta_mean"], measured.summary["prior_std"])
    base = ReleaseRequest(data=request.data, model=request.model, sigma=sigma, device=request.device)
    return compared_releases(base, n=measured.summary["n"], irfil=[Irfil()])


def audit_of(request: AuditsRequest, mitigation: Mitigation) -> AuditRequest:
    """The audit of one mitigation."""
    release = mitigation.release
    return AuditRequest(
        data=request.data, model=release.model, audit=request.audit, release_sigma=release.sigma, device=request.device
    )
