"""Connections on which no whole request comes are closed: uvicorn itself waits for ever."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

_PROTOCOLS = (
    ("uvicorn.protocols.http.h11_impl", "H11Protocol"),
    ("uvicorn.protocols.http.httptools_impl", "HttpToolsProtocol"),
)
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_MARK = "_fil_seconds_for_headers"
_TIMER = "_fil_headers_due"


def bound_headers(seconds: float) -> None:
    """Give every connection that uvicorn accepts from now on that long for the head of each request.

    uvicorn has no option for it, and has chosen the class of its connections before it imports an app; so the two
    methods through which that class hears of a connection are extended. Other servers have a limit of their own.
    """
    for module, name in _PROTOCOLS:
        try:
            protocol = getattr(importlib.import_module(module), name)
        except ImportError:
            continue
        if not hasattr(protocol, _MARK):
            _extend(protocol)
        setattr(protocol, _MARK, seconds)


def _extend(protocol: Any) -> None:
    made, received = protocol.connection_made, protocol.data_received

    def connection_made(self: Any, transport: Any) -> None:
        made(self, transport)
        _watch(self)

    def data_received(self: Any, data: bytes) -> None:
        received(self, data)
        _end_unread_upgrade(self.transport)
        _watch(self)

    protocol.connection_made, protocol.data_received = connection_made, data_received


def _end_unread_upgrade(transport: Any) -> None:
    """Close a connection whose request for a websocket was handed on whole and could not be read.

    What reads it takes shorter lines than what handed it on, and would wait for ever without an answer.
    """
    if not getattr(transport.get_protocol(), "handshake_initiated", True) and not transport.is_closing():
        transport.write(_TOO_LONG)
        transport.close()


def _watch(connection: Any) -> None:
    """Start the clock where a request is awaited and none runs; stop it where a request has come."""
    timer = getattr(connection, _TIMER, None)
    if not _waits(connection):
        if timer is not None:
            timer.cancel()
            setattr(connection, _TIMER, None)
    elif timer is None:
        due = asyncio.get_running_loop().call_later(getattr(connection, _MARK), _give_up, connection)
        setattr(connection, _TIMER, due)


def _waits(connection: Any) -> bool:
    """Whether the rest of a request is awaited: none is being answered, and it has not become a websocket."""
    idle = connection.cycle is None or connection.cycle.response_complete
    return idle and connection.transport.get_protocol() is connection


def _give_up(connection: Any) -> None:
    setattr(connection, _TIMER, None)
    if _waits(connection) and not connection.transport.is_closing():
        connection.transport.abort()
