"""Who asks: the signed cookie of somebody who has signed in, until it ends or they sign out."""

from __future__ import annotations

import hashlib
import json
import os
from collections import OrderedDict
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import Scope
from streamlit.web.server.starlette import starlette_websocket

from pages.server.rules import allowed_user

_COOKIE = "_streamlit_user"
_REMEMBERED = 10_000  # sign-outs; a cookie ends by itself after a month


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sent a request.

    Attributes:
        signed_in: whether a provider has said who it is.
        allowed: whether they are among those who may come in.
        origin: of the pages that they signed in from.
        ticket: digest of what the provider said, another one for each sign-in; empty without a sign-in.
    """

    signed_in: bool = False
    allowed: bool = False
    origin: str = ""
    ticket: str = ""


_NOBODY = Visitor()
_signed_out: OrderedDict[str, None] = OrderedDict()


def visitor(scope: Scope) -> Visitor:
    """Who sent a request, by its cookie; nobody where that is missing, forged, too old or signed out."""
    try:
        # Streamlit's own reading of its own cookie: it checks signature and age.
        found = starlette_websocket._get_signed_cookie_with_chunks(HTTPConnection(scope).cookies, _COOKIE)
        user = json.loads(found) if found else None
    except (ValueError, RecursionError):  # not text, not JSON
        return _NOBODY
    if not found or not isinstance(user, dict) or user.get("is_logged_in") is not True:
        return _NOBODY
    ticket = hashlib.sha256(found).hexdigest()  # of what is signed: the cookie's own text can be written in many ways
    if ticket in _signed_out:
        return _NOBODY
    allowed = allowed_user(str(user.get("email") or ""), os.environ, verified=user.get("email_verified"))
    return Visitor(True, allowed, str(user.get("origin") or ""), ticket)


def sign_out(ticket: str) -> None:
    """From now on a ticket is nobody's, wherever its cookie was copied to."""
    _signed_out[ticket] = None
    while len(_signed_out) > _REMEMBERED:
        _signed_out.popitem(last=False)
