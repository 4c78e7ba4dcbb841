"""What stands between the network and the pages: who is answered at all, what every answer says, what the log holds."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import itertools
import json
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette import starlette_websocket

from fil_core import serving

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LOG = logging.getLogger("fil_explorer")
_NUMBERS = itertools.count(1)

# What a visitor may ask for before signing in: the empty page, and the connection over which it shows the sign-in.
_OPEN = ("/_stcore/health", "/_stcore/host-config", "/_stcore/stream")
_CLOSED = ("/_stcore/", "/media/", "/component/", "/app/static/")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")

_NOTHING_MORE = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb", "web-share")
_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _NOTHING_MORE),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


def settings() -> serving.Settings:
    """What this server was started with."""
    secrets = secrets_singleton.get("auth") if secrets_singleton.load_if_toml_exists() else None
    return serving.Settings(
        address=st.get_option("server.address"),
        hosts=tuple(st.get_option("server.allowedHosts")),
        others=os.environ.get(serving.OTHERS, ""),
        certificate=st.get_option("server.sslCertFile"),
        key=st.get_option("server.sslKeyFile"),
        auth=dict(secrets or {}),
        authlib=importlib.util.find_spec("authlib") is not None,
        xsrf=st.get_option("server.enableXsrfProtection"),
        cors=st.get_option("server.enableCORS"),
        agent_api=st.get_option("server.enableAgentApi"),
        details=str(st.get_option("client.showErrorDetails")),
        trusted_headers=tuple(st.get_option("server.trustedUserHeaders") or ()),
    )


def start() -> None:
    """End the process, with the reasons, if it would serve others without what that takes; else set up its log."""
    if lacking := serving.missing(settings()):
        first = (
            "FIL Explorer does not start: it shows private records, and set up like this it could show them to others."
        )
        sys.exit("\n".join([first, *(f"- {why}" for why in lacking), "See Safety in README.md."]))
    keep_values_out_of_the_log()


class Wall:
    """ASGI middleware around everything that the server answers: pages, files, uploads, the connection of a session."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._app = app
        self._page_policy = page_policy()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse to."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        current, begun = settings(), False

        async def sealed(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] in ("http.response.start", "websocket.accept")
            if message["type"] == "http.response.start":
                self._seal(MutableHeaders(raw=message.setdefault("headers", [])), scope["path"], current)
            await send(message)

        if why := refused(scope, current):
            await _refuse(scope, receive, sealed, 403, why)
            return
        try:
            await self._app(scope, receive, sealed)
        except Exception as error:
            if begun:
                raise
            _LOG.error(where(type(error), error.__traceback__))
            await _refuse(scope, receive, sealed, 500, "The server met an error; its log says where.")

    def _seal(self, headers: MutableHeaders, path: str, current: serving.Settings) -> None:
        headers.update(_EVERYWHERE)
        headers["Content-Security-Policy"] = _FILE_POLICY if "/media/" in path else self._page_policy
        # What Streamlit calls immutable is its own code, under names that change with it. All else may hold data.
        if "immutable" not in headers.get("Cache-Control", ""):
            headers["Cache-Control"] = "no-store"
        if current.others:  # encrypted, so that no cookie need ever travel otherwise
            cookies = [
                value if "secure" in value.lower() else f"{value}; Secure" for value in headers.getlist("Set-Cookie")
            ]
            del headers["Set-Cookie"]
            for cookie in cookies:
                headers.append("Set-Cookie", cookie)


def page_policy() -> str:
    """What the app's page may load: its own files, and what it makes itself.

    Styles are inline because Streamlit makes them as it draws; the script of an inline component, and a file that is
    handed over, are `blob:`; pictures are `data:`. Of inline scripts only those of Streamlit's own page run.
    """
    index = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = re.findall(r"<script>(.*?)</script>", index, flags=re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in inline)
    parts = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", "blob:", *(f"'sha256-{digest}'" for digest in hashes)]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "frame-src": "'none'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def refused(scope: Message, current: serving.Settings) -> str:
    """Why a request is not answered; empty if it is."""
    headers = Headers(scope=scope)
    if serving.missing(current):
        return "This server serves nobody, as it is set up; its log says why."
    if not starlette_websocket.is_host_allowed(headers.get("host")):
        return "This server does not answer to that name; see server.allowedHosts."
    if scope["type"] == "websocket" and not _same_origin(headers):
        return "This server does not answer pages from elsewhere."
    if serving.serves_others(current):
        return "Sign in first." if _closed(scope["path"]) and not signed_in(scope) else ""
    return _from_elsewhere(scope, headers)


def _from_elsewhere(scope: Message, headers: Headers) -> str:
    """Why a server for this machine alone does not answer, whatever its settings say of where it listens."""
    if not serving.of_this_machine((scope.get("server") or ("", None))[0]):
        return "This server serves its own machine only; see Safety in README.md."
    if any(name in headers for name in _FORWARDED):
        return f"This server was not set up to stand behind a proxy; see {serving.OTHERS} in README.md."
    return ""


def _same_origin(headers: Headers) -> bool:
    """Whether a connection comes from one of our own pages, or from a program, which names no origin."""
    origin = headers.get("origin")
    named = origin is None or urlsplit(origin).netloc == headers.get("host")
    return named or origin in st.get_option("server.corsAllowedOrigins")


def _closed(path: str) -> bool:
    """Whether a path holds, or takes, data. Below a base URL as well."""
    return any(part in path for part in _CLOSED) and not path.endswith(_OPEN)


def signed_in(scope: Message) -> bool:
    """Whether the request carries the signed cookie of somebody who may see the data."""
    cookies = HTTPConnection(scope).cookies
    # Streamlit's own reading of its own cookie: it checks the signature.
    found = starlette_websocket._get_signed_cookie_with_chunks(cookies, "_streamlit_user")
    try:
        user = json.loads(found) if found else {}
    except ValueError:
        return False
    return serving.admitted(user, os.environ.get(serving.USERS, ""))


async def _refuse(scope: Message, receive: Receive, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{why}\n".encode()})


def unforeseen(error: Exception) -> bool:
    """What a page shows when its code fails: a number to look up, none of its words: they may quote data."""
    number = next(_NUMBERS)
    _LOG.error("The %s above is number %d.", type(error).__name__, number)
    st.error(
        f"Something failed here that the software did not foresee (number {number} in the server's log). What is "
        "stored is safe; other pages and choices still work.",
        icon=":material/error:",
    )
    return True


def where(kind: type[BaseException] | None, trace: TracebackType | None) -> str:
    """The kind of an error and the lines of code that it went through, without its words, which may quote the data."""
    frames = (f'  File "{f.filename}", line {f.lineno}, in {f.name}' for f in traceback.extract_tb(trace))
    return "\n".join([kind.__name__ if kind else "no error", *frames])


def keep_values_out_of_the_log() -> None:
    """From now on no logger of this process writes an exception's words; `--logger.level debug` lets them through."""
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
