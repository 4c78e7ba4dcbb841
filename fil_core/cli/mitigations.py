"""The commands `irfil` and `mitigate`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

import pandas as pd

from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.analyses.releases import Mitigation, attack_by_decile, compared_releases, noise_for, release_row
from fil_core.cli.fanning import FanOut, fan_out_options
from fil_core.cli.options import (
    NONE,
    Run,
    data_options,
    data_spec,
    model_options,
    names,
    number,
    numbers,
    run_options,
    whole,
    wholes,
)
from fil_core.errors import BadRequest, FilError
from fil_core.mitigations.releases import default_sigma, evenly_ranked, successors
from fil_core.result import Result
from fil_core.specs import ATTACKABLE
from fil_core.specs.checks import positive
from fil_core.specs.weights import DEFAULT_ITERATIONS, METHODS, Dropping, Irfil

_EXAMPLES = 20
_SUCCESSORS = 5


def add(commands: Any) -> None:
    """Declare them."""
    irfil = commands.add_parser("irfil", help="reweight training until eta is even", description=_run_irfil.__doc__)
    data_options(irfil)
    model_options(irfil, weights=False)
    own = _reweighting_options(irfil)
    own.add_argument("--method", choices=METHODS, default="sample", help="default sample")
    own.add_argument("--attribute", metavar="NAME[,NAME]", type=names, default=(), help="even out eta of these only")
    own.add_argument("--spread", metavar="S", type=number, default=0.0, help="stop at this std / mean of eta")
    run_options(irfil, "id, eta_before, eta_after and weight of every training example")
    irfil.set_defaults(run=_run_irfil)
    mitigate = commands.add_parser(
        "mitigate", help="what can be done about leakage, side by side", description=_run_mitigate.__doc__
    )
    data_options(mitigate)
    model_options(mitigate, weights=False)
    release = mitigate.add_argument_group("release")
    release.add_argument("--sigma", type=number, help="standard deviation of the output noise (default: around eta)")
    release.add_argument("--attribute", metavar="NAME", default="", help="the attribute at risk, which is attacked")
    release.add_argument("--examples", metavar="M", type=whole, default=_EXAMPLES, help=f"reconstructed where no attribute is named (default {_EXAMPLES}, 0 for none)")  # noqa: E501 # fmt: skip
    own = _reweighting_options(mitigate)
    own.add_argument("--methods", metavar="A,B", type=names, help=f"some of {', '.join(METHODS)} (default: all that apply)")  # noqa: E501 # fmt: skip
    others = mitigate.add_argument_group("the other mitigations")
    others.add_argument("--target-eta", metavar="T,U", type=numbers, help="noise that brings the largest eta down to these (default: what reweighting reaches)")  # noqa: E501 # fmt: skip
    others.add_argument("--sigmas", metavar="S,T", type=numbers, help="other noises (default 3 and 10 times sigma)")
    others.add_argument("--l2s", metavar="L,M", type=numbers, help="other penalties (default 10 and 100 times l2)")
    others.add_argument("--drop", metavar="K,L", type=wholes, help="leave out the K leakiest (default 1, 5 and 10 %%)")
    drawn = mitigate.add_argument_group("releases drawn")
    drawn.add_argument("--trials", metavar="T", type=whole, default=20, help="for attacks (default 20)")
    drawn.add_argument(
        "--draws", metavar="T", type=whole, default=100, help="for the test score's spread (default 100)"
    )
    fan_out_options(mitigate)
    run_options(mitigate, "one row per mitigation")
    mitigate.set_defaults(run=_run_mitigate)


def _reweighting_options(parser: argparse.ArgumentParser) -> Any:
    own = parser.add_argument_group("reweighting")
    own.add_argument("--iterations", metavar="T", type=whole, default=DEFAULT_ITERATIONS, help=f"most rounds (default {DEFAULT_ITERATIONS})")  # noqa: E501 # fmt: skip
    own.add_argument("--min-weight", metavar="A", type=number, help="clamp to at least this, then scale back to mean 1")
    own.add_argument("--max-weight", metavar="B", type=number, help="clamp to at most this, likewise")
    return own


def _run_irfil(options: argparse.Namespace) -> int:
    """Iteratively reweighted Fisher information loss: train with weights that give every example the same eta."""
    run = Run(options)
    request = IrfilRequest(
        data=data_spec(options),
        model=run.model_spec(data_spec(options)),
        weights=_irfil(options, options.method, options.attribute, options.spread),
        device=options.device,
    )
    result = run.answer(request)
    wanted = (
        "eta_mean", "eta_std", "eta_max", "train_score", "test_score", "converged", "why", "failed", "more_leaky",
        "n", "d", "score",
    )  # fmt: skip
    line = {name: result.summary[name] for name in wanted} | {
        "weights": request.weights.text,
        "iterations": len(result.summary["eta_mean"]) - 1,
        "device": result.provenance["device"],
    }
    return run.finish(result.table[["eta_before", "eta_after", "weight"]], line, _irfil_in_words(line))


def _irfil(options: argparse.Namespace, method: str, attribute: tuple[str, ...], spread: float = 0.0) -> Irfil:
    return Irfil(
        method=method,  # type: ignore[arg-type]  # checked there
        iterations=options.iterations,
        attribute=attribute,
        min_weight=options.min_weight,
        max_weight=options.max_weight,
        spread=spread,
    )


def _irfil_in_words(line: dict[str, Any]) -> str:
    columns = {
        "eta mean": line["eta_mean"], "std": line["eta_std"], "max": line["eta_max"],
        f"train {line['score']}": line["train_score"], f"test {line['score']}": line["test_score"],
    }  # fmt: skip
    rounds = pd.DataFrame(columns).rename_axis("round").reset_index()
    return (
        f"{rounds.to_string(index=False, float_format='{:.6g}'.format)}\n{line['why']} "
        f"{line['more_leaky']:,} of {line['n']:,} examples leak more than before.\nComputed in"
    )


def _run_mitigate(options: argparse.Namespace) -> int:
    """Every mitigation as a release of the same data: leakage, an attack, and the test score with its spread."""
    for target in options.target_eta or ():
        positive("target-eta", target)  # before minutes of work, not after
    if options.examples < 0:
        raise BadRequest(f"examples: expected a whole number >= 0; got {options.examples}.")
    run = Run(options)
    with FanOut(run) as fan:
        rows, base, measured = _compared(options, run, fan)
    table = pd.DataFrame(rows)
    line = {"mitigations": rows, "sigma": base.sigma, "n": measured.summary["n"], "score": measured.summary["score"]}
    shown = table.set_index("name").rename_axis("mitigation")
    return run.finish(shown.drop(columns=["attack_by_decile", "new_leakiest", "error"]), line, _in_words(shown, line))


def _compared(
    options: argparse.Namespace, run: Run, fan: FanOut
) -> tuple[list[dict[str, Any]], ReleaseRequest, Result]:
    """A row for each mitigation, the release as it is, and its leakage."""
    data = data_spec(options)
    model = run.model_spec(data)
    attribute = (options.attribute,) if options.attribute else ()
    measured = run.answer(FilRequest(data=data, model=model, attribute=attribute, device=options.device))
    base = _base(options, ReleaseRequest(data=data, model=model, attribute=options.attribute, trials=options.trials, draws=options.draws, seed=options.seed, device=options.device), measured)  # noqa: E501 # fmt: skip
    before = measured.summary["eta_max"]
    asked = [noise_for(base, before, target) for target in options.target_eta or ()]  # refused before the work
    compared = compared_releases(
        base,
        n=measured.summary["n"],
        irfil=_ways(options, measured, attribute),
        sigmas=options.sigmas,
        l2s=options.l2s,
        drops=options.drop,
    )
    rows = _rows(fan, compared, measured)
    targets = asked or [noise_for(base, before, target) for target in _reached(rows, before / base.sigma)]
    return rows + _rows(fan, targets, measured), base, measured


def _base(options: argparse.Namespace, plain: ReleaseRequest, measured: Result) -> ReleaseRequest:
    """The release as it is, with the noise and the examples to reconstruct that were asked for or suit the data."""
    s = measured.summary
    usual = default_sigma(s["eta_mean"], None if options.attribute else s["prior_std"])
    sigma = usual if options.sigma is None else options.sigma
    whole_examples = not options.attribute and plain.model.kind in ATTACKABLE
    ids = evenly_ranked(measured.table["eta"], options.examples) if whole_examples else ()
    return dataclasses.replace(plain, sigma=sigma, ids=ids)


def _ways(options: argparse.Namespace, measured: Result, attribute: tuple[str, ...]) -> list[Irfil]:
    methods = options.methods or (METHODS if measured.summary["score"] == "accuracy" else ("sample",))
    methods = () if methods == (NONE,) else methods
    return [_irfil(options, method, attribute) for method in methods]


def _reached(rows: list[dict[str, Any]], eta_max: float) -> list[float]:
    """The largest eta of the first reweighting, as a target for noise, where it is less than before."""
    reached = next((row["eta_max"] for row in rows if row["family"] == "reweighting"), None)
    return [reached] if reached is not None and reached < eta_max else []


def _rows(fan: FanOut, mitigations: Sequence[Mitigation], measured: Result) -> list[dict[str, Any]]:
    answers = fan.answers([mitigation.release for mitigation in mitigations])
    return [_row(mitigation, answer, measured) for mitigation, answer in zip(mitigations, answers, strict=True)]


def _row(mitigation: Mitigation, result: Result | FilError, measured: Result) -> dict[str, Any]:
    """The columns that every mitigation has; one that is impossible says why instead."""
    if isinstance(result, FilError):
        print(f"note: {mitigation.name}: {result}", file=sys.stderr)
        return release_row(mitigation, None) | {"attack_by_decile": [], "new_leakiest": [], "error": str(result)}
    new = []
    if isinstance(mitigation.release.model.weights, Dropping):
        before = measured.table["eta"] / mitigation.release.sigma
        new = successors(before, result.table["eta"], _SUCCESSORS).reset_index().to_dict("records")
    by_decile = attack_by_decile(measured.table["eta"].to_numpy(), result) if result.summary["attack"] else []
    return release_row(mitigation, result) | {"attack_by_decile": by_decile, "new_leakiest": new, "error": None}


def _in_words(table: pd.DataFrame, line: dict[str, Any]) -> str:
    columns = ["sigma", "l2", "trained_on", "eta_max", "eta_mean", "eta_std", "attack", "expected_score", "score_std"]
    shown = table[columns].rename(columns={"expected_score": line["score"], "score_std": "±"})
    return (
        f"{shown.to_string(float_format='{:.4g}'.format, na_rep='—')}\n"
        "eta at each sigma; attack: share guessed rightly, or error as a share of who has not seen the release.\n"
        "Computed in"
    )
