"""Leakage beside the train-test gap over degree, width or penalty: what is asked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from fil_core.analyses.network.request import NetworkFitRequest
from fil_core.analyses.unique_information.request import UniqueInfoRequest
from fil_core.display.numbers import counted
from fil_core.errors import BadRequest
from fil_core.specs import ModelRequest, ModelSpec, NetworkSpec
from fil_core.specs.options import choice, numbers, option, part, whole
from fil_core.specs.request import MOST_SEED

DEGREE, WIDTH, L2 = "degree", "width", "l2"
OVER = (DEGREE, WIDTH, L2)
USUAL: dict[str, tuple[float, ...]] = {
    DEGREE: (1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
    WIDTH: (2.0, 4.0, 8.0, 16.0, 32.0, 64.0),
    L2: (1e-4, 1e-3, 1e-2, 1e-1, 1.0),
}
USUAL_DECAY = 1e-3
MOST_MODELS = 200
MOST_DRAWS = 10_000
MOST_DEGREE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class OverfitRequest(ModelRequest):
    """How leakage goes together with the gap between training and held-out rows, over models of growing complexity.

    Over `degree` the model is linear in the powers of every feature up to it, each standardised on the training rows;
    over `l2` it is the model as it is; over `width` a network of that many units in each hidden layer.

    Attributes:
        network: the network and its training, over widths. Its decay is `USUAL_DECAY` where it has none and `l2s` names
            none, since without one its Gauss-Newton matrix is singular.
        over: what grows.
        values: degrees, widths or penalties; empty takes usual ones.
        l2s: penalties, each with every degree or width; empty takes the model's or the network's own.
        validation_size: number of rows from the start of the test split whose eta is measured; None takes all.
        draws: draws of models with replacement, for the interval of a correlation.
        bootstrap_seed: seed of these draws.
    """

    network: NetworkSpec = part(NetworkSpec, {"l2": "decay"})  # `--l2` is the model's
    over: str = option(DEGREE, choice(OVER), "what grows (default degree)", link="over", always=True)
    values: tuple[float, ...] = option((), numbers(zero=True), "degrees, widths or penalties (default: usual ones)", link="values", always=True)  # noqa: E501 # fmt: skip
    l2s: tuple[float, ...] = option((), numbers(zero=True), "penalties, each with every degree or width (default: --l2, or --decay of a network)", link="l2s")  # noqa: E501 # fmt: skip
    validation_size: int | None = option(None, whole(), "measure η of the first M test rows (default: all)", link="validation-size")  # noqa: E501 # fmt: skip
    draws: int = option(1000, whole(most=MOST_DRAWS), "of models with replacement, for intervals (default 1000)")
    bootstrap_seed: int = option(0, whole(least=0, most=MOST_SEED), "seed of these draws (default 0)")

    starts_equally: ClassVar[bool] = True

    def _check(self) -> None:
        if not isinstance(self.network, NetworkSpec):
            raise BadRequest(f"network: expected a NetworkSpec; got a {type(self.network).__name__}.")
        self._settle()
        if (many := len(axis(self))) > MOST_MODELS:
            raise BadRequest(f"values: expected at most {MOST_MODELS} models with all of l2s; got {many}.")
        if self.over != L2:
            self._check_whole()
        if self.over == WIDTH and not min(self.l2s or (self.network.l2,)) > 0:
            raise BadRequest(
                "l2s: expected penalties > 0 of a network, whose curvature is singular without one; got 0. Take 1e-3."
            )
        _ = models_of(self), networks_of(self)  # which refuse what is out of range

    def _settle(self) -> None:
        """One spelling of what has no part: values in order, and other specs and penalties at their defaults."""
        plain, over = NetworkSpec(), self.over
        network, model = self.network, self.model
        if over != WIDTH:
            network = plain
        else:
            model = ModelSpec()
            decay = 0.0 if self.l2s else network.l2 or USUAL_DECAY
            network = dataclasses.replace(network, width=plain.width, initial=None, l2=decay)
        l2s: tuple[float, ...] = () if over == L2 else tuple(sorted(self.l2s))
        if over == L2 or l2s:
            model = dataclasses.replace(model, l2=None)
        settled = {"network": network, "model": model, "values": tuple(sorted(self.values or USUAL[over])), "l2s": l2s}
        for name, value in settled.items():
            object.__setattr__(self, name, value)

    def _check_whole(self) -> None:
        most = MOST_DEGREE if self.over == DEGREE else None
        for value in self.values:
            if value < 1 or value != int(value) or (most is not None and value > most):
                bounds = f"from 1 to {most}" if most is not None else ">= 1"
                raise BadRequest(f"values: expected whole numbers {bounds} for a {self.over}; got {value:g}.")

    def unused_spec(self, name: str) -> str:
        """The network is asked about over widths, else the model."""
        if name == ("model" if self.over == WIDTH else "network"):
            return f"--over {self.over} is about {'networks' if self.over == WIDTH else 'a linear model'}"
        return ""

    def unused(self, name: str) -> str:
        """What the values and the penalties stand for.

        Args:
            name: of a field, or of a spec and a field in it.
        """
        grown = {WIDTH: ("network.width",), L2: ("model.l2", "l2s")}.get(self.over, ())
        if name in grown:
            return f"the values are those of {self.over}"
        if name in ("model.l2", "network.l2") and self.l2s:
            return "--l2s names the penalties"
        if name == "network.l2" and self.over == WIDTH:  # where it is none, it is the usual one
            return "the curvature of a network is singular without a decay > 0"
        return "networks of different widths have no weights in common" if name == "network.initial" else ""

    @property
    def subject(self) -> str:
        """The model or the network, without what grows."""
        if self.over == WIDTH:
            return f"{self.network.kind}, lr {self.network.lr:g}, t = {self.network.time}"
        return self.model.kind

    @property
    def detail(self) -> str:
        """What grows, and how many models there are."""
        return f"{counted(len(axis(self)), 'model')} over {self.over}"


def axis(request: OverfitRequest) -> list[tuple[float, float]]:
    """(value, penalty) of every model, the values of one penalty next to one another."""
    if request.over == L2:
        return [(value, value) for value in request.values]
    own = request.network.l2 if request.over == WIDTH else request.model.penalty
    return [(value, l2) for l2 in request.l2s or (own,) for value in request.values]


def models_of(request: OverfitRequest) -> list[ModelSpec]:
    """The linear model of every row; none over widths.

    Raises:
        BadRequest: a penalty is out of range.
    """
    if request.over == WIDTH:
        return []
    return [dataclasses.replace(request.model, l2=l2) for _, l2 in axis(request)]


def networks_of(request: OverfitRequest) -> list[NetworkSpec]:
    """The network of every row; none over degrees and penalties.

    Raises:
        BadRequest: a width is out of range.
    """
    if request.over != WIDTH:
        return []
    return [dataclasses.replace(request.network, width=int(width), l2=l2) for width, l2 in axis(request)]


def runs_of(request: OverfitRequest) -> list[tuple[NetworkFitRequest, UniqueInfoRequest]]:
    """The training of every network, and the unique information of its examples; none over degrees and penalties."""
    found = []
    for spec in networks_of(request):
        trained = NetworkFitRequest(data=request.data, network=spec, device=request.device)
        # The change of the weights depends on no validation row; one is the fewest.
        unique = UniqueInfoRequest(data=request.data, network=spec, device=request.device, validation_size=1)
        found.append((trained, unique))
    return found
