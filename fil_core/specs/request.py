"""The base class of all requests, and requests as plain JSON values."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from fil_core.errors import BadRequest
from fil_core.specs.attack import AttackSpec
from fil_core.specs.audit import AuditSpec
from fil_core.specs.data import DataSpec
from fil_core.specs.ensemble import EnsembleSpec
from fil_core.specs.kernel import KernelSpec
from fil_core.specs.model import ModelSpec
from fil_core.specs.network import NetworkSpec
from fil_core.specs.options import check_options, choice, identity_fields, option, part, whole
from fil_core.specs.outside import OutsideSpec
from fil_core.specs.weights import Dropping, GivenWeights, Irfil, Weighting

Device = Literal["auto", "cpu", "cuda"]

MOST_DRAWS = 100_000
MOST_SIGMAS = 200
MOST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file in the store, named by its content; unlike a result it cannot be computed again.

    Attributes:
        kind: `weights`, `parameters`, `scores`, `initial`, `group`, `signals`, `records` or `extractor`.
        digest: 64 lower-case hex characters.
    """

    kind: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to compute: frozen, checked when it is created, and the identity of a stored result.

    Attributes:
        data: the examples.
        device: where to compute; not part of the identity.
    """

    data: DataSpec = field(default_factory=DataSpec)
    device: Device = option("auto", choice(get_args(Device)), "auto takes CUDA where there is one", identity=False)

    names_data: ClassVar[bool] = True  # whether its answer is about its data, not about those that its parts name

    def __post_init__(self) -> None:
        _check_spec("data", self.data, DataSpec)
        check_options(self)
        self._check()

    def _check(self) -> None:
        """Check the fields together; subclasses override it.

        Raises:
            BadRequest: fields that contradict each other.
        """

    def unused(self, name: str) -> str:
        """Why a field has no part in this request, so that a command refuses it; empty where it has one.

        Args:
            name: of the field; of one in a spec of the request with the spec's name, such as `network.width`.
        """
        return ""

    def unused_spec(self, name: str) -> str:
        """Why one of its specs, such as the network, is not asked about, so that no command line names its options.

        Args:
            name: of the field that holds the spec.

        Returns:
            Empty where it is asked about.
        """
        return ""

    def has_part(self, name: str) -> bool:
        """Whether one of its specs is asked about at all, see `unused_spec`."""
        return not self.unused_spec(name)

    @property
    def source_data(self) -> DataSpec:
        """The examples that it is computed from: its data, but for what makes features of them."""
        return self.data

    @property
    def subject(self) -> str:
        """What is measured, apart from the data, in a few words; empty for the data alone."""
        return ""

    @property
    def detail(self) -> str:
        """What differs from the defaults apart from data and model, in a few words; empty for nothing."""
        return ""

    @property
    def weighting(self) -> Weighting | None:
        """How training examples are weighted; None for equal weights."""
        return None

    @property
    def sigma(self) -> float:
        """Standard deviation of the output noise at which leakage is measured, in units of theta."""
        return 1.0

    @property
    def noise(self) -> str:
        """The output noise in words; empty where none is meant."""
        return ""

    @property
    def at_risk(self) -> tuple[str, ...]:
        """Names of the attributes whose leakage is measured; empty for whole examples."""
        return ()

    @property
    def outside(self) -> OutsideSpec | None:
        """Which examples that no model was trained on it is about besides; None for none."""
        return None

    @property
    def reads_text(self) -> bool:
        """Whether it may be about sentences rather than rows of features."""
        return False

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """The uploads that must be in the store."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest(Request):
    """A request about a trained model.

    Attributes:
        model: the model.
    """

    model: ModelSpec = field(default_factory=ModelSpec)

    starts_equally: ClassVar[bool] = False  # whether its model must have equal weights, which the analysis changes

    def __post_init__(self) -> None:
        _check_spec("model", self.model, ModelSpec)
        Request.__post_init__(self)
        if self.starts_equally and self.model != self.model.equally_weighted:
            got = self.model.weights.text if self.model.weights else "pretrained parameters"
            raise BadRequest(f"model: expected one with equal weights to start from; got one with {got}.")

    @property
    def subject(self) -> str:
        """Family and penalty."""
        return f"{self.model.kind}, λ = {self.model.penalty:g}"

    @property
    def noise(self) -> str:
        """The noise at which leakage is measured."""
        return f"σ = {self.sigma:g}"

    @property
    def weighting(self) -> Weighting | None:
        """The weighting of its model."""
        return self.model.weights

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """The uploaded weights and parameters of its model."""
        weights = self.model.weights.digest if isinstance(self.model.weights, GivenWeights) else None
        digests = {"weights": weights, "parameters": self.model.parameters}
        return tuple(Upload(kind, digest) for kind, digest in digests.items() if digest is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRequest(Request):
    """A request about a network that is trained by gradient descent.

    Attributes:
        network: the network and its training.
    """

    network: NetworkSpec = field(default_factory=NetworkSpec)

    def __post_init__(self) -> None:
        _check_spec("network", self.network, NetworkSpec)
        Request.__post_init__(self)

    @property
    def subject(self) -> str:
        """The network, its training time, its decay and its mini-batches."""
        return self.network.trained

    @property
    def reads_text(self) -> bool:
        """Whether its network is a language model."""
        return self.network.family.needs_text

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """The uploaded weights that it starts from."""
        return () if self.network.initial is None else (Upload("initial", self.network.initial),)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRequest(Request):
    """A request about a Gaussian process.

    Attributes:
        kernel: its kernel and the noise of its labels.
    """

    kernel: KernelSpec = field(default_factory=KernelSpec)

    def __post_init__(self) -> None:
        _check_spec("kernel", self.kernel, KernelSpec)
        Request.__post_init__(self)

    @property
    def subject(self) -> str:
        """The kernel and the noise."""
        return self.kernel.text


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRequest(NetworkRequest):
    """A request about what leaving examples out changes of a network's weights and predictions.

    Attributes:
        validation_size: number of rows from the start of the test split, in the source's order, on which predictions
            are compared; None takes all of them.
    """

    validation_size: int | None = option(
        None, whole(), "compare predictions on the first M test rows (default: all)", link="validation-size"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JointRequest(ModelRequest):
    """A request about a trained model, a network and a Gaussian process on the same examples.

    Attributes:
        network: the network and its training.
        kernel: the kernel of the Gaussian process and the noise of its labels.
        validation_size: number of rows from the start of the test split, in the source's order, on which the network's
            predictions are compared; None takes all of them.
    """

    network: NetworkSpec = part(NetworkSpec, {"l2": "decay"})  # `--l2` is the model's
    kernel: KernelSpec = part(KernelSpec, {"depth": "kernel-depth"})  # `--depth` is the network's
    validation_size: int | None = option(
        None, whole(), "compare the network's predictions on the first M test rows (default: all)",
        link="validation-size",
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check_spec("network", self.network, NetworkSpec)
        _check_spec("kernel", self.kernel, KernelSpec)
        ModelRequest.__post_init__(self)

    @property
    def subject(self) -> str:
        """The model and the network."""
        return f"{self.model.kind}, λ = {self.model.penalty:g}; {self.network.trained}"

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """What its model and its network start from."""
        initial = () if self.network.initial is None else (Upload("initial", self.network.initial),)
        return (*ModelRequest.uploads.fget(self), *initial)  # type: ignore[attr-defined]


def _check_spec(name: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise BadRequest(f"{name}: expected a {kind.__name__}; got a {type(value).__name__}.")


def check_draws(name: str, number: int) -> None:
    """Refuse a number of releases that would take too long to draw.

    Raises:
        BadRequest: more than 100,000.
    """
    if number > MOST_DRAWS:
        raise BadRequest(f"{name}: expected at most {MOST_DRAWS:,}; got {number:,}.")


def canonical(spec: Any) -> dict[str, Any]:
    """The identity of a spec or request as plain JSON values, without fields such as the device."""
    return _plain(spec, identity_fields(spec), whole=False)


def plain(request: Request) -> dict[str, Any]:
    """All fields of a request as plain JSON values, for another process; `request_of` is the inverse."""
    return _plain(request, dataclasses.fields(request), whole=True)


def _plain(spec: Any, fields: Any, *, whole: bool) -> dict[str, Any]:
    values: dict[str, Any] = {"type": type(spec).__name__}
    for each in fields:
        value = getattr(spec, each.name)
        if dataclasses.is_dataclass(value):
            value = _plain(value, dataclasses.fields(value) if whole else identity_fields(value), whole=whole)
        values[each.name] = list(value) if isinstance(value, tuple) else value
    return values


_SPECS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        DataSpec,
        ModelSpec,
        NetworkSpec,
        KernelSpec,
        OutsideSpec,
        EnsembleSpec,
        AttackSpec,
        AuditSpec,
        Irfil,
        Dropping,
        GivenWeights,
    )
}


def spec_of(values: dict[str, Any], requests: dict[str, type[Request]]) -> Any:
    """The spec or request that plain values describe, the inverse of `canonical` and `plain`.

    Args:
        values: as `canonical` and `plain` return them.
        requests: the types of request, by name.

    Raises:
        KeyError, TypeError, AttributeError: the values describe no spec or request.
        BadRequest: a value out of range.
    """

    def field_value(value: Any) -> Any:
        if isinstance(value, dict):
            return spec_of(value, requests)
        return tuple(value) if isinstance(value, list) else value

    fields = {name: field_value(value) for name, value in values.items() if name != "type"}
    return (_SPECS | requests)[values["type"]](**fields)
