"""Mitigations as releases that can be compared.

A mitigation is another release of the same data: reweighted, with more noise, with a larger penalty, or without the
leakiest examples. Each is a `ReleaseRequest`, so the same columns are measured of all of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fil_core.analyses.release.request import ReleaseRequest
from fil_core.errors import BadRequest
from fil_core.leakage.calibration import sigma_for_eta
from fil_core.leakage.comparison import deciles
from fil_core.result import Result
from fil_core.specs import LARGEST_L2
from fil_core.specs.checks import MOST
from fil_core.specs.weights import Dropping, Irfil

Family = Literal["as it is", "reweighting", "more noise", "larger penalty", "dropping"]

_SHARES = (0.01, 0.05, 0.1)  # of the examples, dropped
_FACTORS = (10.0, 100.0)  # of the penalty
_L2S = (1e-3, 1e-2, 1e-1)  # where there is none
_NOISIER = (3.0, 10.0)  # of the noise


@dataclass(frozen=True, slots=True)
class Mitigation:
    """One of the releases that are compared.

    Attributes:
        name: in a few words, with what was chosen.
        family: what kind of mitigation it is.
        release: what is asked of it.
    """

    name: str
    family: Family
    release: ReleaseRequest


def compared_releases(
    base: ReleaseRequest,
    *,
    n: int,
    irfil: Sequence[Irfil] = (),
    sigmas: Sequence[float] | None = None,
    l2s: Sequence[float] | None = None,
    drops: Sequence[int] | None = None,
) -> list[Mitigation]:
    """A release as it is, and its mitigations.

    Args:
        base: with equal weights.
        n: number of training examples.
        irfil: ways of reweighting.
        sigmas: noises beside the release's own; None takes 3 and 10 times that.
        l2s: penalties beside the model's own; None takes 10 and 100 times that.
        drops: numbers of the leakiest examples to leave out; None takes 1, 5 and 10 % of them.

    Raises:
        BadRequest: one of them is out of range.
    """
    attribute = (base.attribute,) if base.attribute else ()
    l2 = base.model.penalty
    sigmas = [base.sigma * factor for factor in _NOISIER] if sigmas is None else sigmas
    usual = [l2 * factor for factor in _FACTORS if l2 * factor <= LARGEST_L2] if l2 else _L2S
    l2s = usual if l2s is None else l2s
    drops = sorted({max(1, round(share * n)) for share in _SHARES}) if drops is None else drops

    def model(**changes: object) -> ReleaseRequest:
        return dataclasses.replace(base, model=dataclasses.replace(base.model, **changes))  # type: ignore[arg-type]

    found = [Mitigation("as it is", "as it is", base)]
    found += [Mitigation(_title(how), "reweighting", model(weights=how)) for how in irfil]
    found += [Mitigation(f"σ = {s:.3g}", "more noise", dataclasses.replace(base, sigma=s)) for s in sigmas]
    found += [Mitigation(f"λ = {value:.3g}", "larger penalty", model(l2=value)) for value in l2s]
    found += [
        Mitigation(f"without the top {k:,}", "dropping", model(weights=Dropping(k=k, attribute=attribute)))
        for k in drops
    ]
    return found


def noise_for(base: ReleaseRequest, eta_at_one: float, target: float) -> Mitigation:
    """The release with the noise that brings the largest eta down to a target.

    Args:
        base: the release as it is.
        eta_at_one: its largest eta at sigma = 1.
        target: > 0.

    Raises:
        BadRequest: a target that is not > 0, is reached already, or takes more noise than there may be.
    """
    sigma = sigma_for_eta(eta_at_one, target)
    if sigma > MOST:
        raise BadRequest(
            f"target eta: expected at least {eta_at_one / MOST:.3g}, which takes noise of {MOST:g}; got {target:.3g}."
        )
    if sigma <= base.sigma:
        raise BadRequest(
            f"target eta: expected less than the {eta_at_one / base.sigma:.3g} that it is without more noise; "
            f"got {target:.3g}."
        )
    return Mitigation(f"largest η {target:.3g}", "more noise", dataclasses.replace(base, sigma=sigma))


def release_row(mitigation: Mitigation, result: Result | None) -> dict[str, Any]:
    """The columns that every mitigation has; without a result (it is impossible, or not computed yet) they are None.

    Returns:
        `name`, `family`, `sigma`, `l2`, `weights`, `trained_on` (examples of weight > 0), `eta_max`, `eta_mean`,
        `eta_std`, `attack`, `attacker` (who infers most of an attribute) and `nothing_learnt` (see `run_release`),
        `test_score` (no noise), `expected_score` and its spread between releases `score_std`.
    """
    release = mitigation.release
    summary = result.summary if result else {}
    attack = summary.get("attack") or {}
    return {
        "name": mitigation.name,
        "family": mitigation.family,
        "sigma": release.sigma,
        "l2": release.model.penalty,
        "weights": release.model.weights.text if release.model.weights else "equal",
        "trained_on": summary.get("trained_on"),
        **{name: summary.get(name) for name in ("eta_max", "eta_mean", "eta_std")},
        "attack": attack.get("value"),
        "attacker": attack.get("attacker"),
        "nothing_learnt": attack.get("nothing_learnt"),
        **{name: summary.get(name) for name in ("test_score", "expected_score", "score_std")},
    }


def attack_by_decile(eta: np.ndarray, released: Result) -> list[float]:
    """What the attack on a release gets from each decile of the examples, least leaky first.

    Args:
        eta: (n,) what the examples are ordered by: usually eta before the mitigation.
        released: of a `ReleaseRequest`, with an attack.

    Returns:
        Mean success, or root mean squared relative error of those that were reconstructed; NaN where there are none.
    """
    attack = released.table["attack"].to_numpy()
    share = released.summary["attack"]["kind"] == "attribute"
    return [_level(attack[group], share) for group in deciles(eta)]


def _level(attack: np.ndarray, share: bool) -> float:
    attack = attack[np.isfinite(attack)]
    if not attack.size:
        return float("nan")
    return float(attack.mean() if share else np.sqrt(np.mean(attack**2)))


def _title(how: Irfil) -> str:
    clamps = [
        f"{side} {value:g}" for side, value in (("≥", how.min_weight), ("≤", how.max_weight)) if value is not None
    ]
    return f"IRFIL, {how.method}" + (f", weights {' and '.join(clamps)}" if clamps else "")
