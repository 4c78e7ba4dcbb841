"""The query at which records show most: what is asked."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.display.numbers import listed
from fil_core.errors import BadRequest
from fil_core.specs import KernelRequest
from fil_core.specs.options import choice, examples, option, whole

STARTS = ("data", "noise", "record")
OBJECTIVES = ("kl_lood", "mean_lood")
_MOST_STEPS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoodQueryRequest(KernelRequest):
    """The query at which a record shows most: a reconstruction of the record from what a Gaussian process gives away.

    Attributes:
        ids: the records, at least one.
        start: where ascents begin: `data`, at other training records; `noise`; `record`, at the record itself.
        maximise: `kl_lood`, with which the AUC grows too, or `mean_lood`.
        steps: of one ascent, at most.
        restarts: ascents for each record, at most; none of `kl_lood` after one that reaches the record's own, which is
            the largest there is.
        query_seed: seed of the noise.
    """

    ids: tuple[int, ...] = option((), examples(), "ids of records, as in every table", link="id", required=True)
    start: str = option("data", choice(STARTS), "where ascents begin: other records (data, default), noise, or the record", link="start")  # noqa: E501 # fmt: skip
    maximise: str = option("kl_lood", choice(OBJECTIVES), "what is maximised (default kl_lood)", link="maximise")
    steps: int = option(300, whole(most=_MOST_STEPS), "of one ascent, at most (default 300)", link="steps")
    restarts: int = option(10, whole(most=1000), "ascents for each record, at most (default 10)", link="restarts")
    query_seed: int = option(0, whole(least=0), "seed of the noise (default 0)", link="query-seed")

    def _check(self) -> None:
        if not self.ids:
            raise BadRequest("ids: expected at least one training record; got none.")
        for name in ("query_seed", "restarts"):
            if self.unused(name):
                object.__setattr__(self, name, {"query_seed": 0, "restarts": 10}[name])

    def unused(self, name: str) -> str:
        """The seed is that of noise, and from the record itself there is one ascent."""
        if name == "restarts" and self.start == "record":
            return "there is one ascent from the record"
        return "no noise is drawn" if name == "query_seed" and self.start != "noise" else ""

    @property
    def detail(self) -> str:
        """The records, and where ascents begin."""
        return f"{listed(self.ids)}, {self.maximise} from {self.start}"
