"""Whether a request is answered: where it arrived, what it calls this server, where it comes from and who sent it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace

from starlette.datastructures import Headers
from starlette.types import Scope

from pages.server import listening, sign_in
from pages.server.rules import (
    FORWARDED,
    SERVE,
    Settings,
    host_fits,
    missing,
    open_to_all,
    same_origin,
    serves_others,
)
from pages.server.settings import auth, base_path, settings
from pages.server.visitors import visitor

_LOG = logging.getLogger("fil_explorer")
_logged: set[str] = set()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered.

    Attributes:
        status: of the answer.
        why: in a sentence.
        page: whether a person asked for a page, and may sign in or out.
    """

    status: int
    why: str
    page: bool = False


def refusal(scope: Scope) -> Refusal | None:
    """Why a request is not answered; None if it is."""
    seen = _seen(scope)
    if todo := _lacking(scope, seen):
        return _not_set_up(todo)
    headers = Headers(scope=scope)
    if not host_fits(headers.get("host"), seen.hosts):
        return Refusal(400, "This server does not answer to that name; see server.allowedHosts.")
    if not same_origin(headers.get("origin"), headers.get("host")):
        return Refusal(403, "This server does not answer pages from elsewhere.")
    if serves_others(seen, os.environ):
        return _of_a_visitor(scope, headers)
    proxied = any(name in headers for name in FORWARDED)
    why = "This server was not set up to stand behind a proxy; see Safety in README.md."
    return Refusal(403, why) if proxied else None


def _lacking(scope: Scope, seen: Settings) -> list[str]:
    """What the server lacks to answer a connection at all, each as an instruction."""
    if listening.shared(scope):
        return ["Start it as one process, without further workers: visitors and jobs belong to one."]
    plain = scope.get("scheme") not in ("https", "wss")
    tls = serves_others(seen, os.environ) and os.environ.get(SERVE) == "tls" and plain
    what = f"{SERVE}=tls: expected connections by TLS; got one without. Give the server that listens its certificate."
    return missing(seen, os.environ) or ([what] if tls else [])


def _seen(scope: Scope) -> Settings:
    """The settings, with the address at which others really reach the server in place of the one it was told."""
    reached, told = listening.reached_by_others(scope), settings()
    return replace(told, address=reached) if reached else told


def _not_set_up(todo: list[str]) -> Refusal:
    said = "This server answers nobody like this:\n" + "\n".join(f"  - {what}" for what in todo)
    if said not in _logged:
        _logged.add(said)
        _LOG.error(said)
    return Refusal(403, said)


def provider_asked_for(path: str) -> str | None:
    """The provider whose sign-in a path of the sign-in page begins; None for any other path."""
    found = {f"{base_path()}/sign-in/{name}": name for name in sign_in.providers(auth())}
    return found.get(path)


def _of_a_visitor(scope: Scope, headers: Headers) -> Refusal | None:
    path = str(scope["path"]).removeprefix(base_path())
    if scope["type"] == "http" and (open_to_all(path) or provider_asked_for(str(scope["path"]))):
        return None
    who = visitor(scope)
    # A program could leave out where it comes from; Streamlit would give it a session that nobody has signed in to.
    here = scope["type"] == "http" or headers.get("origin") == who.origin
    if who.allowed and here:
        return None
    page = scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not path.startswith(("/_stcore/",))
    if who.signed_in and here:
        return Refusal(403, "You are signed in, but not among those who may see this.", page)
    return Refusal(401 if page else 403, "Sign in first.", page)
