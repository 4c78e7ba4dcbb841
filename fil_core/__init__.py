"""Fisher information loss: how much a trained model gives away about each of its training examples.

Symbols, the same in code, docstrings and captions:

    n, d, C        training examples, model features, classes
    X (n, d), y    features and targets; x_i, y_i one example
    w (n,)         weights of the examples, >= 0
    theta          parameters at the optimum of sum_i w_i loss_i + n l2 / 2 |theta|^2; (d,), or Theta (C, d) for softmax
    z, r, a        score theta^T x, and the loss's first and second derivative in it
    H, u           Hessian of the objective at theta; u = H^-1 x
    J_i            d theta / d(x_i, y_i), d rows and d + 1 columns
    sigma          standard deviation of the Gaussian output perturbation
    eta_i          Fisher information loss, |J_i|_2 / sigma, in 1/feature units
    dFIL           |J_x|_F^2 / (sigma^2 d), the mean over features instead of the worst direction
    K, s           kernel of the records of a Gaussian process, and the noise on its diagonal
    A, alpha       (K + s I)^-1 and A Y
    g_i, m_i       variance of the outputs without record i over that with it, less 1; squared distance of the means
    omega_i        what reweighting divides by eta_i in each round; the weights follow from it

The usual way in is `get(FilRequest(data=DataSpec(...), model=ModelSpec(...)))`, which looks in the store first.
Names are imported when they are first used, so that a page that only reads stored results never loads torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "fil_core.specs": (
        "DataSpec", "KernelSpec", "ModelSpec", "NetworkSpec", "Request", "DEFAULT_L2", "LARGEST_L2",
    ),
    "fil_core.analyses.table": ("ANALYSES", "analysis_of", "request_of"),
    "fil_core.attacks.attackers": ("ATTACKERS", "WHITE_BOX"),
    "fil_core.specs.weights": ("Irfil", "Dropping", "GivenWeights", "Weighting", "METHODS", "weighting"),
    "fil_core.analyses.releases": ("Mitigation", "compared_releases", "noise_for", "release_row", "attack_by_decile"),
    "fil_core.mitigations.releases": ("successors", "default_sigma", "evenly_ranked"),
    "fil_core.mitigations.irfil": ("Reweighting", "irfil", "without_leakiest"),
    "fil_core.result": ("Result",),
    "fil_core.dataset": ("Dataset", "AttributeGroup", "Preprocessing"),
    "fil_core.errors": (
        "FilError", "BadRequest", "BadData", "DataUnavailable", "DeviceUnavailable", "NotConverged",
        "SingularCurvature", "WorkersUnavailable",
    ),
    "fil_core.data": ("load", "catalogue", "resolve", "source_of"),
    "fil_core.specs.networks": ("register_network", "Shape"),
    "fil_core.models": ("fit", "Fitted"),
    "fil_core.models.networks": ("network",),
    "fil_core.lood.process": ("process",),
    "fil_core.lood.posterior": ("Posterior", "posterior"),
    "fil_core.leakage.fil": ("fil", "group_fil", "measure"),
    "fil_core.leakage.calibration": (
        "sigma_for_eta", "sigma_for_error", "sigma_for_membership", "membership_auc", "total_eta",
    ),
    "fil_core.leakage.utility": ("expected_accuracy", "expected_squared_error", "correct_probability", "drawn_scores"),
    "fil_core.leakage.comparison": ("Agreement", "agreement", "deciles", "top"),
    "fil_core.attacks.attribute": ("Attribute", "attribute_of", "categorical", "continuous"),
    "fil_core.attacks.candidates": ("candidate_shifts",),
    "fil_core.attacks.inference": ("Inference", "infer"),
    "fil_core.attacks.success": ("success_probability", "sigma_for_success", "success_column", "success_range"),
    "fil_core.attacks.reconstruction": ("Reconstruction", "reconstruct"),
    "fil_core.engine": ("Engine", "get"),
    "fil_core.engine.weights": ("read_weights", "keep_weights"),
    "fil_core.engine.groups": ("read_groups", "keep_groups"),
    "fil_core.engine.uploads": ("keep_scores", "scores_of", "read_scores", "joined", "keep_parameters", "keep_network"),
    "fil_core.data.own.parameters": ("read_parameters",),
    "fil_core.data.own.network": ("read_network",),
    "fil_core.data.own": ("Choices", "OwnData", "add", "registered"),
    "fil_core.engine.store": ("Store",),
    "fil_core.engine.store.export": ("to_csv_bytes", "to_flat_parquet_bytes", "write_table"),
}  # fmt: skip

_HOME = {name: module for module, names in _WHERE.items() for name in names}


def _requests() -> dict[str, Any]:
    """The types of request, by name: what the table of analyses says."""
    found: dict[str, Any] = import_module("fil_core.analyses.table").REQUESTS
    return found


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted([*_HOME, *_requests()])
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name.endswith("Request") and name in _requests():
        return _requests()[name]
    raise AttributeError(f"module 'fil_core' has no name {name!r}")


def __dir__() -> list[str]:
    return sorted([*_HOME, *_requests()])
