"""Which pixels of one picture leak through a network: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import ModelRequest
from fil_core.specs.options import example, option


@dataclass(frozen=True, slots=True, kw_only=True)
class PullbackExampleRequest(ModelRequest):
    """Which pixels of one training picture leak through the network that makes its features, and in which direction.

    Attributes:
        id: the example's row in the source, as in the `id` column of every table.
    """

    id: int = option(
        0,
        example(),
        "its id, as in the column id of every table (default 0)",
        called="example",
        link="id",
        always=True,
    )

    @property
    def detail(self) -> str:
        """The example."""
        return f"example {self.id}"
