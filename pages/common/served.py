"""The server around the pages: what it refuses to start with, the headers of its answers, and what it leaves behind."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fil_core.serving import HEADERS, PRIVATE_HEADERS, Settings, content_policy, holds_data, missing


def settings() -> Settings:
    """What this server was started with."""
    option = st.get_option
    return Settings(
        address=option("server.address") or "",
        hosts=tuple(option("server.allowedHosts") or ()),
        certificate=bool(option("server.sslCertFile") and option("server.sslKeyFile")),
        xsrf=bool(option("server.enableXsrfProtection")),
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
    """End the process, with what to do, where it would serve others without what that takes."""
    if todo := missing(settings(), os.environ):
        where = settings().address or "all addresses"
        sys.stderr.write(
            f"FIL Explorer does not serve {where} like this:\n" + "".join(f"  - {what}\n" for what in todo)
        )
        sys.exit(2)


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Ends the jobs with the server."""
    yield
    from pages.common import compute

    compute.close()


class _Headers:
    """Adds to every answer what `fil_core.serving` says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        index = Path(st.__file__).parent / "static" / "index.html"
        self._headers = HEADERS | {"Content-Security-Policy": content_policy(index.read_text(encoding="utf-8"))}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = self._headers | (PRIVATE_HEADERS if holds_data(scope["path"]) else {})
        added = [(name.lower().encode(), value.encode()) for name, value in wanted.items()]
        names = {name for name, _ in added}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in names]
                message = {**message, "headers": [*kept, *added]}
            await send(message)

        await self._app(scope, receive, with_headers)


def middleware() -> list[Middleware]:
    """What every request goes through, websockets too: a name that is not this server's own is turned away."""
    hosts = settings().hosts
    trusted = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)] if hosts else []
    return [Middleware(_Headers), *trusted]
