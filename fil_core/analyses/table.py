"""The table of analyses. A new one is a folder beside this file and a line here."""

from __future__ import annotations

import hashlib
import json
from importlib import import_module
from typing import Any

from fil_core.analyses.analysis import Analysis
from fil_core.errors import BadRequest
from fil_core.specs import Request, canonical
from fil_core.specs.request import spec_of

_FOLDERS = (
    "fil",
    "fil_rows",
    "attribute",
    "reconstruction",
    "irfil",
    "release",
    "mitigate",
    "neighbours",
    "failure",
    "example",
    "fit",
    "features",
    "network",
    "unique_information",
    "retraining",
    "ground_truth",
    "summarise",
    "influence",
    "leave_one_out",
    "network_influence",
    "ladder",
    "network_ladder",
    "outliers",
    "network_outliers",
    "canaries",
    "lood",
    "lood_groups",
    "lood_query",
    "lood_moves",
    "lood_landscape",
    "architectures",
    "ensemble",
    "network_ensemble",
    "mia",
    "network_mia",
    "signals_mia",
    "mia_against",
    "audit",
    "network_audit",
    "audits",
    "eta_parts",
    "pixel_fit",
    "pullback",
    "pullback_example",
    "guesses",
    "ood",
    "measures",
    "overfit",
    "study",
)
ANALYSES: tuple[Analysis, ...] = tuple(import_module(f"fil_core.analyses.{name}").ANALYSIS for name in _FOLDERS)
ENTRIES: dict[type[Request], Analysis] = {analysis.request: analysis for analysis in ANALYSES}
_BY_NAME: dict[str, Analysis] = {analysis.name: analysis for analysis in ANALYSES}
REQUESTS: dict[str, type[Request]] = {analysis.request.__name__: analysis.request for analysis in ANALYSES}


def analysis_of(request: Request) -> Analysis:
    """The entry of a request.

    Raises:
        BadRequest: a request of a type that is not in the table.
    """
    found = ENTRIES.get(type(request))
    if found is None:
        raise BadRequest(f"request: expected one of {', '.join(REQUESTS)}; got a {type(request).__name__}.")
    return found


def analysis_named(name: str) -> Analysis | None:
    """The entry of that name; None for a name that this version does not have."""
    return _BY_NAME.get(name)


def request_of(values: dict[str, Any]) -> Request:
    """The request behind plain values, as `canonical` and `plain` make them.

    Raises:
        BadRequest: the values describe none, perhaps because another version of this software wrote them.
    """
    try:
        found = spec_of(values, REQUESTS)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadRequest(f"request: expected the fields of a request; got {values!r:.200} ({error}).") from error
    if not isinstance(found, Request):
        raise BadRequest(f"request: expected a request; got a {type(found).__name__}.")
    return found


def key(request: Request, fingerprint: str) -> str:
    """Name of a result in the store: sha-256 of the request, the data's content and the version, as hex.

    Args:
        request: with its data resolved.
        fingerprint: of the data set's content.

    Raises:
        BadRequest: a request of a type that is not in the table.
    """
    identity = [canonical(request), fingerprint, analysis_of(request).version]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
