"""How to get a result again: the command line that asks the same, or the few lines of Python that do."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from fil_core.analyses.attribute.request import AttributeRequest
from fil_core.analyses.fil.request import FilRequest
from fil_core.analyses.irfil.request import IrfilRequest
from fil_core.analyses.reconstruction.request import ReconstructionRequest
from fil_core.analyses.release.request import ReleaseRequest
from fil_core.data.own import register
from fil_core.errors import BadRequest, DataUnavailable
from fil_core.specs import Request, canonical

Reproducible = FilRequest | AttributeRequest | ReconstructionRequest | IrfilRequest | ReleaseRequest
Options = dict[str, object]


def command(asked: Reproducible, **more: object) -> str:
    """The command line that gives the same result.

    Args:
        asked: the request; where and with which data folder it was computed is not part of it.
        more: options that the request does not hold.

    Returns:
        One line. See `has_command` for what no option can say.

    Raises:
        BadRequest: a request that no command answers (a model by itself, one example).
    """
    if type(asked) not in _COMMANDS:
        raise BadRequest(f"command: expected a request that a command answers; got a {type(asked).__name__}.")
    name, own = _COMMANDS[type(asked)](asked)
    data, how = _source(asked.data.name)
    options = how | _shared(asked) | own | more
    given = "".join(
        f" --{option}" if value is True else f" --{option} {shlex.quote(str(value))}"
        for option, value in options.items()
        if value
    )
    return f"python -m fil_core {name} --data {shlex.quote(data)}{given} --out {name.partition('-')[0]}.csv"


def script(asked: Request) -> str:
    """Python that gives the same result, whatever the request is."""
    return (
        "from fil_core import get\nfrom fil_core.specs import request_of\n\n"
        f"print(get(request_of({canonical(asked)!r})).table)"
    )


def has_command(asked: Request) -> bool:
    """Whether a command's options say all of a request.

    No option takes an attacker's prior or parameters that the store holds, and `mitigate` starts from equal weights.
    """
    if type(asked) not in _COMMANDS or asked.model.parameters is not None:
        return False
    reweighted = isinstance(asked, ReleaseRequest) and asked.model.weights is not None
    return getattr(asked, "prior_std", None) is None and not reweighted


def _source(name: str) -> tuple[str, Options]:
    """What --data is given, and how it is read: one's own data come from their file, wherever that lies."""
    if not name.startswith(register.PREFIX):
        return name, {}
    try:
        entry = register.find(name)
    except DataUnavailable:  # deleted since; the name says at least which they were
        return name, {}
    chosen = entry.choices
    size = "x".join(map(str, chosen.image_size)) if chosen.image_size else ""
    fraction = "" if chosen.test_fraction is None else f"{chosen.test_fraction:g}"
    return f"./{entry.title}", {
        "target": chosen.target,
        "sensitive": ",".join(chosen.sensitive),
        "id": chosen.id,
        "leave-out": ",".join(chosen.left_out),
        "categorical": ",".join(chosen.categorical),
        "missing": "" if chosen.missing == "refuse" else chosen.missing,
        "task": "" if chosen.task == "auto" else chosen.task,
        "test-fraction": fraction,
        "image-size": size,
    }


def _shared(asked: Reproducible) -> Options:
    """What every command takes."""
    data, model = asked.data, asked.model
    return {
        "classes": ",".join(data.classes),
        "subset": data.subset,
        "seed": data.seed,
        "preprocess": data.preprocess,
        "pca": data.pca,
        "model": model.kind,
        "l2": repr(model.penalty),
        "weights": model.weights and model.weights.text,
    }


def _fil(asked: FilRequest) -> tuple[str, Options]:
    sigma = "" if asked.sigma == 1 else repr(asked.sigma)
    return "fil", {"attribute": ",".join(asked.attribute), "simplex": asked.simplex, "sigma": sigma}


def _attribute(asked: AttributeRequest) -> tuple[str, Options]:
    own = {"attribute": asked.attribute, "bins": asked.bins, "attackers": ",".join(asked.attackers)}
    return "attack-attribute", own | {"intercept": asked.intercept} | _noise(asked)


def _reconstruct(asked: ReconstructionRequest) -> tuple[str, Options]:
    return "attack-reconstruct", {"ids": ",".join(map(str, asked.ids))} | _noise(asked)


def _noise(asked: AttributeRequest | ReconstructionRequest) -> Options:
    sigmas = ",".join(f"{sigma!r}" for sigma in asked.sigmas)
    return {"sigmas": sigmas, "trials": str(asked.trials), "seed": str(asked.data.seed), "noise-seed": str(asked.seed)}


def _irfil(asked: IrfilRequest) -> tuple[str, Options]:
    how = asked.weights
    return "irfil", {
        "method": how.method,
        "iterations": how.iterations,
        "attribute": ",".join(how.attribute),
        "min-weight": how.min_weight,
        "max-weight": how.max_weight,
        "spread": how.spread,
    }


def _mitigate(asked: ReleaseRequest) -> tuple[str, Options]:
    own: Options = {
        "sigma": repr(asked.sigma),
        "attribute": asked.attribute,
        "trials": asked.trials,
        "draws": asked.draws,
    }
    return "mitigate", own | ({} if asked.attribute else {"examples": str(len(asked.ids))})


_COMMANDS: dict[type, Callable[[Any], tuple[str, Options]]] = {
    FilRequest: _fil,
    AttributeRequest: _attribute,
    ReconstructionRequest: _reconstruct,
    IrfilRequest: _irfil,
    ReleaseRequest: _mitigate,
}
