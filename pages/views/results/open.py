"""From a stored result to the page that shows it: the values of the controls follow from the request."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from fil_core import (
    Dataset,
    DataSpec,
    FilError,
    Request,
    analysis_of,
    catalogue,
    categorical,
    continuous,
    registered,
    resolve,
    source_of,
)
from fil_core.analyses.guesses.request import GuessesRequest
from fil_core.specs import ModelRequest
from fil_core.specs.options import Place as Field
from fil_core.specs.options import places
from pages.common import compute, features, sidebar
from pages.common.site import PAGES, Shows, page_of
from pages.views.learn import toys
from pages.views.mitigations.release import EVERYTHING
from pages.views.shift.asked import SAME

_GO = "results-go"
_FROM_EQUAL_WEIGHTS = "pages/mitigations.py"  # the page that ignores the weights of the sidebar
_SEED = 0  # of networks that make features
_UNLINKED = ("ideal-intercept",)  # controls that no link carries
_EMPTY: dict[str, object] = {  # how controls express none
    "at-risk": EVERYTHING, "min-weight": 0.0, "max-weight": 0.0, "validation-size": 0, "truth": 0, "batch": 0,
    "release-noise": 0.0, "ood-data": SAME,
}  # fmt: skip
_WRITTEN = ("time", "keep", "rates", "values", "l2s", "strength")  # controls that take a text
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a result is shown.

    Attributes:
        page: path of the page.
        values: of the sidebar's and the page's controls.
        linked: names of the page's own controls that its link carries.
    """

    page: str
    values: Values
    linked: tuple[str, ...]


class NoPage(Exception):
    """No page shows this result; the message says why."""


def follow() -> None:
    """Switch to the page chosen by the button; its callback has set the controls."""
    if target := st.session_state.pop(_GO, None):
        st.switch_page(target.page, query_params={name: _linked(target.values[name]) for name in target.linked})


def _linked(value: Any) -> str | list[str]:
    """A control's value as a link has it."""
    return [str(part) for part in value] if isinstance(value, list) else str(value)


def go(place: Place) -> None:
    """A button's callback: set the controls of sidebar and page before they are drawn."""
    for name, value in place.values.items():
        st.session_state[name] = value
    st.session_state[_GO] = place


def query(place: Place) -> dict[str, str | list[str]]:
    """What a link to a place carries: the controls of sidebar and page that are not as a data set starts.

    Args:
        place: where a result is shown.
    """
    carried = {name: place.values[name] for name in (*sidebar.LINKED, *place.linked) if name in place.values}
    usual: dict[str, Any] = sidebar.UNTOUCHED | {"device": "auto"}
    return {name: _linked(value) for name, value in carried.items() if value not in (None, "", [], usual.get(name, ""))}


def address(place: Place) -> str:
    """A link to a place, relative to the page that has it, which opens it in a new visit.

    Args:
        place: where a result is shown.
    """
    redact = {"redact": "True"} if st.session_state.get("redact") else {}
    name = "./" if place.page == PAGES[0].path else Path(place.page).stem  # the first page has no other address
    return f"{name}?{urlencode(query(place) | redact, doseq=True)}"


def place(request: Request, *, offered: bool = True) -> Place:
    """The page that shows a result, and the values of the controls there.

    Args:
        request: whose result it is.
        offered: whether the data are read to see if the page offers the attributes of the request.

    Raises:
        NoPage: no page shows exactly this.
    """
    analysis = analysis_of(request)
    entry = page_of(analysis.name)
    if entry is None:
        raise NoPage(f"no page shows {analysis.name}; export its table or make a report.")
    page, shows = entry
    if page.path == _FROM_EQUAL_WEIGHTS and isinstance(request, ModelRequest) and request.model.weights is not None:
        raise NoPage(
            f"the page {page.title} compares with a model of equal weights; this one has {request.model.weights.text}."
        )
    own = dict(shows.values)
    for field in places(type(request)):
        if field.path[0] not in ("data", "model", "device") and field.path[-1] not in shows.chosen_there:
            own |= _control(field, shows, request)
    if isinstance(request, GuessesRequest):
        if (found := toys.controls_of(request)) is None:
            raise NoPage("the page Learn shows toys alone: points of one feature and a number, or of two and a class.")
        own |= found
    for name, options in _OFFERED.items():
        if name in own and offered:
            own[name] = _one_of(own[name], options(request))
    path = page.path if not own.get("attribute") else "pages/leakage.py"  # shows one attribute
    return Place(path, _sidebar(request) | own, tuple(name for name in own if name not in _UNLINKED))


