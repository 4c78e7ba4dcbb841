"""The server around the pages: what it refuses to start with, the headers of its answers, and what it leaves behind."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.server.starlette import starlette_websocket

from fil_core.data.own.uploads import tidy
from fil_core.errors import where
from pages.server.rules import (
    FORWARDED,
    HEADERS,
    PRIVATE_HEADERS,
    Settings,
    allowed_user,
    content_policy,
    holds_data,
    missing,
    needs_sign_in,
    same_origin,
    serves_others,
)

_LOG = logging.getLogger("fil_explorer")


def settings() -> Settings:
    """What this server was started with."""
    option = st.get_option
    return Settings(
        address=option("server.address") or "",
        hosts=tuple(option("server.allowedHosts") or ()),
        certificate=bool(option("server.sslCertFile") and option("server.sslKeyFile")),
        xsrf=bool(option("server.enableXsrfProtection")),
        cors=bool(option("server.enableCORS")),
        trusted_headers=bool(option("server.trustedUserHeaders")),
        tracebacks=option("client.showErrorDetails") not in ("none", False),
        sign_in=_sign_in(),
    )


def _sign_in() -> bool:
    """Whether there is somebody to ask who a visitor is."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:  # no secrets at all
        return False


def check() -> None:
    """End the process, with what to do, where it could show private records to others without what that takes."""
    if todo := missing(settings(), os.environ):
        where = settings().address or "all addresses"
        sys.stderr.write(
            f"FIL Explorer does not serve {where} like this:\n" + "".join(f"  - {what}\n" for what in todo)
        )
        sys.exit(2)
    _keep_values_out_of_the_log()


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Before the first visitor: where the pages come from, and no leftovers. After the last: the end of what runs."""
    # Streamlit learns only from the first visit that app.py names the pages, and would show that visitor, on a deep
    # link, a page without its frame for a moment. `frame.required` does where this attribute is not heard of any more.
    PagesManager.uses_pages_directory = False
    tidy()
    yield
    from pages.common import compute

    compute.close()


class _Wall:
    """Around everything the server answers: who is answered at all, and what every answer says to the browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        index = Path(st.__file__).parent / "static" / "index.html"
        policy = content_policy(index.read_text(encoding="utf-8"))
        self._headers = HEADERS | {"Content-Security-Policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse to."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        wanted = self._headers | (PRIVATE_HEADERS if holds_data(scope["path"]) else {})
        added = [(name.lower().encode(), value.encode()) for name, value in wanted.items()]
        names = {name for name, _ in added}
        begun = False

        async def with_headers(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] in ("http.response.start", "websocket.accept")
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in names]
                message = {**message, "headers": [*kept, *added]}
            await send(message)

        if why := refused(scope):
            await _refuse(scope, receive, with_headers, 403, why)
            return
        try:
            await self._app(scope, receive, with_headers)
        except Exception as error:
            if begun:
                raise
            _LOG.error(where(type(error), error.__traceback__))
            await _refuse(scope, receive, with_headers, 500, "The server met an error; its log says where.")


def refused(scope: Scope) -> str:
    """Why a request is not answered; empty if it is."""
    headers = Headers(scope=scope)
    if scope["type"] == "websocket" and not same_origin(headers.get("origin"), headers.get("host")):
        return "This server does not answer pages from elsewhere."
    if not serves_others(settings(), os.environ):
        proxied = any(name in headers for name in FORWARDED)
        return "This server was not set up to stand behind a proxy; see Safety in README.md." if proxied else ""
    return "Sign in first." if needs_sign_in(scope["path"]) and not _signed_in(scope) else ""


def _signed_in(scope: Scope) -> bool:
    """Whether a request carries the signed cookie of somebody who may see the data."""
    # Streamlit's own reading of its own cookie: it checks the signature.
    found = starlette_websocket._get_signed_cookie_with_chunks(HTTPConnection(scope).cookies, "_streamlit_user")
    try:
        user = json.loads(found) if found else {}
    except ValueError:
        return False
    return bool(user.get("is_logged_in")) and allowed_user(
        str(user.get("email") or ""), os.environ, verified=user.get("email_verified")
    )


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{why}\n".encode()})


def middleware() -> list[Middleware]:
    """What every request goes through, websockets too: a name that is not this server's own is turned away."""
    hosts = settings().hosts
    trusted = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)] if hosts else []
    return [Middleware(_Wall), *trusted]


def _keep_values_out_of_the_log() -> None:
    """From now on no logger of this process writes an error's words; `--logger.level debug` lets them through."""
    if st.get_option("logger.level").lower() == "debug":
        return
    usual = logging.getLogRecordFactory()

    def record(*arguments: Any, **named: Any) -> logging.LogRecord:
        made = usual(*arguments, **named)
        if made.exc_info:
            made.exc_text = where(made.exc_info[0], made.exc_info[2])  # formatters take it as it is
        return made

    logging.setLogRecordFactory(record)
    # What ends a thread is printed by Python itself, words included.
    threading.excepthook = lambda ended: _LOG.error(where(ended.exc_type, ended.exc_traceback))
