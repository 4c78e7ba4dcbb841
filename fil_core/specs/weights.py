"""Weightings: how the training examples are weighted, as small frozen values like the other specs.

Each has a short text, the same on the command line and in a link:

    irfil:sample:15                     iterated reweighting, which makes eta nearly equal, 15 rounds
    irfil:class:15:min=0.1:max=10       with clamps; also spread=0.001, attribute=NAME (last)
    drop:100                            without the 100 leakiest examples; also attribute=NAME (last)
    given:<64 hex digits>               uploaded weights, by the sha-256 of their content
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import unquote

from fil_core.errors import BadRequest
from fil_core.specs.checks import count, texts
from fil_core.specs.options import check_options, choice, names, number, option, whole

Method = Literal["sample", "class", "hybrid"]
METHODS: tuple[str, ...] = get_args(Method)
DEFAULT_ITERATIONS = 15  # the paper's
_MOST_ITERATIONS = 1000
_LIMITS = {"min": "min_weight", "max": "max_weight", "spread": "spread"}
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Irfil:
    """Weights that make eta nearly equal among the examples, by iterated reweighting.

    Attributes:
        method: `sample` weights each example by its own omega, which falls as its eta rises; `class` gives all
            examples of a class their mean omega; `hybrid` multiplies the two.
        iterations: maximum number of rounds of reweighting and refitting, 1 to 1000.
        attribute: names of the attributes whose eta is made equal, as in `FilRequest`; empty for whole examples.
        min_weight, max_weight: clamps on the weights of examples, before hybrid multiplies them; None for none.
        spread: stop as soon as the standard deviation of eta is at most this share of its mean; 0 runs all rounds.
    """

    method: Method = option("sample", choice(METHODS), "default sample", link="method")
    iterations: int = option(
        DEFAULT_ITERATIONS, whole(most=_MOST_ITERATIONS), f"most rounds (default {DEFAULT_ITERATIONS})", link="rounds"
    )
    attribute: tuple[str, ...] = option((), names(), "even out eta of these only", link="at-risk")
    min_weight: float | None = option(
        None,
        number(zero=True),
        "clamp the weights of examples to at least this, then scale them to mean 1; hybrid multiplies after that",
        link="min-weight",
    )
    max_weight: float | None = option(None, number(), "clamp to at most this, likewise", link="max-weight")
    spread: float = option(0.0, number(zero=True), "stop at this std / mean of eta", link="spread")

    def __post_init__(self) -> None:
        check_options(self)
        object.__setattr__(self, "attribute", _names(self.attribute))
        self._check_clamps()

    def _check_clamps(self) -> None:
        least, most = self.min_weight, self.max_weight
        if least is not None and most is not None and least > most:
            raise BadRequest(f"min_weight: expected min_weight <= max_weight; got {least!r} and {most!r}.")
        if (least or 0.0) >= 1 or (most is not None and most <= 1):
            name, value = ("min_weight", least) if (least or 0.0) >= 1 else ("max_weight", most)
            side = "below" if name == "min_weight" else "above"
            raise BadRequest(
                f"{name}: expected a number {side} 1, the mean of all weights, so that they can differ; got {value!r}."
            )

    @property
    def text(self) -> str:
        """See the module."""
        limits = {"min": self.min_weight, "max": self.max_weight, "spread": self.spread or None}
        parts = [f"{name}={value!r}" for name, value in limits.items() if value is not None]
        return ":".join(["irfil", self.method, str(self.iterations), *parts, *_attribute(self.attribute)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropping:
    """The leakiest examples left out, all others weighted alike.

    Weights have mean 1 here too, so that training is the same as without those rows: both the loss and the penalty
    count the examples that are left.

    Attributes:
        k: how many, >= 1.
        attribute: names of the attributes by whose eta examples are ranked, as in `FilRequest`; empty for whole
            examples.
    """

    k: int
    attribute: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count("k", self.k)
        if self.k is None:
            raise BadRequest("k: expected a whole number >= 1; got none.")
        object.__setattr__(self, "attribute", _names(self.attribute))

    @property
    def text(self) -> str:
        """See the module."""
        return ":".join(["drop", str(self.k), *_attribute(self.attribute)])


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenWeights:
    """Uploaded weights, which the store holds under the sha-256 of their content.

    Attributes:
        digest: 64 lower-case hex characters.
    """

    digest: str

    def __post_init__(self) -> None:
        if not isinstance(self.digest, str) or not _DIGEST.fullmatch(self.digest):
            raise BadRequest(f"weights: expected given: and 64 lower-case hex characters; got {self.digest!r}.")

    @property
    def text(self) -> str:
        """See the module."""
        return f"given:{self.digest}"


Weighting = Irfil | Dropping | GivenWeights


def weighting(text: str) -> Weighting | None:
    """The weighting that a text names; None for an empty text or `equal`.

    >>> weighting("drop:10")
    Dropping(k=10, attribute=())

    Raises:
        BadRequest: the text names no weighting.
    """
    if text.strip() in ("", "equal"):
        return None
    kind, _, rest = text.strip().partition(":")
    if kind not in _READERS:
        raise BadRequest(
            f"weights: expected equal, irfil:METHOD:ITERATIONS, drop:K or given:DIGEST, or a .csv or .parquet file; "
            f"got {text!r}."
        )
    return _READERS[kind](rest)


def names_file(text: str) -> bool:
    """Whether a text is the path of a file with weights rather than a weighting, whose last attribute may end alike.

    >>> names_file("w.csv"), names_file("drop:10:attribute=w.csv"), names_file("./drop:10.csv")
    (True, False, True)
    """
    return text.lower().endswith((".csv", ".parquet")) and text.partition(":")[0].strip() not in _READERS


def _irfil(rest: str) -> Irfil:
    rest, attribute = _split_attribute(rest)
    method, *parts = rest.split(":")
    iterations = _whole("iterations", parts.pop(0)) if parts and "=" not in parts[0] else DEFAULT_ITERATIONS
    limits: dict[str, float] = {}
    for part in parts:
        name, sign, value = part.partition("=")
        if not sign or name not in _LIMITS or _LIMITS[name] in limits:
            raise BadRequest(
                f"weights: expected min=, max=, spread= (each once) or attribute= at the end; got {part!r}."
            )
        limits[_LIMITS[name]] = _number(name, value)
    return Irfil(method=method or "sample", iterations=iterations, attribute=attribute, **limits)  # type: ignore[arg-type]


def _drop(rest: str) -> Dropping:
    rest, attribute = _split_attribute(rest)
    return Dropping(k=_whole("k", rest), attribute=attribute)


_READERS: dict[str, Callable[[str], Weighting]] = {
    "irfil": _irfil,
    "drop": _drop,
    "given": lambda rest: GivenWeights(digest=rest),
}


def _names(values: object) -> tuple[str, ...]:
    attributes = texts("attribute", values)
    if not all(name.strip() for name in attributes):
        raise BadRequest(f"attribute: expected names; got {attributes!r}.")
    return attributes


def _attribute(names: tuple[str, ...]) -> list[str]:
    return [f"attribute={','.join(map(_quoted, names))}"] if names else []


def _quoted(name: str) -> str:
    """A name in a list separated by commas: its commas, and spaces at its ends, percent-encoded as in a link."""
    quoted = name.replace("%", "%25").replace(",", "%2C")
    inner = quoted.strip()
    before, _, after = quoted.partition(inner)
    return "".join(f"%{byte:02X}" for byte in before.encode()) + inner + "".join(f"%{b:02X}" for b in after.encode())


def _split_attribute(rest: str) -> tuple[str, tuple[str, ...]]:
    """The text before `attribute=`, and the names after it."""
    rest, _, names = f":{rest}".partition(":attribute=")
    return rest.removeprefix(":"), tuple(unquote(name.strip()) for name in names.split(",") if name.strip())


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f"{name}: expected a whole number; got {text!r}.") from None


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadRequest(f"{name}: expected a number; got {text!r}.") from None
