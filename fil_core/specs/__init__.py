"""What a person asks for: small frozen values that validate themselves and serve as cache keys."""

from __future__ import annotations

import dataclasses
import numbers
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from fil_core.errors import BadRequest
from fil_core.specs.checks import choice, count, digest, positive, several, texts
from fil_core.specs.weights import Dropping, GivenWeights, Irfil, Weighting

Preprocess = Literal["unit-ball", "standardise", "none"]
ModelKind = Literal["least-squares", "logistic", "softmax"]
Device = Literal["auto", "cpu", "cuda"]
Attacker = Literal["baseline", "ideal", "fredrikson14", "whitebox", "whitebox-prior"]
ATTACKERS: tuple[str, ...] = get_args(Attacker)
ATTACKABLE: tuple[str, ...] = ("least-squares", "logistic")  # models of one score, on which the attacks are defined

# Least squares is defined without a penalty (the paper's setting); the others have no optimum on separable classes.
DEFAULT_L2: dict[str, float] = {"least-squares": 0.0, "logistic": 1e-3, "softmax": 1e-3}

# Fields marked so say where or how to compute, not what: two requests that differ only there have the same result.
_NOT_IDENTITY = {"identity": False}

LARGEST_L2 = 1e6  # a penalty that leaves nothing of a model on any scaled data


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSpec:
    """Which examples, in which coordinates.

    Attributes:
        name: a name of the registry (`digits`, `mnist`, `iwpc`, `synthetic:10000x3072`, ...), or of data of one's own
            (`own:patients-3fa9c2d1e0b4`).
        classes: labels to keep, in the order of their codes; empty keeps the data set's own.
        subset: number of training rows drawn at random with `seed`; None keeps all.
        seed: seed of that draw, and of synthetic data.
        preprocess: fitted on the training rows; None takes the data set's convention.
        pca: number of principal directions kept after `preprocess`; None keeps all features.
        data_dir: folder that holds the files; not part of the identity, the content is.
    """

    name: str = "digits"
    classes: tuple[str, ...] = ()
    subset: int | None = None
    seed: int = 0
    preprocess: Preprocess | None = None
    pca: int | None = None
    data_dir: str | None = field(default=None, metadata=_NOT_IDENTITY)

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", texts("classes", self.classes))
        if len(set(self.classes)) != len(self.classes):
            raise BadRequest(f"classes: expected different labels; got {', '.join(self.classes)}.")
        if len(self.classes) == 1:
            raise BadRequest(f"classes: expected at least two labels; got only {self.classes[0]!r}.")
        count("subset", self.subset)
        count("pca", self.pca)
        if not isinstance(self.seed, int) or self.seed < 0:
            raise BadRequest(f"seed: expected a whole number >= 0; got {self.seed!r}.")
        if self.preprocess is not None:
            choice("preprocess", self.preprocess, get_args(Preprocess))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Which model, with which penalty.

    Attributes:
        kind: least squares (regression, or two classes coded -1/+1), logistic (two), softmax (any number).
        l2: lambda of the objective `sum_i w_i loss_i + n * l2 / 2 * |theta|^2`; None takes `DEFAULT_L2[kind]`.
        weights: how the weights w come about; None for equal ones.
        parameters: sha-256, as hex, of parameters that were handed in (see `engine.brought`) and are at an optimum of
            this objective; None trains the model.
    """

    kind: ModelKind = "least-squares"
    l2: float | None = None
    weights: Weighting | None = None
    parameters: str | None = None

    def __post_init__(self) -> None:
        choice("model", self.kind, get_args(ModelKind))
        if self.l2 is None:
            object.__setattr__(self, "l2", DEFAULT_L2[self.kind])
        positive("l2", self.l2, zero=True, most=LARGEST_L2)  # type: ignore[arg-type]
        object.__setattr__(self, "l2", float(self.l2))  # type: ignore[arg-type]  # 1 and 1.0 are one request
        if self.kind == "softmax" and self.l2 == 0:
            raise BadRequest("l2: expected a number > 0 for softmax, whose parameters are free up to a shift; got 0.")
        self._check_parameters()

    def _check_parameters(self) -> None:
        if self.parameters is None:
            return
        digest("parameters", self.parameters)
        if self.weights is not None and not isinstance(self.weights, GivenWeights):
            raise BadRequest(
                "parameters: expected equal weights or given ones beside parameters of your own; got "
                f"{self.weights.text}, "
                "which trains the model anew."
            )

    @property
    def equally_weighted(self) -> ModelSpec:
        """The same model trained here with equal weights."""
        return dataclasses.replace(self, weights=None, parameters=None)

    @property
    def penalty(self) -> float:
        """`l2` as a plain float (it is never None once the spec exists)."""
        return float(self.l2 or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilRequest:
    """Fisher information loss, and the measures beside it, of every training example.

    Attributes:
        attribute: names of attribute groups or columns, or column numbers, that an attacker is after; empty = all
            features and the label.
        simplex: the attribute is one-hot with all its levels, so only directions that sum to zero count.
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        prior_std: standard deviation a feature of an attacker's Gaussian prior; None takes the training rows' own.
    """

    data: DataSpec = field(default_factory=DataSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    attribute: tuple[str, ...] = ()
    simplex: bool = False
    sigma: float = 1.0
    prior_std: float | None = None
    device: Device = field(default="auto", metadata=_NOT_IDENTITY)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attribute", texts("attribute", self.attribute))
        positive("sigma", self.sigma)
        object.__setattr__(self, "sigma", float(self.sigma))
        if self.prior_std is not None:
            positive("prior_std", self.prior_std)
            object.__setattr__(self, "prior_std", float(self.prior_std))
        choice("device", self.device, get_args(Device))
        if self.simplex and not self.attribute:
            raise BadRequest("simplex: expected an attribute to constrain; got none.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRequest:
    """What one training example gives away: which features, in which direction, and who is like it.

    Attributes:
        id: the example's row in the source, as in the `id` column of every table.
        neighbours: how many nearest training examples to name.
    """

    data: DataSpec = field(default_factory=DataSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    id: int = 0
    neighbours: int = 8
    device: Device = field(default="auto", metadata=_NOT_IDENTITY)

    def __post_init__(self) -> None:
        count("neighbours", self.neighbours)
        choice("device", self.device, get_args(Device))


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """The trained model itself, with its curvature factorised; what every other analysis starts from."""

    data: DataSpec = field(default_factory=DataSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    device: Device = field(default="auto", metadata=_NOT_IDENTITY)


_MOST_TRIALS = 100_000
_MOST_SIGMAS = 200


def _attack(request: AttributeRequest | ReconstructionRequest) -> None:
    """What both attacks ask of their options."""
    if request.model.kind not in ATTACKABLE:
        raise BadRequest(f"attack: expected a model of {' or '.join(ATTACKABLE)}; got {request.model.kind}.")
    sigmas = several("sigmas", request.sigmas)
    for sigma in sigmas:
        positive("sigmas", sigma, zero=True)
    if len(set(sigmas)) < len(sigmas) or len(sigmas) > _MOST_SIGMAS:
        raise BadRequest(f"sigmas: expected at most {_MOST_SIGMAS} different numbers; got {len(sigmas)}.")
    object.__setattr__(request, "sigmas", tuple(map(float, sigmas)))
    _draws("trials", request.trials, request.seed)
    choice("device", request.device, get_args(Device))


def _draws(name: str, number: int, seed: int) -> None:
    """What everything asks that draws releases."""
    count(name, number)
    if number > _MOST_TRIALS:
        raise BadRequest(f"{name}: expected at most {_MOST_TRIALS:,}; got {number:,}.")
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise BadRequest(f"seed: expected a whole number from 0 to 2^63 - 1; got {seed!r}.")


def _ids(values: Any, *, least: int) -> tuple[int, ...]:
    """Ids of training examples, each once."""
    ids = several("ids", values)
    if len(ids) < least or len(set(ids)) < len(ids) or not all(isinstance(i, numbers.Integral) for i in ids):
        some = "at least one training example" if least else "training examples"
        raise BadRequest(f"ids: expected {some}, each once; got {ids!r}.")
    return tuple(map(int, ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRequest:
    """Attribute inference against every training example.

    Attributes:
        attribute: name of an attribute group or column, or a column number.
        bins: for a continuous column, the number of quantile bins that take the place of its values.
        attackers: some of `ATTACKERS`.
        sigmas: standard deviations of the output noise, >= 0; empty takes 0 and a grid around the attribute's mean eta.
        trials: releases drawn where there is no closed form.
        seed: of those draws.
        intercept: whether the ideal attacker has one.
    """

    data: DataSpec = field(default_factory=DataSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    attribute: str = ""
    bins: int | None = None
    attackers: tuple[str, ...] = ATTACKERS
    sigmas: tuple[float, ...] = ()
    trials: int = 100
    seed: int = 0
    intercept: bool = False
    device: Device = field(default="auto", metadata=_NOT_IDENTITY)

    def __post_init__(self) -> None:
        _attack(self)
        if not self.attribute or not isinstance(self.attribute, str):
            raise BadRequest(f"attribute: expected the name of one attribute; got {self.attribute!r}.")
        object.__setattr__(self, "attackers", texts("attackers", self.attackers))
        for attacker in self.attackers:
            choice("attackers", attacker, ATTACKERS)
        if not self.attackers or len(set(self.attackers)) < len(self.attackers):
            raise BadRequest(f"attackers: expected some of {', '.join(ATTACKERS)}, each once.")
        count("bins", self.bins)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconstructionRequest:
    """Reconstruction of some training examples from the parameters and all other examples.

    Attributes:
        ids: the examples' rows in the source, at least one.
        sigmas: standard deviations of the output noise, >= 0; empty takes 0 and a grid around the examples' mean eta.
        trials: releases drawn for each noise > 0.
        seed: of those draws.
        prior_std: of the prior that the floor assumes, a feature; None takes the training rows' own.
    """

    data: DataSpec = field(default_factory=DataSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    ids: tuple[int, ...] = ()
    sigmas: tuple[float, ...] = ()
    trials: int = 100
    seed: int = 0
    prior_std: float | None = None
    device: Device = field(default="auto", metadata=_NOT_IDENTITY)

    def __post_init__(self) -> None:
        _attack(self)
        object.__setattr__(self, "ids", _ids(self.ids, least=1))
        if self.prior_std is not None:
            positive("prior_std", self.prior_std)
            object.__setattr__(self, "prior_std", float(self.prior_std))


@dataclass(frozen=True, slots=True, kw_only=True)
class IrfilRequest:
    """Iterated reweighting, round by round, starting from equal weights.

    Attributes:
        model: with equal weights.
        weights: method, rounds, attribute, clamps and stopping rule.
    """

    data: DataSpec = field(default_factory=DataSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    weights: Irfil = field(default_factory=Irfil)
    device: Device = field(default="auto", metadata=_NOT_IDENTITY)

    def __post_init__(self) -> None:
        if self.model != self.model.equally_weighted:
            got = self.model.weights.text if self.model.weights else "parameters of its own"
            raise BadRequest(f"irfil: expected a model with equal weights to start from; got one with {got}.")
        choice("device", self.device, get_args(Device))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """What a release gives away and what it is worth: a model, however it was trained, with noise on its parameters.

    Every mitigation is another release, so that all of them have the same columns.

    Attributes:
        sigma: standard deviation of the Gaussian output perturbation, > 0, in units of theta.
        attribute: the attribute that is at risk and attacked (white box); empty for the whole example.
        ids: examples that are reconstructed, where no attribute is attacked; empty for none.
        trials: releases drawn for an attack that has no closed form.
        draws: releases drawn for the spread of the test score.
        seed: of both.
    """

    data: DataSpec = field(default_factory=DataSpec)
    model: ModelSpec = field(default_factory=ModelSpec)
    sigma: float = 1.0
    attribute: str = ""
    ids: tuple[int, ...] = ()
    trials: int = 20
    draws: int = 100
    seed: int = 0
    device: Device = field(default="auto", metadata=_NOT_IDENTITY)

    def __post_init__(self) -> None:
        positive("sigma", self.sigma)
        object.__setattr__(self, "sigma", float(self.sigma))
        if not isinstance(self.attribute, str):
            raise BadRequest(f"attribute: expected the name of one attribute; got {self.attribute!r}.")
        object.__setattr__(self, "ids", _ids(self.ids, least=0))
        if (self.attribute or self.ids) and self.model.kind not in ATTACKABLE:
            raise BadRequest(f"attack: expected a model of {' or '.join(ATTACKABLE)}; got {self.model.kind}.")
        _draws("trials", self.trials, self.seed)
        _draws("draws", self.draws, self.seed)
        choice("device", self.device, get_args(Device))


Request = (
    FilRequest | ExampleRequest | FitRequest | AttributeRequest | ReconstructionRequest | IrfilRequest | ReleaseRequest
)


def canonical(spec: Any) -> dict[str, Any]:
    """The identity of a spec or request as plain JSON values, without fields that only say where to compute."""
    return _plain(spec, whole=False)


def plain(request: Request) -> dict[str, Any]:
    """All of a request as plain JSON values, for another process; `request_of` gives it back."""
    return _plain(request, whole=True)


def request_of(values: dict[str, Any]) -> Request:
    """The request behind plain values, as `canonical` and `plain` make them.

    Raises:
        BadRequest: the values describe none, perhaps because another version of this software wrote them.
    """
    try:
        found = _spec_of(values)
    except (KeyError, TypeError, AttributeError) as error:
        raise BadRequest(f"request: expected the fields of a request; got {values!r:.200} ({error}).") from error
    if not isinstance(found, Request):
        raise BadRequest(f"request: expected a request; got a {type(found).__name__}.")
    return found


def _plain(spec: Any, *, whole: bool) -> dict[str, Any]:
    fields = (f for f in dataclasses.fields(spec) if whole or f.metadata.get("identity", True))
    values = ((f.name, getattr(spec, f.name)) for f in fields)
    return {"type": type(spec).__name__} | {
        name: _plain(value, whole=whole)
        if dataclasses.is_dataclass(value)
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in values
    }


_SPECS: dict[str, type] = {
    kind.__name__: kind for kind in (DataSpec, ModelSpec, Irfil, Dropping, GivenWeights, *get_args(Request))
}


def _spec_of(values: dict[str, Any]) -> Any:
    given = {
        name: _spec_of(value) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if name != "type"
    }
    return _SPECS[values["type"]](**given)
