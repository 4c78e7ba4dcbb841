"""From the fields of a request to the options of its command, and from the options given to the request."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from fil_core.specs import DataSpec, ModelRequest, ModelSpec, Request
from fil_core.specs.options import Option, Place, places

_MODEL_ONLY_EQUAL = ("weights", "parameters")


def own_places(kind: type[Request]) -> list[Place]:
    """The options of a request besides its data, its model and the device."""
    return [place for place in places(kind) if place.path[0] not in ("data", "model", "device")]


def model_places(kind: type[Request]) -> list[Place]:
    """The options of a request's model; those of weights and parameters only where it may have them."""
    if not issubclass(kind, ModelRequest):
        return []
    left_out = _MODEL_ONLY_EQUAL if kind.starts_equally else ()
    return [place for place in places(ModelSpec) if place.path[0] not in left_out]


def add_options(group: Any, found: Iterable[Place]) -> None:
    """Declare options; one that is left out leaves the field's own default."""
    for place in found:
        option = place.option
        more: dict[str, Any] = {"dest": _dest(option), "help": option.help.replace("%", "%%")}
        if place.default is False:
            group.add_argument(f"--{option.flag}", action="store_true", default=None, **more)
            continue
        if option.kind.choices:
            more["choices"] = option.kind.choices
        else:
            more |= {"metavar": option.kind.metavar, "type": _reader(option)}
        group.add_argument(f"--{option.flag}", default=None, required=option.required, **more)


def build(kind: type[Request], options: argparse.Namespace, **parts: Any) -> Request:
    """The request that the options ask for.

    Args:
        kind: of request.
        options: as `add_options` declared them.
        parts: its data, its model and its device.

    Raises:
        BadRequest: a value out of range, or values that do not go together.
    """
    values: dict[tuple[str, ...], Any] = {}
    for place in own_places(kind):
        value = getattr(options, _dest(place.option))
        if value is None and place.option.follows:
            value = getattr(options, place.option.follows.replace("-", "_"))
        if value is not None:
            values[place.path] = value
    return _filled(kind, values, parts)


def data_values(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a DataSpec that were given, by name."""
    return _given(places(DataSpec), options)


def model_values(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a ModelSpec that were given, by name."""
    return _given(places(ModelSpec), options)


def _given(found: Iterable[Place], options: argparse.Namespace) -> dict[str, Any]:
    values = {place.path[0]: getattr(options, _dest(place.option), None) for place in found}
    return {name: value for name, value in values.items() if value is not None}


def _filled(kind: type, values: dict[tuple[str, ...], Any], parts: dict[str, Any]) -> Any:
    """A spec with values at their paths; a spec in it is made the same way."""
    nested = {field.name: field.default_factory for field in dataclasses.fields(kind) if field.name not in parts}
    made = dict(parts)
    for name, factory in nested.items():
        inside = {path[1:]: value for path, value in values.items() if path[0] == name}
        if () in inside:
            made[name] = inside[()]
        elif inside and isinstance(factory, type):
            made[name] = _filled(factory, inside, {})
    return kind(**made)


def _dest(option: Option) -> str:
    return option.flag.replace("-", "_")


def _reader(option: Option) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return option.kind.read(text)
        except ValueError as error:  # argparse shows the words of this error alone
            raise argparse.ArgumentTypeError(str(error)) from None

    return read
