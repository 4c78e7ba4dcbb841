"""Where a result comes from, and how to get it again: the small print of a section."""

from __future__ import annotations

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.data import source_of
from fil_core.display import html as e
from fil_core.display.numbers import count
from fil_core.errors import FilError
from fil_core.report.subject import Subject
from fil_core.reproduce import command, has_command, script

_EQUAL = "equal"


def provenance(subject: Subject) -> str:
    """Warnings, the facts, and what to type."""
    request, p = subject.request, subject.result.provenance
    warnings = "".join(e.paragraph(warning, "warning") for warning in p["warnings"])
    again = command(request) if has_command(request) else script(request)
    return (
        f'<div class="provenance">{warnings}{e.heading("Where this comes from")}{e.facts(_facts(subject))}'
        f"{e.heading('Reproduce this')}{e.code(again)}</div>"
    )


def _facts(subject: Subject) -> dict[str, str]:
    request, p, s = subject.request, subject.result.provenance, subject.result.summary
    data = p["request"]["data"]
    return {
        "Data": p["data"]["title"],
        "Data fingerprint": p["data"]["fingerprint"],
        "Notes on the data": " ".join(p["data"]["notes"]),
        "Source": _citation(data["name"]),
        "Training examples": f"n = {count(s['n'])}, d = {count(s['d'])} features",
        "Preprocessing": f"{data['preprocess']}" + (f", PCA {data['pca']}" if data["pca"] else ""),
        "Model": f"{request.model.kind}, λ = {request.model.penalty!r}",
        "Parameters": f"handed in, sha-256 {request.model.parameters}" if request.model.parameters else "",
        "Training weights": subject.weights.text if subject.weights else _EQUAL,
        "Noise": _noise(subject),
        "At risk": subject.at_risk,
        "Seed of the data": str(data["seed"]),
        "Precision": f"{p['dtype']} on {p['device']}",
        "Optimum": f"gradient norm {s['grad_norm']:.1e}, condition number {s['condition']:.2g}",
        "Computed": f"{p['created']}, in {p['seconds']:.1f} s",
        "Versions": ", ".join(f"{name} {version}" for name, version in p["versions"].items()),
    }


def _citation(name: str) -> str:
    """Whose data they are; empty for data that were deleted since."""
    try:
        return source_of(name).citation
    except FilError:
        return ""


def _noise(subject: Subject) -> str:
    request = subject.request
    if isinstance(request, AttributeRequest | ReconstructionRequest):
        return f"{count(request.trials)} releases, their seed {request.seed}"
    return f"σ = {subject.sigma:g}"
