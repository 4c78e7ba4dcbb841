"""One training example: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.specs import ModelRequest
from fil_core.specs.options import example, option, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRequest(ModelRequest):
    """What one training example gives away: which features, in which direction, and who is like it.

    Attributes:
        id: the example's row in the source, as in the `id` column of every table.
        neighbours: how many nearest training examples to name.
    """

    id: int = option(
        0,
        example(),
        "its id, as in the column id of every table (default 0)",
        called="example",
        link="id",
        always=True,
    )
    neighbours: int = option(8, whole(), "nearest training examples listed (default 8)")

    @property
    def detail(self) -> str:
        """The example."""
        return f"example {self.id}"