def _control(field: Field, shows: Shows, request: Request) -> Values:
    """The control of a field, with its value; empty where the page has none and the value is the default.

    Raises:
        NoPage: a value that no control of the page can have.
    """
    value, name = field.value(request), field.path[-1]
    if not field.option.link or name in shows.at_default:
        if value != field.default:
            raise NoPage(f"pages use the default of {field.option.called} ({field.option.help}).")
        return {}
    if name in shows.one_of:
        if len(value) > 1:
            raise NoPage(f"the page shows one value of {field.option.called} at a time.")
        value = value[0] if value else None
    if field.option.link in _WRITTEN:
        return {field.option.link: field.option.kind.write(value)}
    if isinstance(value, tuple):
        value = list(value)
    if value in (None, "") and field.option.link not in _EMPTY:
        return {}
    return {field.option.link: _EMPTY[field.option.link] if value in (None, "") else value}


def _data(request: Request) -> Dataset:
    try:
        return compute.dataset(request.data)
    except FilError as error:
        raise NoPage(f"its data have been deleted: {error}") from error


def _one_of(value: str, offered: list[str]) -> str:
    """The value, if the page offers it."""
    if value not in offered:
        raise NoPage(f"the page does not offer the attribute {value}.")
    return value


def _attacked(request: Request) -> list[str]:
    return categorical(_data(request)) + continuous(_data(request))


def _at_risk(request: Request) -> list[str]:
    return [EVERYTHING, *(categorical(_data(request)) if request.at_risk else [])]


# What the lists of some controls hold depends on the data.
_OFFERED: dict[str, Callable[[Request], list[str]]] = {
    "attribute": lambda request: sidebar.at_risk(_data(request)),
    "attacked": _attacked,
    "at-risk": _at_risk,
}


def _sidebar(request: Request) -> Values:
    if not request.names_data:
        return {}
    data = request.data
    try:
        default = source_of(data.name).default_preprocess
        values: Values = {
            "data": _listed(data.name), "classes": list(data.classes), "subset": data.subset or 0,
            "label-noise": data.label_noise or 0.0, "pca": data.pca or 0,
            "vocabulary": data.vocabulary or 0, **_features(data),
            "pre": "default" if data.preprocess in (None, default) else data.preprocess,
        }  # fmt: skip
        shown = DataSpec(
            name=str(values["data"]), classes=data.classes, subset=data.subset, label_noise=data.label_noise,
            preprocess=data.preprocess, pca=data.pca, vocabulary=data.vocabulary, **_made(data),
        )  # fmt: skip
        same = resolve(shown) == resolve(dataclasses.replace(data, data_dir=None))
    except FilError as error:
        raise NoPage(f"its data have been deleted: {error}") from error
    if data.group_lines is not None or data.longest is not None:
        raise NoPage("the sidebar has no control for groups of lines or for the longest line of a text.")
    if data.extractor_seed != _SEED:
        raise NoPage(f"the sidebar always trains a network with seed {_SEED}; this one has {data.extractor_seed}.")
    if not same:
        raise NoPage(f"the sidebar always draws rows and label noise with seed 0; this result has seed {data.seed}.")
    values |= {"scores": "", "device": "auto"}
    if isinstance(request, ModelRequest):
        model = request.model
        weights = model.weights.text if model.weights else sidebar.EQUAL
        values |= {
            "model": model.kind, "l2": model.penalty, "weights": weights, "parameters": model.parameters or "",
            "intercept": next(name for name, value in sidebar.INTERCEPTS.items() if value is model.intercept),
        }  # fmt: skip
    return values


def _features(data: DataSpec) -> Values:
    """The controls of the features of pictures."""
    values = dict(features.UNTOUCHED) | {"extractor": data.extractor or ""}
    if data.features_from is not None:
        values |= {
            "features": data.features_from, "public": data.public_fraction, "extractor-steps": data.extractor_steps,
            "features-resize": data.features_resize or 0,
        }  # fmt: skip
    return values


def _made(data: DataSpec) -> dict[str, Any]:
    """The fields of a spec that say how features are made."""
    names = (
        "features_from", "extractor", "public_fraction", "extractor_steps", "extractor_seed", "features_resize",
    )  # fmt: skip
    return {name: getattr(data, name) for name in names}


def _listed(name: str) -> str:
    """The data set as the sidebar lists it."""
    if sidebar.is_points(name):
        return name
    listed = [*catalogue(), *(entry.name for entry in registered())]
    name_listed = next((one for one in listed if one == name or resolve(DataSpec(name=one)).name == name), None)
    if name_listed is None:
        raise NoPage(f"the sidebar does not list {name}.")
    return name_listed
