"""The commands `attack-attribute` and `attack-reconstruct`."""

from __future__ import annotations

import argparse
from typing import Any

import pandas as pd

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.attacks.attackers import ATTACKERS
from fil_core.cli.fanning import FanOut, fan_out_options
from fil_core.cli.options import Run, data_options, data_spec, model_options, names, numbers, run_options, whole, wholes
from fil_core.result import Result


def add(commands: Any) -> None:
    """Declare them."""
    attribute = commands.add_parser(
        "attack-attribute", help="who guesses a categorical attribute rightly", description=_run_attribute.__doc__
    )
    data_options(attribute)
    model_options(attribute)
    attack = attribute.add_argument_group("attack")
    attack.add_argument("--attribute", metavar="NAME", required=True, help="a categorical attribute of a table")
    attack.add_argument("--bins", metavar="K", type=whole, help="quantile bins for a continuous attribute")
    attack.add_argument(
        "--attackers", metavar="A,B", type=names, default=ATTACKERS, help=f"some of {', '.join(ATTACKERS)}"
    )
    attack.add_argument("--intercept", action="store_true", help="the ideal attacker has an intercept")
    _noise_options(attack)
    run_options(attribute, "one row per training example, with each attacker's chance of success")
    attribute.set_defaults(run=_run_attribute)
    reconstruct = commands.add_parser(
        "attack-reconstruct", help="reconstruct training examples", description=_run_reconstruct.__doc__
    )
    data_options(reconstruct)
    model_options(reconstruct)
    attack = reconstruct.add_argument_group("attack")
    attack.add_argument("--ids", metavar="I,J", type=wholes, required=True, help="examples, as in the column id")
    _noise_options(attack)
    fan_out_options(reconstruct)
    run_options(reconstruct, "one row per example and sigma")
    reconstruct.set_defaults(run=_run_reconstruct)


def _noise_options(attack: Any) -> None:
    attack.add_argument(
        "--sigmas",
        metavar="S,T",
        type=numbers,
        default=(),
        help="standard deviations of the output noise (default: 0 and a grid around eta)",
    )
    attack.add_argument(
        "--noise-seed", metavar="S", type=whole, help="seed of the releases, where it is not to be that of --seed"
    )
    attack.add_argument(
        "--trials", metavar="T", type=whole, default=100, help="releases drawn, with --seed too (default 100)"
    )


def _noise_seed(options: argparse.Namespace) -> int:
    """One seed for rows and releases, unless two are given."""
    return options.seed if options.noise_seed is None else options.noise_seed


def _run_attribute(options: argparse.Namespace) -> int:
    """Attribute inference against every training example: accuracy of each attacker under each noise."""
    run, data = Run(options), data_spec(options)
    request = AttributeRequest(
        data=data,
        model=run.model_spec(data),
        attribute=options.attribute,
        bins=options.bins,
        attackers=options.attackers,
        sigmas=options.sigmas,
        trials=options.trials,
        seed=_noise_seed(options),
        intercept=options.intercept,
        device=options.device,
    )
    result = run.answer(request)
    wanted = (
        "accuracy", "standard_error", "prior", "exact", "sigmas", "levels", "attribute", "n", "d", "eta_mean", "trials",
    )  # fmt: skip
    line = {name: result.summary[name] for name in wanted} | {"device": result.provenance["device"]}
    return run.finish(result.table, line, _attribute_in_words(line))


def _attribute_in_words(line: dict[str, Any]) -> str:
    values = ", ".join(f"{level} {share:.3f}" for level, share in zip(line["levels"], line["prior"], strict=True))
    rows = [f"{line['attribute']} of {line['n']:,} training examples: {values}. Accuracy by output noise sigma:"]
    rows += [_row("", [f"{sigma:g}" for sigma in line["sigmas"]])]
    rows += [_row(name, [f"{value:.4f}" for value in shares]) for name, shares in line["accuracy"].items()]
    rows += [_row(f"{name}, exact", [f"{v:.4f}" for v in shares]) for name, shares in _beside(line).items()]
    return "\n".join([*rows, "Computed in"])


def _beside(line: dict[str, Any]) -> dict[str, list[float]]:
    """Closed forms that stand beside trials: those of three values."""
    return line["exact"] if len(line["levels"]) > 2 else {}


def _row(name: str, cells: list[str]) -> str:
    return f"{name:21}" + " ".join(f"{cell:>9}" for cell in cells)


def _run_reconstruct(options: argparse.Namespace) -> int:
    """Reconstruction of training examples from the parameters and all other examples, beside the bounds of theory."""
    run, data = Run(options), data_spec(options)
    model = run.model_spec(data)
    # One request an example: whoever stops the command keeps the examples that are done.
    requests = [
        ReconstructionRequest(
            data=data,
            model=model,
            ids=(id,),
            sigmas=options.sigmas,
            trials=options.trials,
            seed=_noise_seed(options),
            device=options.device,
        )
        for id in dict.fromkeys(options.ids)
    ]
    dataset = run.engine.dataset(requests[0].data, run.progress)
    for id in options.ids:
        dataset.row(id)  # a wrong one is said before the first is attacked, not after
    with FanOut(run) as fan:
        answers = fan.answers(requests, stop=True)
    results = {q.ids[0]: answer for q, answer in zip(requests, answers, strict=True) if isinstance(answer, Result)}
    table = pd.concat([result.table for result in results.values()])
    columns = (
        "sigma", "mse", "psnr", "mse_prior", "psnr_prior", "mse_nearer", "psnr_nearer", "bound_unbiased", "bound_prior",
    )  # fmt: skip
    line: dict[str, Any] = {
        column: {str(id): result.table[column].tolist() for id, result in results.items()} for column in columns
    }
    line |= {"ids": list(results), "sigmas": list(options.sigmas), "trials": options.trials}
    shown = table.reset_index()[["id", *columns]].to_string(index=False, float_format="{:.3g}".format)
    return run.finish(table, line, f"{shown}\nComputed in")
