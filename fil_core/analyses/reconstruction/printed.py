"""What the command prints for reconstructed examples."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.subject import Subject

_COLUMNS = (
    "sigma", "mse", "psnr", "mse_prior", "psnr_prior", "mse_nearer", "psnr_nearer", "bound_unbiased", "bound_prior",
)  # fmt: skip


def printed(subject: Subject) -> tuple[dict[str, Any], str]:
    """For --json, every column by example, and as a table."""
    request, names = subject.request, subject.names
    assert isinstance(request, ReconstructionRequest)
    rows = {str(name): subject.result.table.loc[[id]] for id, name in zip(request.ids, names(request.ids), strict=True)}
    line: dict[str, Any] = {name: {id: own[name].tolist() for id, own in rows.items()} for name in _COLUMNS}
    line |= {"ids": names(request.ids), "sigmas": list(request.sigmas), "trials": request.trials}
    shown = subject.named(subject.result.table).reset_index()[["id", *_COLUMNS]]
    return line, shown.to_string(index=False, float_format="{:.3g}".format)
