"""Which test rows one record moves: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.specs import KernelRequest
from fil_core.specs.options import example, option


@dataclass(frozen=True, slots=True, kw_only=True)
class LoodMovesRequest(KernelRequest):
    """At which test rows the outputs of a Gaussian process change when one record is left out.

    The records that move one test row are told by `LoodRequest(queries="test:ROW")`.

    Attributes:
        id: the record.
    """

    id: int | None = option(
        None, example(), "id of the record, as in every table", called="example", link="id", required=True
    )

    def _check(self) -> None:
        if self.id is None:
            raise BadRequest("example: expected a training record; got none.")

    @property
    def detail(self) -> str:
        """The record."""
        return f"example {self.id}"
