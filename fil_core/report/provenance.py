"""Provenance of a result and its command line: the small print of a section."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.reproduce import command
from fil_core.analyses.subject import Subject
from fil_core.data import source_of
from fil_core.display import html as e
from fil_core.display.numbers import count, counted
from fil_core.errors import FilError
from fil_core.specs import DataSpec, JointRequest, ModelRequest, NetworkRequest, Request

_EQUAL = "equal"


def provenance(subject: Subject) -> str:
    """Warnings, provenance, and the command line."""
    warnings = "".join(e.paragraph(warning, "warning") for warning in subject.warnings)
    return (
        f'<div class="provenance">{warnings}{e.heading("Provenance")}{e.facts(_facts(subject))}'
        f"{e.heading('Reproduce this')}{e.code(command(subject.request, subject.data, redact=subject.redact))}</div>"
    )


def _facts(subject: Subject) -> dict[str, str]:
    request, p, s = subject.request, subject.result.provenance, subject.result.summary
    data = p["request"]["data"]
    sizes = f"n = {count(s['n'])}, d = {counted(s['d'], 'feature')}" if "n" in s else ""
    found = {
        "Data": p["data"]["title"],
        "Data fingerprint": p["data"]["fingerprint"],
        "Notes on the data": " ".join(subject.notes),
        "Source": _citation(data["name"]),
        "Training examples": sizes,
        "Preprocessing": f"{data['preprocess']}" + (f", PCA {data['pca']}" if data["pca"] else ""),
        "Features": _features(request.data),
        **_model(request),
        "Noise": request.noise,
        "At risk": subject.at_risk,
        "Seed of the data": str(data["seed"]),
        "Precision": f"{p['dtype']} on {p['device']}",
        "Optimum": optimum(s),
        "Computed": f"{p['created']}, in {p['seconds']:.1f} s",
        "Versions": ", ".join(f"{name} {version}" for name, version in p["versions"].items()),
    }
    return found if request.names_data else {name: found[name] for name in ("Data", "Computed", "Versions")}


def _features(data: DataSpec) -> str:
    """Which network made the features, and what it was trained on; empty for none."""
    if data.features_from is None:
        return ""
    if data.extractor is not None:
        return f"last hidden layer of {data.features_from}, uploaded, sha-256 {data.extractor}"
    return (
        f"last hidden layer of {data.features_from}, trained for {data.extractor_steps:,} steps on a public share of "
        f"{data.public_fraction:g} with seed {data.extractor_seed}"
    )


def _model(request: Request) -> dict[str, str]:
    return _fitted(request) | _network(request)


def _network(request: Request) -> dict[str, str]:
    if not isinstance(request, NetworkRequest | JointRequest):
        return {}
    start = request.network.initial
    return {
        "Network": request.network.trained,
        "Start": f"uploaded, sha-256 {start}" if start else f"drawn with seed {request.network.init_seed}",
    }


def _fitted(request: Request) -> dict[str, str]:
    if not isinstance(request, ModelRequest):
        return {}
    return {
        "Model": f"{request.model.kind}, λ = {request.model.penalty!r}",
        "Parameters": f"pretrained, sha-256 {request.model.parameters}" if request.model.parameters else "",
        "Training weights": request.weighting.text if request.weighting else _EQUAL,
    }


def optimum(summary: dict[str, Any]) -> str:
    """Gradient norm and condition number; empty where there is no optimum."""
    if "grad_norm" not in summary:
        return ""
    condition = f", condition number {summary['condition']:.2g}" if "condition" in summary else ""
    return f"gradient norm {summary['grad_norm']:.1e}{condition}"


def _citation(name: str) -> str:
    """Citation of the data; empty where they have been deleted."""
    try:
        return source_of(name).citation
    except FilError:
        return ""
