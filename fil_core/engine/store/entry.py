"""A stored result without its content, as its manifest describes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fil_core.engine.store.encoding import read_manifest


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored result without its content.

    Attributes:
        key: its name in the store.
        bytes: size of its files together.
        created, used: when it was written and last read, UTC.
        request: the request in its provenance; empty where the provenance has none.
        analysis: name of the analysis in the registry; empty likewise.
        title: how a page names the data set; empty likewise.
        seconds: how long it took to compute; None where the provenance has no such figure.
        fingerprint: sha-256 of the data's content; empty likewise.
    """

    key: str
    bytes: int
    created: datetime
    used: datetime
    request: dict[str, Any]
    analysis: str = ""
    title: str = ""
    seconds: float | None = None
    fingerprint: str = ""


def entry_of(key: str, content: bytes, used: float) -> Entry:
    """The entry that a manifest describes.

    Args:
        key: the result's name in the store.
        content: the manifest's bytes.
        used: when the result was last read, in seconds since the epoch.

    Raises:
        ValueError: the manifest is damaged or belongs to another key.
    """
    manifest = read_manifest(key, content)
    provenance = manifest["provenance"]
    data = provenance.get("data", {})
    return Entry(
        key=key,
        bytes=len(content) + sum(file["bytes"] for file in manifest["files"].values()),
        created=datetime.fromisoformat(manifest["created"]),
        used=datetime.fromtimestamp(used, UTC),
        request=provenance.get("request", {}),
        analysis=provenance.get("analysis", ""),
        title=data.get("title", ""),
        seconds=provenance.get("seconds"),
        fingerprint=data.get("fingerprint", ""),
    )
