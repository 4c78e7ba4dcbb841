"""The open websockets: how many there are, whether they speak Streamlit's protocol, and whose they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it has none
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from pages.server.limits import Limits

_CLOSED = 1008  # a policy is violated


@dataclass(eq=False, slots=True)
class _Socket:
    holder: str
    ticket: str
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    spoke: bool = False


class Sockets:
    """All websockets of a server."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: set[_Socket] = set()

    def full(self, scope: Scope, ticket: str) -> bool:
        """Whether a visitor who has signed in (else a client address), or all together, have as many as they may."""
        holder = _holder(scope, ticket)
        same = sum(one.holder == holder for one in self._open)
        return same >= self._limits.sockets_each or len(self._open) >= self._limits.sockets

    def end(self, ticket: str) -> None:
        """Close those of a visitor who has signed out."""
        for one in self._open:
            if ticket and one.ticket == ticket:
                one.ended.set()

    async def serve(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, ticket: str, may_stay: Callable[[], bool]
    ) -> None:
        """Hand a websocket to the app, until it says nothing for too long or its visitor may not stay.

        Args:
            app: that answers.
            scope: of the connection.
            receive: its next message.
            send: a message to it.
            ticket: of the visitor, see `visitors.Visitor`.
            may_stay: whether what let the visitor in still holds.
        """
        socket = _Socket(_holder(scope, ticket), ticket)
        self._open.add(socket)
        ended = asyncio.ensure_future(socket.ended.wait())
        coming: asyncio.Task[Message] | None = None

        async def watched() -> Message:
            nonlocal coming
            while True:
                coming = coming or asyncio.ensure_future(_next(receive))
                wait = self._limits.look if socket.spoke else self._limits.silence
                waited: set[asyncio.Task[Any]] = {coming, ended}
                await asyncio.wait(waited, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
                message = None
                if coming.done():
                    message, coming = coming.result(), None
                    if message["type"] == "websocket.disconnect":
                        return message
                if socket.ended.is_set() or not may_stay() or (message is None and not socket.spoke):
                    break
                if message is not None:
                    if message["type"] == "websocket.receive" and not self._speaks(socket, message):
                        break
                    return message
            await send({"type": "websocket.close", "code": _CLOSED})
            return {"type": "websocket.disconnect", "code": _CLOSED}

        try:
            await app(scope, watched, send)
        finally:
            self._open.discard(socket)
            ended.cancel()
            if coming is not None:
                coming.cancel()

    def _speaks(self, socket: _Socket, message: Message) -> bool:
        """Whether a websocket has sent a message of Streamlit's protocol, by its first one."""
        if not socket.spoke:
            found = BackMsg()
            try:
                found.ParseFromString(message.get("bytes") or b"")
            except DecodeError:
                return False
            socket.spoke = found.WhichOneof("type") is not None
        return socket.spoke


async def _next(receive: Receive) -> Message:
    return await receive()


def _holder(scope: Scope, ticket: str) -> str:
    # Behind a proxy all visitors have one address.
    return ticket or str((scope.get("client") or ("",))[0])
