"""What every analysis refuses before it looks at its own options."""

from __future__ import annotations

from fil_core.analyses.architectures.request import ArchitecturesRequest
from fil_core.analyses.table import analysis_of
from fil_core.data.text.refusal import refuse_sequences
from fil_core.dataset import Dataset
from fil_core.errors import BadRequest
from fil_core.specs import KernelRequest, Request


def check(request: Request, dataset: Dataset) -> None:
    """Refuse a request that the data cannot answer.

    Raises:
        BadRequest: features are needed and the data are sequences, or as the analysis's own check.
        BadData: as the analysis's own check.
    """
    analysis = analysis_of(request)
    if isinstance(request, KernelRequest | ArchitecturesRequest) and dataset.task == "sequences":
        raise BadRequest(
            f"{analysis.command}: {dataset.title} holds sentences, whose tokens are no features, and of which a "
            "Gaussian process has no kernel. Choose other data, such as --data digits."
        )
    if not request.reads_text:
        refuse_sequences(analysis.command, request.subject, dataset)
    analysis.check(request, dataset)
