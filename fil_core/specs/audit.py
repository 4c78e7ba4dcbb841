"""The spec of a privacy audit: the canaries, the runs, and how sure the bound is to be."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.specs.options import check_options, choice, number, option, whole

CANARIES = ("mislabelled", "noise", "rows")
_MOST_RUNS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSpec:
    """Rows that are put into the training data by fair coins, and how it is judged whether training tells the coins.

    Attributes:
        canaries: how many rows are put in, or left out, by coins.
        kind: `mislabelled` copies of training rows, `noise`, or training `rows` themselves.
        delta: probability with which epsilon need not hold.
        confidence: of each lower bound.
        runs: trainings with other coins; the first gives the bound of one run, all together that of many.
        seed: of canaries, coins and noise.
    """

    canaries: int = option(100, whole(least=2), "rows that are put in, or not, by fair coins (default 100)", link="canaries", always=True)  # noqa: E501 # fmt: skip
    kind: str = option("mislabelled", choice(CANARIES), "mislabelled copies (default), noise, or training rows", flag="canary-kind", called="canary_kind", link="canary-kind")  # noqa: E501 # fmt: skip
    delta: float = option(1e-5, number(zero=True, most=0.1), "probability with which epsilon need not hold (default 1e-5)", link="delta")  # noqa: E501 # fmt: skip
    confidence: float = option(0.95, number(most=0.999999), "of each lower bound (default 0.95)", link="confidence")
    runs: int = option(
        32,
        whole(most=_MOST_RUNS),
        "trainings, each with coins of its own; many take 4, a network 8 (default 32)",
        link="runs",
    )
    seed: int = option(0, whole(least=0), "seed of canaries, coins and noise (default 0)", flag="audit-seed", called="audit_seed", link="audit-seed")  # noqa: E501 # fmt: skip

    def __post_init__(self) -> None:
        check_options(self)
        if self.confidence < 0.5:
            raise BadRequest(f"confidence: expected at least 0.5 and below 1; got {self.confidence:g}.")
