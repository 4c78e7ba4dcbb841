"""Leave-one-out distinguishability of every training record: what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fil_core.specs import KernelRequest
from fil_core.specs.options import choice, number, option, whole
from fil_core.specs.targets import SELF, queries

SCALINGS = ("mean", "sum")
_MOST_TWINS = 100


def asked_fpr() -> Any:
    """The field of the false-positive rate."""
    said = "false-positive rate at which the true-positive rate is told (default 0.001)"
    return option(0.001, number(most=0.5), said, link="fpr")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoodRequest(KernelRequest):
    """How well the outputs of a Gaussian process trained with a record and without it are told apart, for every record.

    Attributes:
        queries: where the outputs are seen: `self`, each record at itself; `test`, all test rows together; `test:N`;
            `id:EXAMPLE` or `ids:A,B`, training records together.
        fpr: false-positive rate at which the true-positive rate is told.
        scaling: whether `mean_lood` is half the mean over queries and outputs, or half the sum.
        twins: number of nearest other records that are also left out with each record, see `kl_with_twins`.
    """

    queries: str = option(
        SELF, queries(), "where outputs are seen: self (default), test, test:N, id:EXAMPLE or ids:A,B", link="queries"
    )
    fpr: float = asked_fpr()
    scaling: str = option("mean", choice(SCALINGS), "of mean_lood over queries and outputs (default mean)", flag="mean-lood")  # noqa: E501 # fmt: skip
    twins: int = option(1, whole(most=_MOST_TWINS), "also leave each record out with its N nearest others (default 1)", link="twins")  # noqa: E501 # fmt: skip

    def _check(self) -> None:
        if self.unused("twins"):
            object.__setattr__(self, "twins", 1)

    def unused(self, name: str) -> str:
        """Twins have no part at other queries than the record itself."""
        return "queries are not self" if name == "twins" and self.queries != SELF else ""

    @property
    def detail(self) -> str:
        """The queries, and what else is not as usual."""
        queries = "" if self.queries == SELF else f"at {self.queries}"
        fpr = "" if self.fpr == 0.001 else f"FPR {self.fpr:g}"
        return ", ".join(filter(None, [queries, fpr, "" if self.twins == 1 else f"{self.twins} twins"]))
