"""The server around the pages: what it refuses to start with, the headers of its answers, and what it leaves behind."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager
from streamlit.user_info import generate_login_redirect_url

from fil_core.data.own import register
from fil_core.data.own.uploads import kept_for_visitors, tidy
from fil_core.errors import where
from pages.server import connections, leftovers, listening, options, sign_in, sign_in_page
from pages.server.admission import Refusal, provider_asked_for, refusal
from pages.server.limits import BadBody, Limits, bounded
from pages.server.rules import HEADERS, PRIVATE_HEADERS, content_policy, holds_data, is_private, missing
from pages.server.settings import auth, base_path, settings
from pages.server.sockets import Sockets
from pages.server.turns import let_threads_finish
from pages.server.visitors import sign_out, visitor

__all__ = ["check", "lifespan", "middleware", "settings"]

_LOG = logging.getLogger("fil_explorer")
_LIMITS = Limits()
_MULTIPART = 2**20  # bytes around the content of an uploaded file


def check() -> None:
    """End the process, with what to do, where it could show private records to others without what that takes."""
    options.apply()
    told = settings()
    # `streamlit run` has opened its socket before it imports this: what counts is where that socket listens.
    bound = [one for one in listening.addresses(st.get_option("server.port")) if not is_private(one)]
    if todo := missing(replace(told, address=bound[0]) if bound else told, os.environ):
        place = (bound[0] if bound else told.address) or "all addresses"
        said = "".join(f"  - {what}\n" for what in todo)
        sys.stderr.write(f"FIL Explorer does not serve {place} like this:\n{said}")
        sys.exit(2)
    connections.bound_headers(_LIMITS.headers)
    _keep_values_out_of_the_log()


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Before the first visitor: where the pages come from, and no leftovers. After the last: the end of what runs."""
    # Streamlit learns only from the first visit that app.py names the pages, and would show that visitor, on a deep
    # link, a page without its frame for a moment. `frame.required` does where this attribute is not heard of any more.
    PagesManager.uses_pages_directory = False
    tidy()
    let_threads_finish()
    from pages.common import compute

    clearing = asyncio.create_task(leftovers.clear_away())
    with kept_for_visitors(register.uploads_of_entries):
        yield
    clearing.cancel()
    with suppress(asyncio.CancelledError):
        await clearing
    compute.close()


class Wall:
    """Around everything the server answers: who is answered at all, and what every answer says to the browser."""

    def __init__(self, app: ASGIApp, limits: Limits = _LIMITS) -> None:
        self._app = app
        self._limits = limits
        self._sockets = Sockets(limits)
        index = Path(st.__file__).parent / "static" / "index.html"
        self._policy = content_policy(index.read_text(encoding="utf-8"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse to."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, receive, send, self._policy)
        try:
            why = refusal(scope)
            if why is None and scope["type"] == "websocket" and self._sockets.full(scope, visitor(scope).ticket):
                why = Refusal(403, "Too many connections are open; close another tab.")
            if why is not None:
                await answer.refuse(why)
            elif scope["type"] == "websocket":
                await self._socket(scope, receive, answer.send)
            else:
                await self._request(scope, receive, answer)
        except BadBody as error:
            if answer.begun:
                raise
            await answer.refuse(Refusal(error.status, str(error)))
        except Exception as error:
            if answer.begun:
                raise
            _LOG.error(where(type(error), error.__traceback__))
            await answer.refuse(Refusal(500, "The server met an error; its log says where."))

    async def _request(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        if provider := provider_asked_for(scope["path"]):
            await answer.redirect(generate_login_redirect_url(provider))
            return
        if scope["path"] == f"{base_path()}/auth/logout" and (ticket := visitor(scope).ticket):
            sign_out(ticket)
            self._sockets.end(ticket)
        uploads = scope["path"].startswith(f"{base_path()}/_stcore/upload_file/")
        most = st.get_option("server.maxUploadSize") * 2**20 + _MULTIPART if uploads else self._limits.other_body
        await self._app(scope, bounded(receive, self._limits, most=most), answer.send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        def may_stay() -> bool:
            return refusal(scope) is None

        ticket = visitor(scope).ticket
        await self._sockets.serve(self._app, scope, receive, send, ticket=ticket, may_stay=may_stay)


class _Answer:
    """The answer to one request, with the headers that every answer has."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, policy: str) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._headers = HEADERS | (PRIVATE_HEADERS if holds_data(scope["path"]) else {})
        self._headers["Content-Security-Policy"] = policy
        self.begun = False

    async def send(self, message: Message) -> None:
        """Hand on what the app sends."""
        self.begun = self.begun or message["type"] in ("http.response.start", "websocket.accept")
        if message["type"] == "http.response.start":
            added = [(name.lower().encode(), value.encode()) for name, value in self._headers.items()]
            names = {name for name, _ in added}
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        await self._send(message)

    async def refuse(self, why: Refusal) -> None:
        """Say why there is no other answer; to a person with a page on which to sign in or out."""
        if self._scope["type"] == "websocket":
            await self._receive()
            await self.send({"type": "websocket.close", "code": 1008, "reason": why.why[:100]})
            return
        kind, body = "text/plain", f"{why.why}\n".encode()
        if why.page:
            base = base_path()
            signed_in = why.status == 403
            links = [(f"{base}/auth/logout", "Sign out")] if signed_in else []
            links = links or sign_in_page.sign_in_links(base, sign_in.providers(auth()))
            kind, body = "text/html", sign_in_page.page(why.why, links)
            self._headers["Content-Security-Policy"] = sign_in_page.POLICY
        headers = [(b"content-type", f"{kind}; charset=utf-8".encode()), (b"content-length", str(len(body)).encode())]
        if why.status in (408, 413):  # what comes of the request is not read any more
            headers.append((b"connection", b"close"))
        await self.send({"type": "http.response.start", "status": why.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def redirect(self, where: str) -> None:
        """Send the browser elsewhere."""
        headers = [(b"location", where.encode()), (b"content-length", b"0")]
        await self.send({"type": "http.response.start", "status": 303, "headers": headers})
        await self.send({"type": "http.response.body", "body": b""})


def middleware(limits: Limits = _LIMITS) -> list[Middleware]:
    """What every request goes through, websockets too."""
    return [Middleware(Wall, limits=limits)]


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
