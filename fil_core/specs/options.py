"""Fields that a person can set: one declaration says how a value is checked, typed, written and explained.

The command line's parser, the line that reproduces a result and the links of the app follow from these declarations.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fil_core.errors import BadRequest
from fil_core.specs import checks

NONE = "none"  # an empty list, where leaving an option out takes a usual one
_NAME = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)')
_PLAIN = re.compile(r'[^",\s](?:[^",]*[^",\s])?')


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Attributes:
        check: (name, value) to the value as it is kept; raises BadRequest.
        read: a text to a value; raises ValueError with what was expected.
        write: the inverse of `read`.
        metavar: what stands for the value in help; empty for a switch.
        choices: all values there are; empty where they are not listed.
    """

    check: Callable[[str, Any], Any]
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    metavar: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """What is known of one field.

    Attributes:
        kind: of its values.
        help: what it means, with its unit where it has one.
        flag: its name on the command line, without dashes.
        called: its name in error messages.
        link: its name in a link of the app; empty where no link carries it.
        follows: the option whose value it takes on the command line where it is not given.
        identity: whether two requests that differ in it have different results.
        always: whether the line that reproduces a result names it even where it has its usual value.
        required: whether the command line must have it.
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


_KEY = "option"


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
) -> Any:
    """A dataclass field that a person can set; see `Option`. A default of None allows None."""
    made = Option(kind, help, flag, called, link, follows, identity, always, required)
    return dataclasses.field(default=default, metadata={_KEY: made})


def option_of(field: dataclasses.Field[Any]) -> Option | None:
    """What is known of a field, its names filled in; None for one that holds another spec."""
    found: Option | None = field.metadata.get(_KEY)
    if found is None:
        return None
    called = found.called or field.name
    return dataclasses.replace(found, called=called, flag=found.flag or called.replace("_", "-"))


def check_options(spec: Any) -> None:
    """Check every field of a frozen spec and keep it in its usual form, as its `__post_init__`.

    Raises:
        BadRequest: a value that is none of its kind: what was expected, what was got.
    """
    for field in dataclasses.fields(spec):
        declared, value = option_of(field), getattr(spec, field.name)
        if declared is not None and not (value is None and field.default is None):
            object.__setattr__(spec, field.name, declared.kind.check(declared.called, value))


@dataclass(frozen=True, slots=True)
class Place:
    """One option of a spec, or of a spec in it.

    Attributes:
        path: names of the fields that lead to it.
        option: what is known of it.
        default: its usual value.
    """

    path: tuple[str, ...]
    option: Option
    default: Any

    def value(self, spec: Any) -> Any:
        """The value there."""
        for name in self.path:
            spec = getattr(spec, name)
        return spec


def places(kind: type, before: tuple[str, ...] = ()) -> Iterator[Place]:
    """All options of a type of spec, those of specs in it included, in the order of the fields."""
    for field in dataclasses.fields(kind):
        declared, path = option_of(field), (*before, field.name)
        if declared is not None:
            yield Place(path, declared, field.default)
        elif isinstance(field.default_factory, type):
            yield from places(field.default_factory, path)


def identity_fields(spec: Any) -> Iterator[dataclasses.Field[Any]]:
    """The fields that say what is asked, without those that only say where to compute it."""
    for field in dataclasses.fields(spec):
        declared = option_of(field)
        if declared is None or declared.identity:
            yield field


def whole(*, least: int = 1, most: int | None = None) -> Kind:
    """A whole number."""
    return Kind(lambda name, v: checks.whole(name, v, least=least, most=most), _read_whole, str, "N")


def number(*, zero: bool = False, most: float = checks.MOST) -> Kind:
    """A finite number > 0, or >= 0 with `zero`."""

    def check(name: str, value: Any) -> float:
        checks.positive(name, value, zero=zero, most=most)
        return float(value)  # 1 and 1.0 are one request

    return Kind(check, _read_number, repr, "X")


def choice(allowed: tuple[str, ...]) -> Kind:
    """One of some texts."""

    def check(name: str, value: Any) -> str:
        checks.choice(name, value, allowed)
        return str(value)

    return Kind(check, str, str, "", allowed)


def text(what: str = "a text") -> Kind:
    """A text; `what` says which, for the error."""

    def check(name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise BadRequest(f"{name}: expected {what}; got {value!r}.")
        return value

    return Kind(check, str, str, "TEXT")


def one_attribute() -> Kind:
    """The name of an attribute, or none."""
    return text("the name of one attribute")


def switch() -> Kind:
    """On or off."""

    def check(name: str, value: Any) -> bool:
        if not isinstance(value, bool):
            raise BadRequest(f"{name}: expected True or False; got {value!r}.")
        return value

    return Kind(check, lambda written: written == "True", str, "")


def names(allowed: tuple[str, ...] = ()) -> Kind:
    """Several names; some of `allowed`, each once, where those are given."""

    def check(name: str, value: Any) -> tuple[str, ...]:
        found = checks.texts(name, value)
        for one in found if allowed else ():
            checks.choice(name, one, allowed)
        if allowed and len(set(found)) < len(found):
            raise BadRequest(f"{name}: expected some of {', '.join(allowed)}, each once.")
        return found

    def read(written: str) -> tuple[str, ...]:
        return () if allowed and written == NONE else read_names(written)

    return Kind(check, read, lambda values: write_names(values) or NONE, "A,B")


def numbers(*, zero: bool = False, most: int | None = None) -> Kind:
    """Several different numbers."""

    def check(name: str, value: Any) -> tuple[float, ...]:
        found = checks.several(name, value)
        for one in found:
            checks.positive(name, one, zero=zero)
        if len(set(found)) < len(found) or (most is not None and len(found) > most):
            at_most = "" if most is None else f"at most {most} "
            raise BadRequest(f"{name}: expected {at_most}different numbers; got {len(found)}.")
        return tuple(map(float, found))

    return Kind(check, lambda t: _several(t, float, "numbers"), lambda v: ",".join(map(repr, v)) or NONE, "X,Y")


def wholes(*, least: int = 0) -> Kind:
    """Several different whole numbers."""

    def check(name: str, value: Any) -> tuple[int, ...]:
        found = tuple(checks.whole(name, one, least=least) for one in checks.several(name, value))
        if len(set(found)) < len(found):
            raise BadRequest(f"{name}: expected each number once; got {found!r}.")
        return found

    def read(written: str) -> tuple[int, ...]:
        return tuple(dict.fromkeys(_several(written, int, "whole numbers")))

    return Kind(check, read, lambda v: ",".join(map(str, v)) or NONE, "I,J")


def read_names(written: str) -> tuple[str, ...]:
    """Names between commas; one that holds a comma or a quotation mark stands in quotation marks, as in CSV.

    >>> read_names('age, "weight, kg"')
    ('age', 'weight, kg')
    """
    found, at = [], 0
    while True:
        part = _NAME.match(written, at)
        if part is None or not (part[1] or (part[2] or "").strip()):
            raise ValueError(f"expected names between commas, got {written!r}")
        found.append(part[2].strip() if part[1] is None else part[1].replace('""', '"'))
        at = part.end()
        if not part[3]:
            return tuple(found)


def write_names(values: tuple[str, ...]) -> str:
    """The inverse of `read_names`.

    >>> write_names(("age", "weight, kg"))
    'age,"weight, kg"'
    """
    return ",".join(name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"' for name in values)


def _read_whole(written: str) -> int:
    try:
        return int(written)
    except ValueError:
        raise ValueError(f"expected a whole number, got {written!r}") from None


def _read_number(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        raise ValueError(f"expected a number, got {written!r}") from None


def _several(written: str, kind: Callable[[str], Any], what: str) -> tuple[Any, ...]:
    if written == NONE:
        return ()
    try:
        return tuple(kind(part) for part in written.split(","))
    except ValueError:
        raise ValueError(f"expected {what} between commas, got {written!r}") from None
