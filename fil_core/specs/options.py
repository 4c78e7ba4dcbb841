"""Declared fields of specs: one declaration says how a value is checked, read from text, written and explained.

The command line's parser, the command that reproduces a result and the links of the app follow from them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fil_core.errors import BadRequest
from fil_core.specs import checks
from fil_core.specs.texts import NONE, read_names, read_number, read_several, read_whole, write_names


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Attributes:
        check: (name, value) to the value in its usual form; raises BadRequest.
        read: a text to a value; raises ValueError that says what was expected.
        write: the inverse of `read`.
        metavar: placeholder of the value in help; empty for a switch.
        choices: all values of the kind; empty where there are too many to list.
        examples: whether it is about training examples: `read` and `write` are then about their names, and only the
            data set knows the values.
        attributes: whether it names attributes, which the data set may spell in another case.
    """

    check: Callable[[str, Any], Any]
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    metavar: str
    choices: tuple[str, ...] = ()
    examples: bool = False
    attributes: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """The declaration of one field.

    Attributes:
        kind: kind of its values.
        help: its meaning, with its unit where it has one.
        flag: its name on the command line, without dashes.
        called: its name in error messages.
        link: its name in a link of the app; empty where no link carries it.
        follows: the option whose value is its default on the command line; empty for none.
        identity: whether two requests that differ in it have different results.
        always: whether the command that reproduces a result names it even at its default.
        required: whether it must be set on the command line.
        added: whether the identity of a spec leaves it out at its default, so that results that were stored before
            there was such a field are still found.
    """

    kind: Kind
    help: str
    flag: str
    called: str
    link: str
    follows: str
    identity: bool
    always: bool
    required: bool
    added: bool


_KEY, _FLAGS = "option", "flags"


_AS_DECLARED: Mapping[str, str] = MappingProxyType({})


def option(
    default: Any,
    kind: Kind,
    help: str,
    *,
    flag: str = "",
    called: str = "",
    link: str = "",
    follows: str = "",
    identity: bool = True,
    always: bool = False,
    required: bool = False,
    added: bool = False,
) -> Any:
    """A declared dataclass field.

    Args:
        default: its default; None makes None a valid value.
        kind: kind of its values.
        help: its meaning, with its unit where it has one.
        flag: its name on the command line; empty takes the name in error messages.
        called: its name in error messages; empty takes the field's name.
        link: its name in a link of the app; empty where no link carries it.
        follows: the option whose value is its default on the command line; empty for none.
        identity: whether two requests that differ in it have different results.
        always: whether the command that reproduces a result names it even at its default.
        required: whether it must be set on the command line.
        added: whether the identity of a spec leaves it out at its default.

    Returns:
        What stands as the field's default in the class body.
    """
    declared = Option(kind, help, flag, called, link, follows, identity, always, required, added)
    return dataclasses.field(default=default, metadata={_KEY: declared})


def part(kind: type, flags: Mapping[str, str] = _AS_DECLARED) -> Any:
    """A field that holds another spec, some of whose options another part of the request has too.

    Args:
        kind: of the spec.
        flags: what such options are called on the command line of this request, by the names of their fields.

    Returns:
        What stands as the field's default in the class body.
    """
    return dataclasses.field(default_factory=kind, metadata={_FLAGS: flags})


def option_of(field: dataclasses.Field[Any]) -> Option | None:
    """The declaration of a field, its names filled in; None for a field that holds another spec."""
    declared: Option | None = field.metadata.get(_KEY)
    if declared is None:
        return None
    called = declared.called or field.name
    return dataclasses.replace(declared, called=called, flag=declared.flag or called.replace("_", "-"))


def check_options(spec: Any) -> None:
    """Check every declared field of a frozen spec and put it into its usual form; called by `__post_init__`.

    Raises:
        BadRequest: a value is not of its kind.
    """
    for field in dataclasses.fields(spec):
        declared, value = option_of(field), getattr(spec, field.name)
        if declared is not None and not (value is None and field.default is None):
            object.__setattr__(spec, field.name, declared.kind.check(declared.called, value))


@dataclass(frozen=True, slots=True)
class Place:
    """A declared field of a spec, or of a spec nested in it.

    Attributes:
        path: names of the fields that lead to it.
        option: its declaration.
        default: its default.
    """

    path: tuple[str, ...]
    option: Option
    default: Any

    def value(self, spec: Any) -> Any:
        """Its value in a spec."""
        for name in self.path:
            spec = getattr(spec, name)
        return spec


def places(kind: type, before: tuple[str, ...] = ()) -> Iterator[Place]:
    """All declared fields of a type of spec, also those of nested specs, in the order of the fields."""
    for field in dataclasses.fields(kind):
        declared, path = option_of(field), (*before, field.name)
        if declared is not None:
            yield Place(path, declared, field.default)
        elif isinstance(field.default_factory, type):
            flags = field.metadata.get(_FLAGS, _AS_DECLARED)
            for place in places(field.default_factory, path):
                yield _called(place, flags[place.path[-1]]) if place.path[-1] in flags else place


def _called(place: Place, flag: str) -> Place:
    """The same field under another name on the command line."""
    return dataclasses.replace(place, option=dataclasses.replace(place.option, flag=flag))


