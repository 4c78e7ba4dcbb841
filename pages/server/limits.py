"""How long the server waits for a request, and how many connections it holds."""

from __future__ import annotations

import time
from asyncio import wait_for
from dataclasses import dataclass

from starlette.types import Message, Receive


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what one client can hold.

    Attributes:
        headers: seconds for the first line and the headers of a request.
        pause: seconds between two parts of a body.
        begin, rate: a body may take `begin` seconds, and one more for every `rate` bytes that have come.
        other_body: bytes of a body that is no upload.
        silence: seconds in which a new websocket must send its first message of Streamlit's protocol.
        look: seconds between two looks at whether the visitor of a websocket is still signed in.
        sockets_each, sockets: websockets of one visitor who has signed in, else of one client address; and of all.
    """

    headers: float = 20.0
    pause: float = 30.0
    begin: float = 60.0
    rate: float = 16 * 1024
    other_body: int = 2**20
    silence: float = 30.0
    look: float = 30.0
    sockets_each: int = 64
    sockets: int = 256


class BadBody(Exception):
    """A body that comes too slowly (status 408) or is too long (413)."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def bounded(receive: Receive, limits: Limits, *, most: int) -> Receive:
    """A request's `receive` that gives up on a body which comes too slowly or is longer than `most` bytes.

    Raises:
        BadBody: by the returned function.
    """
    began, got, whole = time.monotonic(), 0, False

    async def parts() -> Message:
        nonlocal got, whole
        if whole:  # what follows is the end of the connection, for which one may wait as long as the answer takes
            return await receive()
        left = began + limits.begin + got / limits.rate - time.monotonic()
        try:
            message = await wait_for(receive(), max(0.0, min(limits.pause, left)))
        except TimeoutError:
            raise BadBody(408, "The rest of the request did not come in time.") from None
        got += len(message.get("body", b""))
        if got > most:
            raise BadBody(413, f"The request is too long: expected at most {most:,} bytes.")
        whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return parts
