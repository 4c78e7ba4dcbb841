"""The way from a stored result to the page that shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from fil_core import (
    ATTACKABLE,
    AttributeRequest,
    Dataset,
    DataSpec,
    ExampleRequest,
    FilError,
    FilRequest,
    IrfilRequest,
    ReconstructionRequest,
    ReleaseRequest,
    catalogue,
    categorical,
    continuous,
    registered,
    resolve,
    source_of,
)
from fil_core.analyses.fit.request import FitRequest
from fil_core.specs import Request
from pages.common import compute
from pages.common import sidebar as controls
from pages.views.mitigations import release

_GO = "runs-go"
_UNLINKED = ("intercept",)  # controls that no link carries
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
    """No page asks this; the text says why."""


def follow() -> None:
    """Go where the button pressed before this run leads; its callback has set what the page reads."""
    if there := st.session_state.pop(_GO, None):
        st.switch_page(there.page, query_params={name: _linked(there.values[name]) for name in there.linked})


def _linked(value: Any) -> str | list[str]:
    """A control's value as a link has it."""
    return [str(part) for part in value] if isinstance(value, list) else str(value)


def go(place: Place) -> None:
    """As a button's callback: the sidebar's and the page's own values, set before any of them is drawn."""
    for name, value in place.values.items():
        st.session_state[name] = value
    st.session_state[_GO] = place


def place(request: Request) -> Place:
    """The page that shows a result, and the values of the controls there.

    Raises:
        NoPage: no page asks exactly this.
    """
    page, own = _PLACES[type(request)](request)
    return Place(page, _sidebar(request) | own, tuple(name for name in own if name not in _UNLINKED))


def _sidebar(request: Request) -> Values:
    data, model = request.data, request.model
    try:
        default = source_of(data.name).default_preprocess
        values = {
            "data": _listed(data.name), "classes": list(data.classes), "subset": data.subset or 0,
            "pre": "default" if data.preprocess in (None, default) else data.preprocess, "pca": data.pca or 0,
        }  # fmt: skip
        shown = DataSpec(
            name=str(values["data"]), classes=data.classes, subset=data.subset, preprocess=data.preprocess, pca=data.pca
        )
        same = resolve(shown) == resolve(dataclasses.replace(data, data_dir=None))
    except FilError as error:
        raise NoPage(f"its data are not here any more: {error}") from error
    if not same:
        raise NoPage(f"the sidebar always draws rows with seed 0; this has seed {data.seed}.")
    how = model.weights.text if model.weights else controls.EQUAL
    return values | {
        "model": model.kind, "l2": model.penalty, "weights": how, "parameters": model.parameters or "", "scores": "",
        "device": "auto",
    }  # fmt: skip


def _listed(name: str) -> str:
    """The data set as the sidebar lists it."""
    listed = [*catalogue(), *(entry.name for entry in registered())]
    found = next((one for one in listed if one == name or resolve(DataSpec(name=one)).name == name), None)
    if found is None:
        raise NoPage(f"the sidebar does not list {name}.")
    return found


def _fil(request: FilRequest) -> tuple[str, Values]:
    if request.sigma != 1 or request.simplex or request.prior_std is not None:
        raise NoPage("pages show η at σ = 1, without a constraint, and with the data's own prior.")
    if len(request.attribute) > 1:
        raise NoPage("pages look at one attribute at a time.")
    if request.attribute:
        offered = controls.at_risk(_data(request))
        return "pages/leakage.py", {"attribute": _offered(request.attribute[0], offered)}
    return "pages/overview.py", {}


def _data(request: Request) -> Dataset:
    try:
        return compute.dataset(request.data)
    except FilError as error:
        raise NoPage(f"its data are not here any more: {error}") from error


def _offered(attribute: str, names: list[str]) -> str:
    """The attribute, if the page's own list has it."""
    if attribute not in names:
        raise NoPage(f"the page does not offer the attribute {attribute}.")
    return attribute


def _at_risk(request: IrfilRequest | ReleaseRequest, attribute: str) -> str:
    """What both views of the mitigations take as being at risk."""
    if not attribute:
        return release.EVERYTHING
    return _offered(attribute, categorical(_data(request)) if request.model.kind in ATTACKABLE else [])


def _attribute(request: AttributeRequest) -> tuple[str, Values]:
    if request.sigmas:
        raise NoPage("the page attacks under noises of its own choice.")
    data = _data(request)
    attacked = _offered(request.attribute, categorical(data) + continuous(data))
    bins = {"bins": request.bins} if request.bins else {}
    return "pages/attacks.py", bins | {
        "attack": "attribute inference", "attacked": attacked, "trials": request.trials,
        "noise-seed": request.seed, "attackers": list(request.attackers), "intercept": request.intercept,
    }  # fmt: skip


def _reconstruction(request: ReconstructionRequest) -> tuple[str, Values]:
    if request.sigmas or len(request.ids) > 1 or request.prior_std is not None:
        raise NoPage("the page attacks one example at a time, under noises of its own choice.")
    return "pages/attacks.py", {
        "attack": "reconstruction", "id": request.ids[0], "releases-drawn": request.trials, "noise-seed": request.seed,
    }  # fmt: skip


def _irfil(request: IrfilRequest) -> tuple[str, Values]:
    how = request.weights
    if len(how.attribute) > 1:
        raise NoPage("the page evens out one attribute at a time.")
    return "pages/mitigations.py", {
        "view": "reweighting (IRFIL)", "method": how.method, "rounds": how.iterations,
        "min-weight": how.min_weight or 0.0, "max-weight": how.max_weight or 0.0, "spread": how.spread,
        "at-risk": _at_risk(request, how.attribute[0] if how.attribute else ""),
    }  # fmt: skip


def _release(request: ReleaseRequest) -> tuple[str, Values]:
    if request.model.weights is not None or request.model.parameters is not None:
        raise NoPage("it is one of the mitigations beside a release with equal weights: open that one.")
    return "pages/mitigations.py", {"view": "side by side", "at-risk": _at_risk(request, request.attribute)}


_PLACES: dict[type, Callable[[Any], tuple[str, Values]]] = {
    FilRequest: _fil,
    AttributeRequest: _attribute,
    ReconstructionRequest: _reconstruction,
    IrfilRequest: _irfil,
    ReleaseRequest: _release,
    ExampleRequest: lambda request: ("pages/examples.py", {"id": request.id}),
    FitRequest: lambda request: ("pages/overview.py", {}),
}
