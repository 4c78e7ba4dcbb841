"""From the fields of a request to the options of its command, and from the command line back to the request."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fil_core.dataset import Dataset
from fil_core.errors import BadData, BadRequest, FilError
from fil_core.specs import DataSpec, ModelRequest, ModelSpec, Request
from fil_core.specs.options import Option, Place, is_switch, places

T = TypeVar("T")

_SPECS = ("data", "model", "network", "kernel")  # parts of a request that have options of their own
_UNEQUAL = ("weights", "parameters")  # options of a model that a request with equal weights must not have


def own_places(kind: type[Request]) -> list[Place]:
    """The fields of a request other than those of its data, its model, network or kernel, and the device."""
    return [
        place
        for place in places(kind)
        if place.path[0] != "device" and not (place.path[0] in _SPECS and len(place.path) > 1)
    ]


def model_places(kind: type[Request]) -> list[Place]:
    """The fields of a request's model; weights and parameters only where the request allows them."""
    left_out = _UNEQUAL if issubclass(kind, ModelRequest) and kind.starts_equally else ()
    return [place for place in _inside(kind, "model") if place.path[0] not in left_out]


def network_places(kind: type[Request]) -> list[Place]:
    """The fields of a request's network and of its training."""
    return _inside(kind, "network")


def kernel_places(kind: type[Request]) -> list[Place]:
    """The fields of a request's Gaussian process."""
    return _inside(kind, "kernel")


def _inside(kind: type[Request], name: str) -> list[Place]:
    """The fields of a spec in a request, under what they are called there; none where it has no such spec."""
    return [
        dataclasses.replace(place, path=place.path[1:])
        for place in places(kind)
        if place.path[0] == name and len(place.path) > 1
    ]


def add_options(group: Any, fields: Iterable[Place]) -> None:
    """Declare an option for each field; without it on the command line the field keeps its default."""
    for place in fields:
        option = place.option
        keywords: dict[str, Any] = {"dest": _dest(option), "help": option.help.replace("%", "%%")}
        if is_switch(place):  # where the default is None, both --x and --no-x
            action = argparse.BooleanOptionalAction if place.default is None else "store_true"
            group.add_argument(f"--{option.flag}", action=action, default=None, **keywords)
            continue
        if option.kind.choices:
            keywords["choices"] = option.kind.choices
        else:
            keywords |= {"metavar": option.kind.metavar, "type": argument_type(option.kind.read)}
        group.add_argument(f"--{option.flag}", default=None, required=option.required, **keywords)


def build(kind: type[Request], options: argparse.Namespace, dataset: Callable[[], Dataset], **parts: Any) -> Request:
    """The request that the options ask for.

    Args:
        kind: the type of request.
        options: the options that `add_options` declared.
        dataset: reads its data, to find out which examples are named.
        parts: its data, model or network, and device; and what of its own fields a file was read for.

    Raises:
        BadRequest: a value is out of range, or values contradict each other.
        BadData: no training example has an id that is named.
    """
    values: dict[tuple[str, ...], Any] = {}
    for place in own_places(kind):
        if place.path[0] in parts:
            continue
        value = getattr(options, _dest(place.option))
        if value is None and place.option.follows:
            value = getattr(options, place.option.follows.replace("-", "_"))
        if value is not None and place.option.kind.examples:
            value = _numbers(place.option, value, dataset())
        elif value and place.option.kind.attributes:  # one spelling, or the same result would be stored twice
            value = _spelt(value, dataset)
        if value is not None:
            values[place.path] = value
    request: Request = _filled(kind, values, parts)
    for path, value in values.items():
        name = path[-1]
        if value != getattr(request, name, value) and (why := request.unused(name)):
            written = next(place.option.kind for place in places(kind) if place.path == path).write(value)
            raise BadRequest(f"{name}: expected nothing, since {why}; got {written}.")
    return request


def _spelt(written: str | tuple[str, ...], dataset: Callable[[], Dataset]) -> str | tuple[str, ...]:
    """Names of attributes as the data spell them; as written for data that cannot be read, as is said later."""
    try:
        spelt = dataset().as_spelled
    except FilError:
        return written
    return spelt(written) if isinstance(written, str) else tuple(map(spelt, written))


def _numbers(option: Option, written: str | tuple[str, ...], dataset: Dataset) -> int | tuple[int, ...]:
    """The examples that an option names, by number.

    Raises:
        BadData: there is none of that name; the message says which option names it.
    """
    try:
        if isinstance(written, str):
            return dataset.number(written)
        return tuple(dict.fromkeys(map(dataset.number, written)))
    except BadData as error:
        raise BadData(f"--{option.flag}: {str(error).removeprefix('example: ')}") from error


def data_values(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a DataSpec that are set on the command line, by name."""
    return _set_values(places(DataSpec), options)


def model_values(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a ModelSpec that are set on the command line, by name."""
    return _set_values(places(ModelSpec), options)


def network_values(kind: type[Request], options: argparse.Namespace) -> dict[str, Any]:
    """The fields of the NetworkSpec of a type of request that are set on the command line, by name."""
    return _set_values(network_places(kind), options)


def kernel_values(kind: type[Request], options: argparse.Namespace) -> dict[str, Any]:
    """The fields of the KernelSpec of a type of request that are set on the command line, by name."""
    return _set_values(kernel_places(kind), options)


def _set_values(fields: Iterable[Place], options: argparse.Namespace) -> dict[str, Any]:
    values = {place.path[0]: getattr(options, _dest(place.option), None) for place in fields}
    return {name: value for name, value in values.items() if value is not None}


def _filled(kind: type, values: dict[tuple[str, ...], Any], parts: dict[str, Any]) -> Any:
    """A spec with values at their paths; nested specs are filled in the same way."""
    factories = {field.name: field.default_factory for field in dataclasses.fields(kind) if field.name not in parts}
    fields = dict(parts)
    for name, factory in factories.items():
        nested = {path[1:]: value for path, value in values.items() if path[0] == name}
        if () in nested:
            fields[name] = nested[()]
        elif nested and isinstance(factory, type):
            fields[name] = _filled(factory, nested, {})
    return kind(**fields)


def _dest(option: Option) -> str:
    return option.flag.replace("-", "_")


def argument_type(read: Callable[[str], T]) -> Callable[[str], T]:
    """A function that reads an option's text for argparse, which shows the message of the error that it raises."""

    def read_argument(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:  # argparse shows the message of ArgumentTypeError only
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_argument
