"""What refuses sequences: models of features, to which numbers of tokens mean nothing."""

from __future__ import annotations

from fil_core.dataset import Dataset
from fil_core.errors import BadRequest

TEXT_NETWORK = "lstm"  # the network to use for text


def refuse_sequences(what: str, got: str, dataset: Dataset) -> None:
    """Refuse sentences where rows of features are needed.

    Args:
        what: begins the message: what needs features.
        got: what was asked for instead of a language model; empty for the data alone.
        dataset: the examples.

    Raises:
        BadRequest: they are sequences.
    """
    if dataset.task == "sequences":
        raise BadRequest(
            f"{what}: {dataset.title} holds sentences, whose tokens are no features; expected a language model "
            f"(--network {TEXT_NETWORK}){got and f', got {got}'}. Or choose other data, such as --data digits."
        )
