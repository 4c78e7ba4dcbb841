"""What one client can hold of the server is bounded: half-sent requests, bodies without an end, idle websockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from live import free_port, raw, run
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pages.server import connections
from pages.server.limits import Limits
from pages.server.sockets import Sockets
from pages.server.wall import Wall

SHORT = Limits(
    headers=0.5, pause=0.4, begin=1.0, rate=10_000, other_body=5000, silence=0.5, look=0.2, sockets_each=3, sockets=4
)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Reads the whole body and answers with its length; echoes what a websocket sends."""
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "bytes": message["bytes"]})
        return
    length, more = 0, True
    while more and scope["path"] != "/unread":
        message = await receive()
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": f"{length:4d}".encode()})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    connections.bound_headers(SHORT.headers)
    number = free_port()
    server = uvicorn.Server(
        uvicorn.Config(Wall(app, SHORT), port=number, ws="websockets-sansio", log_level="critical", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield number
    server.should_exit = True
    thread.join(10)
    connections.bound_headers(Limits().headers)


def until_closed(port: int, first: bytes, drip: bytes = b"", most: float = 6.0) -> tuple[float, bytes]:
    """Seconds until the server ends a connection on which a little comes every tenth of a second, and its answer."""
    began, got = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(0.1)
        connection.sendall(first)
        while time.monotonic() < began + most:
            with contextlib.suppress(TimeoutError):
                try:
                    if not (more := connection.recv(65536)):
                        return time.monotonic() - began, got
                    got += more
                except ConnectionError:
                    return time.monotonic() - began, got
            with contextlib.suppress(OSError):
                connection.sendall(drip)
    pytest.fail(f"still open after {most} s; got {got!r}")


HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (b"", b""),
        (b"GET / HT", b""),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"X-A: b\r\n"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HTTP/1.1\r\n", b"X-A: b\r\n"),
        (b"POST /unread HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4000\r\n\r\n", b"x"),
    ],
    ids=["nothing", "half a line", "endless headers", "the second request", "a body that nobody reads"],
)
def test_a_request_whose_head_never_ends_is_closed(port: int, first: bytes, drip: bytes) -> None:
    took, _ = until_closed(port, first, drip)
    assert took < 4.0


def test_a_body_that_comes_too_slowly_or_is_too_long_is_answered(port: int) -> None:
    took, got = until_closed(port, HEAD + b"Content-Length: 4000\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 408") and took < 3
    took, got = until_closed(port, HEAD + b"Content-Length: 4000\r\n\r\n", b"x")  # never silent, never done
    assert got.startswith(b"HTTP/1.1 408") and took < 4
    body = b"x" * 6000
    assert raw(port, HEAD + b"Content-Length: 6000\r\n\r\n" + body)[0] == 413
    assert raw(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n1770\r\n" + body + b"\r\n0\r\n\r\n")[0] == 413
    status, _, answer = raw(port, HEAD + b"Content-Length: 4000\r\n\r\n" + b"x" * 4000)
    assert (status, answer) == (200, b"4000")


def opened(port: int) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{port}/_stcore/stream", max_size=None)


def test_a_websocket_that_does_not_speak_the_protocol_is_closed(port: int) -> None:
    message = BackMsg(app_heartbeat=True).SerializeToString()
    with opened(port) as silent, opened(port) as other, opened(port) as ours:
        other.send(b"\xff\xff\xff")
        ours.send(message)
        began = time.monotonic()
        for closed in (silent, other):
            with pytest.raises(ConnectionClosed) as ended:
                closed.recv(timeout=5)
            assert ended.value.rcvd is not None and ended.value.rcvd.code == 1008
        assert time.monotonic() - began < 2
        time.sleep(0.8)  # an open page that has nothing to say stays
        ours.send(message)
        assert [ours.recv(timeout=5), ours.recv(timeout=5)] == [message, message]


def test_one_client_holds_a_bounded_number_of_websockets(port: int) -> None:
    message = BackMsg(app_heartbeat=True).SerializeToString()
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(opened(port)) for _ in range(SHORT.sockets_each)]
        for one in held:
            one.send(message)
            one.recv(timeout=5)
        with pytest.raises(InvalidStatus) as refused:
            opened(port)
        assert refused.value.response.status_code == 403
        held[0].close()
        time.sleep(0.2)
        with opened(port) as again:
            again.send(message)
            assert again.recv(timeout=5) == message


def test_visitors_behind_one_proxy_each_have_their_own_number_of_websockets():
    sockets, never = Sockets(SHORT), asyncio.Event
    scope = {"type": "websocket", "client": ("10.0.0.1", 1)}

    async def app(scope: object, receive: object, send: object) -> None:
        await asyncio.sleep(60)

    async def live() -> None:
        async def serve(ticket: str) -> None:
            await sockets.serve(app, scope, never().wait, None, ticket=ticket, may_stay=lambda: True)

        held = [asyncio.create_task(serve("a")) for _ in range(SHORT.sockets_each)]
        await asyncio.sleep(0.01)
        assert (sockets.full(scope, "a"), sockets.full(scope, "b"), sockets.full(scope, "")) == (True, False, False)
        held.append(asyncio.create_task(serve("b")))
        await asyncio.sleep(0.01)
        assert sockets.full(scope, "b")  # as many as there may be of all together
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        assert not sockets.full(scope, "a")

    run(live())
