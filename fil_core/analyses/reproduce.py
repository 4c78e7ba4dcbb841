"""How to get a result again: the command line that asks the same."""

from __future__ import annotations

from typing import Any

from fil_core.analyses.table import analysis_of
from fil_core.data.own import register
from fil_core.data.own.choices import write_missing_texts
from fil_core.dataset import Dataset
from fil_core.display import redaction
from fil_core.errors import DataUnavailable
from fil_core.specs import ModelRequest, Request
from fil_core.specs.options import Place, is_switch, places
from fil_core.specs.targets import parts_of
from fil_core.specs.texts import typed, write_names

_EQUAL_ONLY = (("model", "weights"), ("model", "parameters"))


def command(request: Request, dataset: Dataset | None = None, *, redact: bool = False) -> str:
    """The command line that gives the same result.

    Args:
        request: where and with which data folder it was computed is not part of it.
        dataset: its examples, which it names as their source does; None where they are not there any more.
        redact: name them by their numbers, and no class or level of own data.

    Returns:
        One line. Files that were uploaded are named by their content, under which this machine's store holds them.

    Raises:
        BadRequest: a request of a type that is not in the table.
    """
    analysis = analysis_of(request)
    data, reading = _source(request.data.name)
    if redact and "missing-texts" in reading:
        reading["missing-texts"] = redaction.MASK
    fields = list(places(type(request)))
    if "target" in reading and any(place.option.flag == "target" for place in fields):
        reading["target-column"] = reading.pop("target")  # the command has a target of its own
    found: dict[str, str | None] = {"data": data, **reading} if request.names_data else {}
    for place in fields:
        if place.path != ("data", "name") and place.option.identity and _written(place, request):
            value = place.value(request)
            if place.option.kind.examples:
                value = _names(value, dataset, redact)
            if redact and request.data.name.startswith(register.PREFIX):
                value = _masked(place, value)
            if is_switch(place):
                found[place.option.flag if value else f"no-{place.option.flag}"] = None
            else:
                found[place.option.flag] = place.option.kind.write(value)
    given = " ".join(typed(name, value) for name, value in found.items())
    out = f" --out {analysis.name.replace(' ', '-')}.csv" if analysis.columns else ""
    return f"python -m fil_core {analysis.command} {given}{out}"


def _masked(place: Place, value: Any) -> Any:
    """The value of an option without names of classes or levels."""
    if place.path[-1] == "classes":
        return (redaction.MASK,) * len(value)
    if place.path[-1] == "target" and parts_of(value)[0] == "class":
        return f"class:{redaction.MASK}"
    if place.option.kind.attributes:
        return redaction.feature(value) if isinstance(value, str) else tuple(map(redaction.feature, value))
    return value


def _names(ids: int | tuple[int, ...], dataset: Dataset | None, redact: bool) -> str | tuple[str, ...]:
    """What the command line calls examples."""
    if isinstance(ids, tuple):
        return tuple(str(_names(id, dataset, redact)) for id in ids)
    return str(ids) if dataset is None else dataset.written(ids, named=not redact)


def _written(place: Place, request: Request) -> bool:
    """Whether an option must be named: it does not have its usual value, or it is one that a reader looks for."""
    if isinstance(request, ModelRequest) and request.starts_equally and place.path in _EQUAL_ONLY:
        return False
    if len(place.path) > 1 and not request.has_part(place.path[0]):
        return False
    value = place.value(request)
    if place.option.follows:
        return bool(value != request.data.seed)
    return value is not None and (place.option.always or value != place.default)


def _source(name: str) -> tuple[str, dict[str, str]]:
    """What --data is given, and how it is read: own data come from their file, wherever that lies."""
    if not name.startswith(register.PREFIX):
        return name, {}
    try:
        entry = register.find(name)
    except DataUnavailable:  # deleted since; the name says at least which they were
        return name, {}
    chosen = entry.choices
    options: dict[str, Any] = {
        "target": chosen.target,
        "sensitive": write_names(chosen.sensitive),
        "id": chosen.id,
        "leave-out": write_names(chosen.left_out),
        "categorical": write_names(chosen.categorical),
        "missing": "" if chosen.missing == "refuse" else chosen.missing,
        "missing-texts": "" if chosen.missing_texts is None else write_missing_texts(chosen.missing_texts),
        "decimal": "" if chosen.decimal == "." else chosen.decimal,
        "thousands": chosen.thousands,
        "dates": "" if chosen.dates == "refuse" else chosen.dates,
        "task": "" if chosen.task == "auto" else chosen.task,
        "test-fraction": "" if chosen.test_fraction is None else repr(chosen.test_fraction),
        "image-size": "x".join(map(str, chosen.image_size)) if chosen.image_size else "",
    }
    return f"./{entry.title}", {option: value for option, value in options.items() if value}