def identity_fields(spec: Any) -> Iterator[dataclasses.Field[Any]]:
    """The fields that belong to the identity of a spec, without the device and the like, and added ones at defaults."""
    for field in dataclasses.fields(spec):
        declared = option_of(field)
        left_out = declared is not None and declared.added and getattr(spec, field.name) == field.default
        if declared is None or (declared.identity and not left_out):
            yield field


def whole(*, least: int = 1, most: int = checks.MOST_WHOLE) -> Kind:
    """A whole number."""
    return Kind(lambda name, v: checks.whole(name, v, least=least, most=most), read_whole, str, "N")


def number(*, zero: bool = False, most: float = checks.MOST) -> Kind:
    """A finite number > 0, or >= 0 with `zero`."""

    def check(name: str, value: Any) -> float:
        checks.positive(name, value, zero=zero, most=most)
        return float(value)  # 1 and 1.0 are the same request

    return Kind(check, read_number, repr, "X")


def choice(allowed: tuple[str, ...]) -> Kind:
    """One of several texts."""

    def check(name: str, value: Any) -> str:
        checks.choice(name, value, allowed)
        return str(value)

    return Kind(check, str, str, "", allowed)


def text(what: str = "a text") -> Kind:
    """A text; `what` describes it in the error message."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise BadRequest(f"{name}: expected {what}; got {value!r}.")
        return value

    return Kind(check, str, str, "TEXT")


def one_attribute() -> Kind:
    """The name of an attribute, or none."""
    return dataclasses.replace(text("the name of one attribute"), attributes=True)


def attributes() -> Kind:
    """The names of several attributes."""
    return dataclasses.replace(names(), attributes=True)


def uploaded() -> Kind:
    """The sha-256 of an uploaded file, as hex; on the command line also the file itself."""

    def check(name: str, value: Any) -> str:
        checks.digest(name, value)
        return str(value)

    def read(written: str) -> str | Path:
        return written if checks.DIGEST.fullmatch(written) else Path(written)

    return Kind(check, read, str, "FILE")


def switch() -> Kind:
    """On or off."""

    def check(name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise BadRequest(f"{name}: expected True or False; got {value!r}.")
        return value

    return Kind(check, lambda written: written == "True", str, "")


def is_switch(place: Place) -> bool:
    """Whether an option is on or off, and takes no value on the command line."""
    return not place.option.kind.metavar and not place.option.kind.choices


def names(allowed: tuple[str, ...] = ()) -> Kind:
    """Several names; with `allowed`, some of those, each once."""

    def check(name: str, value: Any) -> tuple[str, ...]:
        values = checks.texts(name, value)
        for each in values if allowed else ():
            checks.choice(name, each, allowed)
        if allowed and len(set(values)) < len(values):
            raise BadRequest(f"{name}: expected some of {', '.join(allowed)}, each once; got {', '.join(values)}.")
        return values

    def read(written: str) -> tuple[str, ...]:
        values = () if allowed and written == NONE else read_names(written)
        if allowed and NONE in values:
            raise ValueError(f"expected none by itself or some of {', '.join(allowed)}, got {written!r}")
        return values

    return Kind(check, read, lambda values: write_names(values) or NONE, "A,B")


def numbers(*, zero: bool = False, most: int | None = None) -> Kind:
    """Several different numbers."""

    def check(name: str, value: Any) -> tuple[float, ...]:
        values = checks.several(name, value)
        for each in values:
            checks.positive(name, each, zero=zero)
        twice = next((each for i, each in enumerate(values) if each in values[:i]), None)
        if twice is not None:
            raise BadRequest(f"{name}: expected different numbers; got {twice!r} more than once.")
        if most is not None and len(values) > most:
            raise BadRequest(f"{name}: expected at most {most} numbers; got {len(values)}.")
        return tuple(map(float, values))

    return Kind(check, lambda t: read_several(t, float, "numbers"), lambda v: ",".join(map(repr, v)) or NONE, "X,Y")


def wholes(*, least: int = 0) -> Kind:
    """Several different whole numbers."""

    def check(name: str, value: Any) -> tuple[int, ...]:
        values = tuple(checks.whole(name, each, least=least) for each in checks.several(name, value))
        if len(set(values)) < len(values):
            raise BadRequest(f"{name}: expected each number once; got {values!r}.")
        return values

    def read(written: str) -> tuple[int, ...]:
        return tuple(dict.fromkeys(read_several(written, int, "whole numbers")))

    return Kind(check, read, lambda v: ",".join(map(str, v)) or NONE, "I,J")


def example() -> Kind:
    """One training example."""
    return dataclasses.replace(whole(least=0), read=str, metavar="ID", examples=True)


def examples() -> Kind:
    """Several different training examples."""

    def read(written: str) -> tuple[str, ...]:
        return () if written == NONE else tuple(dict.fromkeys(read_names(written)))

    def write(names: tuple[str, ...]) -> str:
        listed = write_names(names) or NONE
        return f'"{NONE}"' if names == (NONE,) else listed

    return dataclasses.replace(wholes(), read=read, write=write, metavar="ID,ID", examples=True)
