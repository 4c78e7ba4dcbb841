"""The spec of membership attacks: which, on which model, with which constants, and how they are judged."""

from __future__ import annotations

from dataclasses import dataclass

from fil_core.errors import BadRequest
from fil_core.specs.options import check_options, choice, names, number, numbers, option, whole

ATTACKS = ("lira", "lira-offline", "rmia", "rmia-offline", "quantile", "loss", "gradient")
VARIANCES = ("record", "pooled")
POPULATIONS = ("auto", "records", "test")
_MOST_RATES = 10
_MOST_RATE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackSpec:
    """Membership attacks on models of an ensemble, and how they are judged.

    Attributes:
        attacks: see `membership.attacks`; the first is the one that the summary is about.
        target_model: the model that is attacked, counted from 0, with the others as shadow models; None attacks each
            in turn.
        variance: of LiRA: of each record, or pooled over all records.
        gamma: of RMIA: ratio from which on a record counts as likelier than one of the population, >= 1.
        a: of RMIA offline: how confident models with a record are taken to be, 0 to 1, from those without it.
        population: of RMIA: the other records, or test rows, in which no model was trained; `auto` takes the records
            online, and offline test rows where there are any.
        level: of the quantile attack: which quantile of outsiders' scores is predicted, > 0 and < 1.
        fpr: false-positive rates at which true-positive rates are told, each at most a half.
        prior: probability that a record is in, for the precision.
    """

    attacks: tuple[str, ...] = option(("lira", "rmia", "loss"), names(ATTACKS), f"some of {', '.join(ATTACKS)} (default lira,rmia,loss)", link="attacks")  # noqa: E501 # fmt: skip
    target_model: int | None = option(None, whole(least=0), "attack this model, counted from 0, with the others as shadows (default: each in turn)", link="target-model")  # noqa: E501 # fmt: skip
    variance: str = option("record", choice(VARIANCES), "of lira: of each record (default) or pooled", link="variance")
    gamma: float = option(2.0, number(most=1e6), "of rmia (default 2)", link="gamma")
    a: float = option(0.3, number(zero=True, most=1.0), "of rmia-offline, 0 to 1 (default 0.3)", flag="offline-a", called="offline_a", link="offline-a")  # noqa: E501 # fmt: skip
    population: str = option("auto", choice(POPULATIONS), "of rmia: the other records, or test rows", link="population")
    level: float = option(0.95, number(most=0.999999), "of quantile: which quantile of outsiders' scores is predicted (default 0.95)", flag="quantile-level", called="quantile_level", link="quantile-level")  # noqa: E501 # fmt: skip
    fpr: tuple[float, ...] = option((0.1, 0.01, 0.001), numbers(most=_MOST_RATES), "false-positive rates at which true-positive rates are told (default 0.1,0.01,0.001)", link="rates")  # noqa: E501 # fmt: skip
    prior: float = option(0.5, number(most=0.999999), "probability that a record is in, for the precision (default 0.5)", link="prior")  # noqa: E501 # fmt: skip

    def __post_init__(self) -> None:
        check_options(self)
        _check(self)


def _check(spec: AttackSpec) -> None:
    if not spec.attacks:
        raise BadRequest(f"attacks: expected some of {', '.join(ATTACKS)}; got none.")
    if not spec.fpr or max(spec.fpr) > 0.5:
        raise BadRequest(
            f"fpr: expected rates above 0 and at most 0.5; got {', '.join(map(repr, spec.fpr)) or 'none'}."
        )
    if spec.gamma < 1:
        raise BadRequest(f"gamma: expected a ratio of at least 1; got {spec.gamma:g}.")
