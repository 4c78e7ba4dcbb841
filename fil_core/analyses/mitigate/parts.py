"""The parts of a comparison of mitigations, in steps: each follows from the answers of the one before."""

from __future__ import annotations

from collections.abc import Sequence

from fil_core.analyses.analysis import Answers
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.mitigate.request import MitigateRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.analyses.releases import Mitigation, compared_releases, noise_for
from fil_core.dataset import Dataset
from fil_core.mitigations.releases import default_sigma, evenly_ranked
from fil_core.result import Result
from fil_core.specs import Request
from fil_core.specs.weights import METHODS


def parts(request: MitigateRequest, dataset: Dataset, answers: Answers) -> Sequence[Request]:
    """First the leakage of the model, then the mitigated releases, then those with as much noise as reweighting needs.

    Args:
        request: the comparison.
        dataset: not used.
        answers: the answers so far.

    Raises:
        BadRequest: a target for eta that is reached without more noise.
    """
    measured = measurement(request)
    if not isinstance(answers.get(measured), Result):
        return [measured]
    return [measured, *(mitigation.release for mitigation in mitigations(request, answers))]


def measurement(request: MitigateRequest) -> FilRequest:
    """The leakage of the model without mitigation."""
    return FilRequest(data=request.data, model=request.model, attribute=request.at_risk, device=request.device)


def mitigations(request: MitigateRequest, answers: Answers) -> list[Mitigation]:
    """The mitigations that follow from the answers so far, in the order of the table."""
    measured = answers[measurement(request)]
    assert isinstance(measured, Result)
    base = unmitigated_release(request, measured)
    before = measured.summary["eta_max"]
    noisier = [noise_for(base, before, target) for target in request.target_eta or ()]
    compared = compared_releases(
        base,
        n=measured.summary["n"],
        irfil=[request.reweighting(method) for method in _methods(request, measured)],
        sigmas=request.sigmas,
        l2s=request.l2s,
        drops=request.drop,
    )
    if request.target_eta is None:
        noisier = [noise_for(base, before, target) for target in _reached(compared, answers, before / base.sigma)]
    return compared + noisier


def unmitigated_release(request: MitigateRequest, measured: Result) -> ReleaseRequest:
    """The release without mitigation; noise and examples are those of the request, or defaults for the data."""
    s = measured.summary
    sigma = default_sigma(s["eta_mean"], None if request.attribute else s["prior_std"])
    return ReleaseRequest(
        data=request.data,
        model=request.model,
        sigma=sigma if request.release_sigma is None else request.release_sigma,
        attribute=request.attribute,
        ids=evenly_ranked(measured.table["eta"], request.examples) if not request.attribute else (),
        trials=request.trials,
        draws=request.draws,
        seed=request.seed,
        device=request.device,
    )


def _methods(request: MitigateRequest, measured: Result) -> tuple[str, ...]:
    if request.methods is not None:
        return request.methods
    return METHODS if measured.summary["score"] == "accuracy" else ("sample",)


def _reached(compared: Sequence[Mitigation], answers: Answers, eta_max: float) -> list[float]:
    """The largest eta after the first reweighting, as a target for noise; none if it is unknown or not smaller."""
    for mitigation in compared:
        answer = answers.get(mitigation.release)
        if mitigation.family == "reweighting" and isinstance(answer, Result):
            reached = float(answer.summary["eta_max"])
            return [reached] if reached < eta_max else []
        if mitigation.family == "reweighting" and answer is None:
            return []  # not known yet
    return []
