"""What a person asks for: the base of all requests, and requests as plain values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from fil_core.errors import BadRequest
from fil_core.specs.data import DataSpec
from fil_core.specs.families import ATTACKABLE
from fil_core.specs.model import ModelSpec
from fil_core.specs.options import check_options, choice, identity_fields, option
from fil_core.specs.weights import Dropping, GivenWeights, Irfil, Weighting

Device = Literal["auto", "cpu", "cuda"]

MOST_DRAWS = 100_000
MOST_SIGMAS = 200
MOST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Upload:
    """Something that a person gave and the store holds under its content: nobody can compute it again.

    Attributes:
        kind: `weights`, `parameters` or `scores`.
        digest: 64 lower-case hex characters.
    """

    kind: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to the engine: frozen, checked when it is made, and a key of the store.

    Attributes:
        data: the examples it is about.
        device: where to compute; not part of the identity.
    """

    data: DataSpec = field(default_factory=DataSpec)
    device: Device = option("auto", choice(get_args(Device)), "auto takes CUDA where there is one", identity=False)

    def __post_init__(self) -> None:
        check_options(self)
        self._check()

    def _check(self) -> None:
        """Refuse what no single field can tell.

        Raises:
            BadRequest: fields that do not go together.
        """

    @property
    def subject(self) -> str:
        """What is measured, besides the data, in a few words; empty where that says all."""
        return ""

    @property
    def detail(self) -> str:
        """What was chosen besides data and model, in a few words; empty for the usual."""
        return ""

    @property
    def weighting(self) -> Weighting | None:
        """How training examples are weighted; None for alike."""
        return None

    @property
    def sigma(self) -> float:
        """Standard deviation of the output noise that leakage is measured at, in units of theta."""
        return 1.0

    @property
    def noise(self) -> str:
        """The output noise in words."""
        return f"σ = {self.sigma:g}"

    @property
    def at_risk(self) -> tuple[str, ...]:
        """Names of the attributes that an attacker is after; empty for the whole example."""
        return ()

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """What the store must hold for it to be answered."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest(Request):
    """A question about a trained model.

    Attributes:
        model: the model.
    """

    model: ModelSpec = field(default_factory=ModelSpec)

    starts_equally: ClassVar[bool] = False  # whether its model must have equal weights, which it then changes

    def __post_init__(self) -> None:
        Request.__post_init__(self)
        if self.starts_equally and self.model != self.model.equally_weighted:
            got = self.model.weights.text if self.model.weights else "parameters of its own"
            raise BadRequest(f"model: expected one with equal weights to start from; got one with {got}.")

    @property
    def subject(self) -> str:
        """Family and penalty."""
        return f"{self.model.kind}, λ = {self.model.penalty:g}"

    @property
    def weighting(self) -> Weighting | None:
        """The model's own."""
        return self.model.weights

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """Weights and parameters that are named by their content."""
        given = self.model.weights.digest if isinstance(self.model.weights, GivenWeights) else None
        named = {"weights": given, "parameters": self.model.parameters}
        return tuple(Upload(kind, digest) for kind, digest in named.items() if digest is not None)


def check_draws(name: str, number: int) -> None:
    """Refuse more releases than anybody waits for.

    Raises:
        BadRequest: more than 100,000.
    """
    if number > MOST_DRAWS:
        raise BadRequest(f"{name}: expected at most {MOST_DRAWS:,}; got {number:,}.")


def check_attackable(model: ModelSpec) -> None:
    """Refuse a model that the attacks are not defined on.

    Raises:
        BadRequest: with those they are defined on.
    """
    if not model.family.attackable:
        raise BadRequest(f"attack: expected a model of {' or '.join(ATTACKABLE)}; got {model.kind}.")


def canonical(spec: Any) -> dict[str, Any]:
    """The identity of a spec or request as plain JSON values, without fields that only say where to compute."""
    return _plain(spec, identity_fields(spec), whole=False)


def plain(request: Request) -> dict[str, Any]:
    """All of a request as plain JSON values, for another process; `request_of` gives it back."""
    return _plain(request, dataclasses.fields(request), whole=True)


def _plain(spec: Any, fields: Any, *, whole: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"type": type(spec).__name__}
    for one in fields:
        value = getattr(spec, one.name)
        if dataclasses.is_dataclass(value):
            value = _plain(value, dataclasses.fields(value) if whole else identity_fields(value), whole=whole)
        found[one.name] = list(value) if isinstance(value, tuple) else value
    return found


_SPECS: dict[str, type] = {kind.__name__: kind for kind in (DataSpec, ModelSpec, Irfil, Dropping, GivenWeights)}


def spec_of(values: dict[str, Any], requests: dict[str, type[Request]]) -> Any:
    """The spec or request behind plain values.

    Args:
        values: as `canonical` and `plain` make them.
        requests: the types of request there are, by name.

    Raises:
        KeyError, TypeError, AttributeError: the values describe none.
        BadRequest: a value out of range.
    """
    given = {
        name: spec_of(value, requests)
        if isinstance(value, dict)
        else tuple(value)
        if isinstance(value, list)
        else value
        for name, value in values.items()
        if name != "type"
    }
    return (_SPECS | requests)[values["type"]](**given)
