"""Leave-one-out distinguishability of groups of training records: what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fil_core.errors import BadRequest
from fil_core.specs import KernelRequest, Upload
from fil_core.specs.checks import DIGEST
from fil_core.specs.options import Kind, number, option
from fil_core.specs.targets import SELF, queries

CLASSES, TWINS = "classes", "twins"
SIMILARITY = 0.99


def _groups() -> Kind:
    """Each class, near-duplicates, or an uploaded file by its sha-256; on the command line also the file itself."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or not (value in (CLASSES, TWINS) or DIGEST.fullmatch(value)):
            raise BadRequest(f"{name}: expected {CLASSES}, {TWINS}, or the sha-256 of an uploaded file; got {value!r}.")
        return value

    def read(written: str) -> str | Path:
        return written if written in (CLASSES, TWINS) or DIGEST.fullmatch(written) else Path(written)

    return Kind(check, read, str, "classes|twins|FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoodGroupsRequest(KernelRequest):
    """How well the outputs of a Gaussian process trained with a group of records and without it are told apart.

    Attributes:
        group: `classes`, each class is one; `twins`, near-duplicates are one; or the sha-256 of a file with columns
            `id` and `group`, see `engine.groups`.
        similarity: kernel correlation from which on a record and the one nearest to it are in one group of twins.
        queries: where the outputs are seen: `self`, each group at its own records together; else as in `LoodRequest`.
    """

    group: str = option(
        CLASSES, _groups(), "leave out whole groups: each class, twins (near-duplicates), or those of a file with "
        "columns id and group", link="group", always=True,
    )  # fmt: skip
    similarity: float = option(SIMILARITY, number(most=1.0), f"kernel correlation of twins, at least (default {SIMILARITY:g})", link="similarity")  # noqa: E501 # fmt: skip
    queries: str = option(
        SELF, queries(), "where outputs are seen: self (default), test, test:N, id:EXAMPLE or ids:A,B", link="queries"
    )

    def _check(self) -> None:
        if self.unused("similarity"):
            object.__setattr__(self, "similarity", SIMILARITY)

    def unused(self, name: str) -> str:
        """Similarity is that of twins."""
        return "groups are not twins" if name == "similarity" and self.group != TWINS else ""

    @property
    def of_a_file(self) -> bool:
        """Whether the groups are those of an uploaded file."""
        return self.group not in (CLASSES, TWINS)

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """The uploaded groups."""
        return (Upload("group", self.group),) if self.of_a_file else ()

    @property
    def detail(self) -> str:
        """Which groups, and the queries."""
        groups = f"groups of file {self.group[:8]}…" if self.of_a_file else self.group
        alike = f" from {self.similarity:g}" if self.group == TWINS and self.similarity != SIMILARITY else ""
        return f"{groups}{alike}{'' if self.queries == SELF else f', at {self.queries}'}"
